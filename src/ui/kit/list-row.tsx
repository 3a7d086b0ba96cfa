/** The rows of a list: a line of cells, or two lines on a phone. */

import { Box, Checkbox, Group, Text, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { type MouseEvent, memo } from 'react';
import { kitTexts } from './kit.texts';
import type { Column } from './list';
import { useT } from './texts';

/** The column of what can be done with a row: on a phone it has a line to itself. */
export const isActions = ({ id }: { id: string }): boolean => id === 'acoes';

const phoneDetails = 3;

export interface RowLook<Row> {
  columns: readonly Column<Row>[];
  grid: string;
  phone: boolean;
  selectable: boolean;
}

interface HeaderProps<Row> {
  look: RowLook<Row>;
  ordem: string;
  sort(ordem: string): void;
}

export function HeaderRow<Row>({ look, ordem, sort }: HeaderProps<Row>) {
  const t = useT(kitTexts);
  return (
    <Box role="row" className="lista-cabeca" style={{ gridTemplateColumns: look.grid }}>
      {look.selectable && <Box role="columnheader">{'\u00a0'}</Box>}
      {look.columns.map(({ id, titulo, ordem: by, numero }) => {
        const state = by !== undefined && ordem === by ? 'ascending' : ordem === `-${by}` ? 'descending' : 'none';
        return (
          <Box key={id} role="columnheader" aria-sort={by ? state : undefined} ta={numero ? 'right' : 'left'}>
            {by ? (
              <UnstyledButton
                fz="xs"
                fw={600}
                onClick={() => sort(state === 'ascending' ? `-${by}` : state === 'descending' ? '' : by)}
                aria-label={t('ordenar', { coluna: titulo })}
              >
                {titulo} {state === 'ascending' && <IconArrowUp size={12} aria-hidden />}
                {state === 'descending' && <IconArrowDown size={12} aria-hidden />}
              </UnstyledButton>
            ) : (
              titulo
            )}
          </Box>
        );
      })}
    </Box>
  );
}

interface RowProps<Row> {
  row: Row;
  index: number;
  top: number;
  look: RowLook<Row>;
  href: string | undefined;
  open(href: string): void;
  selected: boolean;
  toggle(row: Row): void;
}

/** Drawn anew only when something of it has changed: while a list is scrolled most rows stay as they are. */
export const ListRow = memo(
  DrawnRow,
  (a, b) =>
    a.row === b.row &&
    a.index === b.index &&
    a.top === b.top &&
    a.href === b.href &&
    a.selected === b.selected &&
    sameLook(a.look, b.look),
) as typeof DrawnRow;

function sameLook<Row>(a: RowLook<Row>, b: RowLook<Row>): boolean {
  return (
    a.phone === b.phone &&
    a.selectable === b.selectable &&
    a.grid === b.grid &&
    a.columns.length === b.columns.length &&
    a.columns.every((column, at) => column === b.columns[at])
  );
}

function DrawnRow<Row>({ row, index, top, look, href, open, selected, toggle }: RowProps<Row>) {
  const t = useT(kitTexts);
  const { columns, phone, selectable } = look;
  function click({ target }: MouseEvent): void {
    // What can be clicked by itself does what it is for.
    if (!href || (target instanceof Element && target.closest('a, button, input, label'))) return;
    open(href);
  }
  const [first, ...rest] = columns;
  const actions = rest.find(isActions);
  const details = rest.filter((column) => column !== actions).slice(0, phoneDetails);
  const box = selectable && (
    <Checkbox size="xs" checked={selected} onChange={() => toggle(row)} aria-label={t('selecionar')} />
  );
  const title = first && (href ? <Link to={href}>{first.render(row)}</Link> : first.render(row));
  return (
    <Box
      role="row"
      aria-rowindex={index + 2}
      className={phone ? 'lista-linha lista-linha-telefone' : 'lista-linha'}
      data-link={href !== undefined}
      data-acoes={phone && actions !== undefined}
      data-selected={selected}
      style={{ transform: `translateY(${top}px)`, ...(phone ? {} : { gridTemplateColumns: look.grid }) }}
      onClick={click}
    >
      {phone ? (
        <>
          {box && <Box role="cell">{box}</Box>}
          <Box role="cell" style={{ minWidth: 0, flex: 1 }}>
            <Text size="sm" fw={500} truncate component="div">
              {title}
            </Text>
            <Group gap={8} wrap="nowrap" className="lista-detalhes">
              {details.map((column) => (
                <Text key={column.id} size="xs" c="dimmed" truncate component="div">
                  {column.render(row)}
                </Text>
              ))}
            </Group>
            {actions && (
              <Group gap={8} mt={6} wrap="nowrap">
                {actions.render(row)}
              </Group>
            )}
          </Box>
        </>
      ) : (
        <>
          {box && <Box role="cell">{box}</Box>}
          {columns.map((column, at) => (
            <Box key={column.id} role="cell" className={column.numero ? 'lista-celula numero' : 'lista-celula'}>
              {at === 0 ? title : column.render(row)}
            </Box>
          ))}
        </>
      )}
    </Box>
  );
}
