/** What runs by itself, when, and how it went. */

import { Button, Drawer, Group, Paper, Stack, Text } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '../../kit/api';
import { failed, said } from '../../kit/feedback';
import { FormDrawer } from '../../kit/form';
import { dateTime, number } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { Status } from '../../kit/status';
import { defineTexts, useT } from '../../kit/texts';
import { When } from '../../kit/time';

const texts = defineTexts('tarefas', {
  titulo: ['Tarefas', 'Jobs'],
  descricao: [
    'O que roda sozinho. Uma execução perdida enquanto o servidor estava parado acontece ao ligar.',
    'What runs by itself. A run that was missed while the server was stopped happens when it starts.',
  ],
  nome: ['Tarefa', 'Job'],
  agenda: ['Agenda', 'Schedule'],
  agenda_ajuda: [
    'Padrão cron de cinco campos; vazio volta ao de fábrica.',
    'A cron pattern of five fields; empty returns to the built-in one.',
  ],
  proxima: ['Próxima', 'Next'],
  ultima: ['Última', 'Last'],
  resultado: ['Resultado', 'Result'],
  executar: ['Executar agora', 'Run now'],
  iniciada: ['Tarefa iniciada', 'Job started'],
  execucoes: ['Execuções', 'Runs'],
  ativa: ['Ativa', 'Active'],
  acoes: ['Ações', 'Actions'],
  pausada: ['pausada', 'paused'],
  duracao: ['{{s}} s', '{{s}} s'],
});

const againMs = 5_000;

export default function TarefasPage() {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const [editing, setEditing] = useState<{ nome: string; agenda: string; ativa: boolean } | null>(null);
  const [runs, setRuns] = useState<string | null>(null);
  return (
    <>
      <List
        nome="tarefas"
        titulo={t('titulo')}
        descricao={t('descricao')}
        semBusca
        fetch={async () => {
          const { itens } = await call(api.tarefas.get());
          return { itens: itens.map((tarefa) => ({ ...tarefa, id: tarefa.nome })), proximo_cursor: null };
        }}
        columns={[
          {
            id: 'nome',
            titulo: t('nome'),
            largura: 'minmax(220px, 2fr)',
            render: ({ nome, descricao }) => <span title={nome}>{descricao}</span>,
            texto: ({ nome }) => nome,
          },
          {
            id: 'agenda',
            titulo: t('agenda'),
            largura: '120px',
            render: ({ agenda, ativa }) => (ativa ? <code>{agenda}</code> : t('pausada')),
            texto: ({ agenda }) => agenda,
          },
          {
            id: 'resultado',
            titulo: t('resultado'),
            largura: '140px',
            render: ({ ultima, executando }) =>
              executando ? <Status value="em_andamento" /> : ultima ? <Status value={ultima.resultado} /> : '—',
            texto: ({ ultima }) => ultima?.resultado ?? '',
          },
          {
            id: 'ultima',
            titulo: t('ultima'),
            largura: '110px',
            render: ({ ultima }) => <When at={ultima?.inicio ?? null} />,
            texto: ({ ultima }) => ultima?.inicio ?? '',
          },
          {
            id: 'proxima',
            titulo: t('proxima'),
            largura: '110px',
            render: (row) => <When at={row.proxima_em} />,
            texto: (row) => row.proxima_em ?? '',
          },
          {
            id: 'acoes',
            titulo: t('acoes'),
            largura: '350px',
            render: ({ nome, agenda, ativa }) => (
              <>
                <Button
                  size="compact-sm"
                  variant="subtle"
                  leftSection={<IconPlayerPlay size={14} aria-hidden />}
                  onClick={() =>
                    void call(api.tarefas({ nome }).executar.post()).then(() => {
                      said(t('iniciada'));
                      refresh('tarefas');
                    }, failed)
                  }
                >
                  {t('executar')}
                </Button>
                <Button size="compact-sm" variant="subtle" onClick={() => setRuns(nome)}>
                  {t('execucoes')}
                </Button>
                <Button size="compact-sm" variant="subtle" onClick={() => setEditing({ nome, agenda, ativa })}>
                  {kit('editar')}
                </Button>
              </>
            ),
          },
        ]}
        empty={{ titulo: t('titulo'), texto: t('descricao') }}
      />
      {editing && (
        <FormDrawer
          titulo={editing.nome}
          campos={[
            { nome: 'agenda', rotulo: t('agenda'), ajuda: t('agenda_ajuda'), tipo: 'texto', anulavel: true },
            { nome: 'ativa', rotulo: t('ativa'), tipo: 'sim_nao' },
          ]}
          inicial={{ ...editing }}
          enviar={async (values) => {
            await call(api.tarefas({ nome: editing.nome }).put(loose(values)));
            refresh('tarefas');
          }}
          onClose={() => setEditing(null)}
        />
      )}
      {runs && <Execucoes nome={runs} onClose={() => setRuns(null)} />}
    </>
  );
}

function Execucoes({ nome, onClose }: { nome: string; onClose(): void }) {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const { data } = useQuery({
    queryKey: ['tarefas', nome, 'execucoes'],
    queryFn: () => call(api.tarefas({ nome }).execucoes.get({ query: { limite: 50 } })),
    refetchInterval: againMs,
  });
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={`${t('execucoes')}: ${nome}`}
      closeButtonProps={{ 'aria-label': kit('fechar') }}
    >
      <Stack gap="xs">
        {data?.itens.map((run) => (
          <Paper key={run.id} withBorder p="sm">
            <Group justify="space-between">
              <Text size="sm">{dateTime(run.inicio)}</Text>
              <Group gap="xs">
                {run.fim && (
                  <Text size="xs" c="dimmed">
                    {t('duracao', { s: number((Date.parse(run.fim) - Date.parse(run.inicio)) / 1000, 1) })}
                  </Text>
                )}
                <Status value={run.resultado} />
              </Group>
            </Group>
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {run.detalhe}
            </Text>
          </Paper>
        ))}
      </Stack>
    </Drawer>
  );
}
