/** Search, filters, columns, saved views and export of a list. */

import { Button, Checkbox, CloseButton, Group, Menu, Pill, Select, Stack, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconBookmark, IconColumns, IconDownload, IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { saveFile } from './api';
import { failed } from './feedback';
import { kitTexts } from './kit.texts';
import type { Column, Filter, PageOfRows } from './list';
import { useT } from './texts';
import type { Params } from './url';
import { deleteView, loadViews, saveView } from './views';

interface BarProps<Row> {
  nome: string;
  columns: readonly Column<Row>[];
  shown: readonly Column<Row>[];
  filters: readonly Filter[];
  chips?: Params;
  params: Params;
  asked: Params;
  change(changes: Params): void;
  hidden: ReadonlySet<string>;
  setHidden(next: ReadonlySet<string>): void;
  fetch(query: Record<string, string>): Promise<PageOfRows<Row>>;
  semBusca?: boolean;
  embedded?: boolean;
}

const exportRowsMax = 100_000;

export function ListBar<Row>(props: BarProps<Row>) {
  const { nome, columns, shown, filters, chips = {}, params, asked, change, hidden, setHidden, fetch } = props;
  const t = useT(kitTexts);
  const [exporting, setExporting] = useState(false);
  const active = Object.entries(chips).filter(([campo]) => params[campo] !== undefined);

  async function exportAll(): Promise<void> {
    setExporting(true);
    try {
      saveFile(await toCsv(shown, asked, fetch), `${nome}.csv`);
    } catch (error) {
      failed(error);
    } finally {
      setExporting(false);
    }
  }

  return (
    <Stack gap="xs">
      <Group gap="xs">
        {!props.semBusca && <Search value={params.busca ?? ''} change={(busca) => change({ busca })} />}
        {filters.map(({ campo, rotulo, opcoes }) => (
          <Select
            key={campo}
            size="sm"
            w={160}
            aria-label={rotulo}
            placeholder={rotulo}
            data={opcoes.map((opcao) => ({ ...opcao }))}
            value={params[campo] ?? null}
            onChange={(value) => change({ [campo]: value ?? '' })}
            clearable
            clearButtonProps={{ 'aria-label': `${t('limpar')}: ${rotulo}` }}
          />
        ))}
        <Group gap="xs" ml="auto" visibleFrom="sm">
          {!props.embedded && <Views nome={nome} params={params} change={change} />}
          <Menu closeOnItemClick={false} withinPortal>
            <Menu.Target>
              <Button variant="default" size="sm" leftSection={<IconColumns size={16} aria-hidden />}>
                {t('colunas')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {columns.slice(1).map(({ id, titulo }) => (
                <Menu.Item key={id} component="div">
                  <Checkbox
                    size="xs"
                    label={titulo}
                    checked={!hidden.has(id)}
                    onChange={() => {
                      const next = new Set(hidden);
                      if (!next.delete(id)) next.add(id);
                      setHidden(next);
                    }}
                  />
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          <Button
            variant="default"
            size="sm"
            loading={exporting}
            onClick={() => void exportAll()}
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            {t('exportar')}
          </Button>
        </Group>
      </Group>
      {active.length > 0 && (
        <Group gap="xs">
          {active.map(([campo, rotulo]) => (
            <Pill
              key={campo}
              size="md"
              withRemoveButton
              onRemove={() => change({ [campo]: '' })}
              removeButtonProps={{ 'aria-label': `${t('limpar')}: ${rotulo}` }}
            >
              {rotulo}
            </Pill>
          ))}
        </Group>
      )}
    </Stack>
  );
}

function Search({ value, change }: { value: string; change(value: string): void }) {
  const t = useT(kitTexts);
  const [typed, setTyped] = useState(value);
  const apply = useDebouncedCallback(change, 250);
  // Another address, as by the back button, brings another search.
  useEffect(() => setTyped(value), [value]);
  return (
    <TextInput
      type="search"
      size="sm"
      w={{ base: '100%', xs: 240 }}
      aria-label={t('busca')}
      placeholder={t('busca')}
      leftSection={<IconSearch size={16} aria-hidden />}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        apply(event.currentTarget.value);
      }}
    />
  );
}

/** Addresses of this list that somebody wanted to come back to. */
function Views({ nome, params, change }: { nome: string; params: Params; change(changes: Params): void }) {
  const t = useT(kitTexts);
  const [views, setViews] = useState(() => loadViews(nome));
  const [typed, setTyped] = useState('');
  return (
    <Menu withinPortal>
      <Menu.Target>
        <Button variant="default" size="sm" leftSection={<IconBookmark size={16} aria-hidden />}>
          {t('visoes')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {views.map((view) => (
          <Group key={view.nome} gap={4} wrap="nowrap">
            <Menu.Item
              style={{ flex: 1 }}
              onClick={() =>
                change({ ...Object.fromEntries(Object.keys(params).map((name) => [name, ''])), ...view.params })
              }
            >
              {view.nome}
            </Menu.Item>
            <CloseButton
              size="sm"
              aria-label={`${t('excluir')}: ${view.nome}`}
              onClick={() => setViews(deleteView(nome, view.nome))}
            />
          </Group>
        ))}
        {views.length > 0 && <Menu.Divider />}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (typed.trim() === '') return;
            setViews(saveView(nome, { nome: typed.trim(), params }));
            setTyped('');
          }}
        >
          <Group gap={4} p={4} wrap="nowrap">
            <TextInput
              size="xs"
              aria-label={t('nome_visao')}
              placeholder={t('nome_visao')}
              value={typed}
              maxLength={60}
              onChange={(event) => setTyped(event.currentTarget.value)}
              onKeyDown={(event) => event.stopPropagation()}
            />
            <Button size="xs" type="submit" variant="light">
              {t('salvar')}
            </Button>
          </Group>
        </form>
      </Menu.Dropdown>
    </Menu>
  );
}

/** Every row the filters find, page by page. Cells that a spreadsheet would run as a formula stay a text. */
async function toCsv<Row>(
  columns: readonly Column<Row>[],
  asked: Params,
  fetch: BarProps<Row>['fetch'],
): Promise<Blob> {
  const exported = columns.filter(({ texto }) => texto !== undefined);
  const lines = [exported.map(({ titulo }) => quoted(titulo)).join(',')];
  for (let cursor: string | null = ''; cursor !== null && lines.length < exportRowsMax; ) {
    const page: PageOfRows<Row> = await fetch({ ...asked, limite: '200', ...(cursor ? { cursor } : {}) });
    for (const row of page.itens) lines.push(exported.map(({ texto }) => quoted(texto?.(row) ?? '')).join(','));
    cursor = page.proximo_cursor;
  }
  // The mark has spreadsheets read it as UTF-8.
  return new Blob(['\uFEFF', lines.join('\r\n'), '\r\n'], { type: 'text/csv;charset=utf-8' });
}

function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
