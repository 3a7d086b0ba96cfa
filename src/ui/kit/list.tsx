/** A list of any length: searched, filtered and sorted by its address, loaded as it is scrolled, and only drawn in sight. */

import { Box, Button, Group, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { EmptyState, ErrorState } from './feedback';
import { number } from './format';
import { kitTexts } from './kit.texts';
import { ListBar } from './list-bar';
import { HeaderRow, isActions, ListRow, type RowLook } from './list-row';
import { useCan } from './session';
import { useT } from './texts';
import { type Params, useParamsOfUrl } from './url';

export interface Column<Row> {
  id: string;
  titulo: string;
  render(row: Row): ReactNode;
  /** For the export; without it the column is not exported. */
  texto?(row: Row): string;
  /** What the server sorts by. */
  ordem?: string;
  /** Of the CSS grid. */
  largura?: string;
  /** Right-aligned, with figures below each other. */
  numero?: boolean;
  /** Not shown until it is chosen. */
  oculta?: boolean;
  /** Who lacks it has no such column. */
  permissao?: string;
}

export interface Filter {
  campo: string;
  rotulo: string;
  opcoes: readonly { value: string; label: string }[];
}

export interface BulkAction<Row> {
  rotulo: string;
  permissao?: string;
  /** Shows what is asked before; it is given the rows and how to end. */
  open(rows: readonly Row[], done: () => void): ReactNode;
}

export interface PageOfRows<Row> {
  itens: Row[];
  proximo_cursor: string | null;
}

export interface ListProps<Row extends { id: string }> {
  /** The module, which is also the first part of the query's key. */
  nome: string;
  titulo: string;
  descricao?: string;
  columns: readonly Column<NoInfer<Row>>[];
  filters?: readonly Filter[];
  /** Filters that may stand in the address without a control of their own, with the words for them. */
  chips?: Params;
  fetch(query: Record<string, string>): Promise<PageOfRows<Row>>;
  link?(row: NoInfer<Row>): string;
  /** Buttons above the list. */
  actions?: ReactNode;
  bulk?: readonly BulkAction<NoInfer<Row>>[];
  empty: { titulo: string; texto: string; acao?: ReactNode };
  semBusca?: boolean;
  /** Filters that always hold. */
  fixed?: Params;
  /** As a part of another page: no heading, and its state is not in the address. */
  embedded?: boolean;
}

const pageSize = '100';
const rowHeight = 44;
const phoneRowHeight = 64;
/** With a line for what can be done with it. */
const phoneRowHeightWithActions = 100;
/** Rows before the end at which the next page is asked for. */
const aheadRows = 20;

export function List<Row extends { id: string }>(props: ListProps<Row>) {
  const { nome, filters = [], fetch, link, empty, embedded = false, fixed = {} } = props;
  const t = useT(kitTexts);
  const can = useCan();
  const allowed = ({ permissao }: { permissao?: string }): boolean => !permissao || can(permissao);
  const columns = props.columns.filter(allowed);
  const bulk = props.bulk?.filter(allowed) ?? [];
  const navigate = useNavigate();
  const phone = useMediaQuery('(max-width: 48em)', window.matchMedia('(max-width: 48em)').matches);
  const [inUrl, changeUrl] = useParamsOfUrl();
  const [own, setOwn] = useState<Params>({});
  const params = embedded ? own : inUrl;
  const change = embedded ? (changes: Params) => setOwn((before) => ({ ...before, ...changes })) : changeUrl;
  const columnsKey = `narcidi-colunas-${nome}${embedded ? '-embutida' : ''}`;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(() => loadHidden(columnsKey, columns));
  const [selected, setSelected] = useState<ReadonlyMap<string, Row>>(new Map());
  const [bulkOpen, setBulkOpen] = useState<ReactNode>(null);

  const known = new Set(['busca', 'ordem', ...filters.map(({ campo }) => campo), ...Object.keys(props.chips ?? {})]);
  const asked = Object.fromEntries(Object.entries(params).filter(([name]) => known.has(name)));
  const query = useInfiniteQuery({
    queryKey: [nome, 'lista', { ...asked, ...fixed }],
    queryFn: ({ pageParam }) =>
      fetch({ ...asked, ...fixed, limite: pageSize, ...(pageParam ? { cursor: pageParam } : {}) }),
    initialPageParam: '',
    getNextPageParam: (last) => last.proximo_cursor ?? undefined,
  });
  const rows = query.data?.pages.flatMap(({ itens }) => itens) ?? [];
  const shown = columns.filter(({ id }) => !hidden.has(id));
  const filtered = Object.keys(asked).some((name) => name !== 'ordem');

  const top = useRef<HTMLDivElement>(null);
  const [offset, setOffset] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what stands above moves the list when it changes
  useEffect(() => setOffset(top.current?.offsetTop ?? 0), [filtered, selected.size === 0, query.isSuccess]);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => (!phone ? rowHeight : shown.some(isActions) ? phoneRowHeightWithActions : phoneRowHeight),
    overscan: 12,
    scrollMargin: offset,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  const inSight = virtual.getVirtualItems();
  const lastInSight = inSight.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && lastInSight >= rows.length - aheadRows) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage, lastInSight, rows.length]);

  const look: RowLook<Row> = {
    columns: shown,
    grid: [bulk.length > 0 ? '36px' : '', ...shown.map(({ largura }) => largura ?? 'minmax(120px, 1fr)')].join(' '),
    phone: phone ?? false,
    selectable: bulk.length > 0,
  };
  // Of what is selected when it is called: rows that are not drawn anew keep an older one.
  const toggle = (row: Row): void =>
    setSelected((before) => {
      const next = new Map(before);
      if (!next.delete(row.id)) next.set(row.id, row);
      return next;
    });

  return (
    <Stack gap="sm">
      {!embedded && (
        <Group justify="space-between" align="flex-end">
          <div>
            <Title order={1} size="h3">
              {props.titulo}
            </Title>
            {props.descricao && (
              <Text c="dimmed" size="sm">
                {props.descricao}
              </Text>
            )}
          </div>
          <Group gap="xs">{props.actions}</Group>
        </Group>
      )}
      <ListBar
        {...props}
        columns={columns}
        filters={filters}
        params={params}
        change={change}
        hidden={hidden}
        setHidden={(next) => {
          setHidden(next);
          localStorage.setItem(columnsKey, JSON.stringify([...next]));
        }}
        asked={{ ...asked, ...fixed }}
        shown={shown}
      />
      {selected.size > 0 && (
        <Paper withBorder p="xs" pos="sticky" top={64} style={{ zIndex: 3 }}>
          <Group gap="xs">
            <Text size="sm" fw={500}>
              {t('selecionados', { n: selected.size })}
            </Text>
            <Button size="xs" variant="subtle" onClick={() => setSelected(new Map(rows.map((row) => [row.id, row])))}>
              {t('selecionar_todos')}
            </Button>
            <Button size="xs" variant="subtle" onClick={() => setSelected(new Map())}>
              {t('limpar')}
            </Button>
            {bulk.map(({ rotulo, open }) => (
              <Button
                key={rotulo}
                size="xs"
                variant="default"
                onClick={() =>
                  setBulkOpen(
                    open([...selected.values()], () => {
                      setBulkOpen(null);
                      setSelected(new Map());
                    }),
                  )
                }
              >
                {rotulo}
              </Button>
            ))}
          </Group>
        </Paper>
      )}
      {bulkOpen}
      {query.isError && rows.length === 0 && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && rows.length === 0 && (
        <EmptyState
          title={filtered ? t('sem_resultados') : empty.titulo}
          text={filtered ? '' : empty.texto}
          action={
            filtered ? (
              <Button
                variant="default"
                onClick={() => change(Object.fromEntries(Object.keys(asked).map((name) => [name, ''])))}
              >
                {t('limpar_filtros')}
              </Button>
            ) : (
              empty.acao
            )
          }
        />
      )}
      {(query.isPending || rows.length > 0) && (
        <Paper withBorder className="lista" role="table" aria-rowcount={rows.length + 1} aria-label={props.titulo}>
          {!look.phone && <HeaderRow look={look} ordem={params.ordem ?? ''} sort={(ordem) => change({ ordem })} />}
          <Box
            ref={top}
            pos="relative"
            style={query.isPending ? {} : { height: virtual.getTotalSize() }}
            role="rowgroup"
          >
            {query.isPending && <Waiting phone={look.phone} />}
            {inSight.map(({ index, key, start }) => {
              const row = rows[index];
              if (!row) return null;
              return (
                <ListRow
                  key={String(key)}
                  row={row}
                  index={index}
                  top={start - virtual.options.scrollMargin}
                  look={look}
                  href={link?.(row)}
                  open={(href) => void navigate({ to: href })}
                  selected={selected.has(row.id)}
                  toggle={toggle}
                />
              );
            })}
          </Box>
        </Paper>
      )}
      {rows.length > 0 && (
        <Text size="xs" c="dimmed" aria-live="polite">
          {isFetchingNextPage
            ? t('carregando_mais')
            : rows.length === 1
              ? t('carregado')
              : t('carregados', { n: `${number(rows.length)}${hasNextPage ? '+' : ''}` })}
        </Text>
      )}
    </Stack>
  );
}

function Waiting({ phone }: { phone: boolean }) {
  return (
    <Stack gap={1} p="xs" aria-busy>
      {Array.from({ length: 8 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
        <Skeleton key={index} height={phone ? 48 : 30} my={4} />
      ))}
    </Stack>
  );
}

function loadHidden<Row>(key: string, columns: readonly Column<Row>[]): ReadonlySet<string> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    if (Array.isArray(kept)) return new Set(kept.map(String));
  } catch {
    // What is kept there is a convenience: unreadable, it is as if it were not.
  }
  return new Set(columns.filter(({ oculta }) => oculta).map(({ id }) => id));
}
