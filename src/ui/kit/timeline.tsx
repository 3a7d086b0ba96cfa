/** What has happened to a record: who did what, and what changed. */

import { Button, Code, Paper, Stack, Table, Text, Timeline, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAcaoText } from './acoes.texts';
import { request } from './api';
import { ErrorState } from './feedback';
import { kitTexts } from './kit.texts';
import { RestoreButton } from './restore';
import { useT } from './texts';
import { When } from './time';

export interface AuditEntry {
  id: string;
  em: string;
  ator: { tipo: string; id: string | null; nome: string };
  acao: string;
  entidade: string;
  entidade_id: string;
  antes: Record<string, unknown> | null;
  depois: Record<string, unknown> | null;
  ip: string | null;
  request_id: string | null;
}

interface AuditPage {
  itens: AuditEntry[];
  proximo_cursor: string | null;
}

export function HistoryTimeline({ modulo, id }: { modulo: string; id: string }) {
  const t = useT(kitTexts);
  const acao = useAcaoText();
  const query = useInfiniteQuery({
    queryKey: [modulo.split('/')[0], id, 'historico'],
    queryFn: async ({ pageParam }) => {
      const cursor = pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : '';
      const response = await request(`/api/v1/${modulo}/${id}/historico?ordem=-em&limite=15${cursor}`);
      return (await response.json()) as AuditPage;
    },
    initialPageParam: '',
    getNextPageParam: (last) => last.proximo_cursor ?? undefined,
  });
  const entries = query.data?.pages.flatMap(({ itens }) => itens) ?? [];
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2} size="h5">
          {t('linha_do_tempo')}
        </Title>
        {query.isError && <ErrorState error={query.error} retry={() => void query.refetch()} />}
        {query.isSuccess && entries.length === 0 && (
          <Text size="sm" c="dimmed">
            {t('sem_historico')}
          </Text>
        )}
        <Timeline bulletSize={12} lineWidth={2}>
          {entries.map((entry, index) => (
            <Timeline.Item key={entry.id}>
              <Text size="sm">
                <b>{entry.ator.nome}</b> {acao(entry.acao)}
              </Text>
              <Text size="xs" c="dimmed" component="div">
                <When at={entry.em} />
              </Text>
              <Changes entry={entry} />
              {index > 0 && <RestoreButton modulo={modulo} id={id} mudanca={entry.id} />}
            </Timeline.Item>
          ))}
        </Timeline>
        {query.hasNextPage && (
          <Button variant="subtle" size="xs" onClick={() => void query.fetchNextPage()}>
            {t('ver_mais')}
          </Button>
        )}
      </Stack>
    </Paper>
  );
}

const shownAtOnce = 3;
/** Changes of themselves with everything else. */
const bookkeeping = new Set(['rev', 'atualizado_em', 'busca']);

/** The fields that differ, before and after. */
export function differences({ antes, depois }: Pick<AuditEntry, 'antes' | 'depois'>): {
  campo: string;
  antes: unknown;
  depois: unknown;
}[] {
  const fields = [...new Set([...Object.keys(antes ?? {}), ...Object.keys(depois ?? {})])];
  return fields
    .filter((campo) => !bookkeeping.has(campo) && JSON.stringify(antes?.[campo]) !== JSON.stringify(depois?.[campo]))
    .map((campo) => ({ campo, antes: antes?.[campo], depois: depois?.[campo] }));
}

function Changes({ entry }: { entry: AuditEntry }) {
  const t = useT(kitTexts);
  const [all, setAll] = useState(false);
  // What is new has nothing to be compared with.
  if (entry.antes === null) return null;
  const changed = differences(entry);
  return (
    <>
      {changed.slice(0, all ? changed.length : shownAtOnce).map(({ campo, antes, depois }) => (
        <Text key={campo} size="xs" style={{ overflowWrap: 'anywhere' }}>
          {campo}: <s>{shownValue(antes)}</s> → {shownValue(depois)}
        </Text>
      ))}
      {!all && changed.length > shownAtOnce && (
        <Button size="compact-xs" variant="subtle" onClick={() => setAll(true)}>
          {t('ver_mais')}
        </Button>
      )}
    </>
  );
}

export function shownValue(value: unknown): string {
  if (value === null || value === undefined || value === '') return '—';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Before and after beside each other. */
export function DiffTable({ entry }: { entry: AuditEntry }) {
  const t = useT(kitTexts);
  return (
    <Table.ScrollContainer minWidth={320}>
      <Table fz="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('campo')}</Table.Th>
            <Table.Th>{t('antes')}</Table.Th>
            <Table.Th>{t('depois')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {differences(entry).map(({ campo, antes, depois }) => (
            <Table.Tr key={campo}>
              <Table.Td>
                <Code>{campo}</Code>
              </Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{shownValue(antes)}</Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{shownValue(depois)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
