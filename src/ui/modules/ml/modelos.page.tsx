/** Predictions: who may leave, what is suspicious, and how good the models behind it are. */

import { Alert, Anchor, Badge, Button, Group, Paper, SimpleGrid, Stack, Table, Tabs, Text, Title } from '@mantine/core';
import { IconBrain, IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call } from '../../kit/api';
import { ErrorState, failed, said } from '../../kit/feedback';
import { dateTime, number, percent } from '../../kit/format';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status } from '../../kit/status';
import { defineTexts, useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { useParamsOfUrl } from '../../kit/url';

const texts = defineTexts('ml', {
  titulo: ['Modelos e previsões', 'Models and predictions'],
  churn: ['Risco de saída', 'Risk of leaving'],
  suspeitas: ['Suspeitas', 'Suspicions'],
  modelos: ['Modelos', 'Models'],
  cliente: ['Cliente', 'Customer'],
  probabilidade: ['Probabilidade', 'Probability'],
  classe: ['Classe', 'Class'],
  fator: ['O que mais pesa', 'What weighs most'],
  calculado: ['Calculado', 'Calculated'],
  executar: ['Calcular agora', 'Calculate now'],
  executado: ['Riscos calculados', 'Risks calculated'],
  vazio_churn: ['Nada calculado ainda', 'Nothing calculated yet'],
  vazio_churn_texto: [
    'Toda madrugada cada cliente recebe uma probabilidade, com os motivos. Dá para calcular agora.',
    'Every night each customer gets a probability, with its reasons. It can be calculated now.',
  ],
  tipo: ['O que é', 'What it is'],
  evidencias: ['O que se viu', 'What was seen'],
  pontuacao: ['Certeza', 'Certainty'],
  quando: ['Quando', 'When'],
  vazio_suspeitas: ['Nada suspeito', 'Nothing suspicious'],
  vazio_suspeitas_texto: [
    'A cada cinco minutos procuramos o que o acaso não explica.',
    'Every five minutes we look for what chance does not explain.',
  ],
  maquinas_offline_em_massa: ['Máquinas caindo juntas', 'Machines falling together'],
  recurso_anormal: ['Uso anormal', 'Abnormal use'],
  acesso_suspeito: ['Acesso suspeito', 'Suspicious access'],
  mudancas_frequentes: ['Mudanças demais', 'Too many changes'],
  chave_compartilhada: ['Chave passada adiante', 'Key passed around'],
  treinar: ['Treinar com a nossa história', 'Train on our history'],
  treinado_melhor: ['O novo modelo é melhor e já está em uso.', 'The new model is better and in use.'],
  treinado_pior: [
    'O novo modelo não superou o atual; nada mudou.',
    'The new model does not beat the present one; nothing has changed.',
  ],
  ativar: ['Usar este', 'Use this one'],
  ativo: ['em uso', 'in use'],
  origem: ['Treinado com', 'Trained on'],
  linhas: ['{{n}} linhas', '{{n}} rows'],
  calibracao: ['Previsto e acontecido', 'Predicted and happened'],
  prevista: ['Previsto', 'Predicted'],
  observada: ['Aconteceu', 'Happened'],
  casos: ['Casos', 'Cases'],
});

export default function ModelosPage() {
  const t = useT(texts);
  const [params, change] = useParamsOfUrl();
  return (
    <Stack>
      <Title order={1} size="h3">
        {t('titulo')}
      </Title>
      <Tabs value={params.aba ?? 'churn'} onChange={(aba) => change({ aba: aba ?? '' })} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="churn">{t('churn')}</Tabs.Tab>
          <Tabs.Tab value="suspeitas">{t('suspeitas')}</Tabs.Tab>
          <Tabs.Tab value="modelos">{t('modelos')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="churn" pt="md">
          <Churn />
        </Tabs.Panel>
        <Tabs.Panel value="suspeitas" pt="md">
          <Suspeitas />
        </Tabs.Panel>
        <Tabs.Panel value="modelos" pt="md">
          <Modelos />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Churn() {
  const t = useT(texts);
  const can = useCan();
  const [busy, setBusy] = useState(false);
  async function run(): Promise<void> {
    setBusy(true);
    try {
      await call(api.ml.churn.executar.post());
      said(t('executado'));
      refresh('ml', 'churn', 'painel');
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  }
  const button = can('ml:executar') && (
    <Button loading={busy} leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => void run()}>
      {t('executar')}
    </Button>
  );
  return (
    <>
      <Group justify="flex-end" mb="sm">
        {button}
      </Group>
      <List
        nome="churn"
        titulo={t('churn')}
        embedded
        semBusca
        fetch={async (query) => {
          const page = await call(api.ml.churn.get({ query: loose({ ordem: '-probabilidade', ...query }) }));
          return { ...page, itens: page.itens.map((row) => ({ ...row, id: row.cliente_id })) };
        }}
        link={({ cliente_id }) => `/clientes/${cliente_id}?aba=risco`}
        columns={[
          {
            id: 'cliente',
            titulo: t('cliente'),
            largura: 'minmax(160px, 1.5fr)',
            render: ({ nome, cliente_id }) => nome ?? cliente_id,
            texto: ({ nome }) => nome ?? '',
          },
          {
            id: 'classe',
            titulo: t('classe'),
            largura: '120px',
            render: ({ classe }) => <Status value={classe} />,
            texto: ({ classe }) => classe,
          },
          {
            id: 'probabilidade',
            titulo: t('probabilidade'),
            largura: '120px',
            numero: true,
            render: (row) => percent(row.probabilidade),
            texto: (row) => String(row.probabilidade),
          },
          {
            id: 'fator',
            titulo: t('fator'),
            largura: 'minmax(200px, 2fr)',
            render: ({ fatores }) => fatores[0]?.texto ?? '—',
            texto: ({ fatores }) => fatores[0]?.texto ?? '',
          },
          {
            id: 'calculado',
            titulo: t('calculado'),
            largura: '110px',
            render: (row) => <When at={row.calculado_em} />,
            texto: (row) => row.calculado_em,
          },
        ]}
        empty={{ titulo: t('vazio_churn'), texto: t('vazio_churn_texto'), acao: button }}
      />
    </>
  );
}

const places: Readonly<Record<string, string>> = { cliente: '/clientes', maquina: '/maquinas', licenca: '/licencas' };

function Suspeitas() {
  const t = useT(texts);
  return (
    <List
      nome="suspeitas"
      titulo={t('suspeitas')}
      embedded
      semBusca
      fetch={(query) => call(api.ml.suspeitas.get({ query: loose({ ordem: '-em', ...query }) }))}
      columns={[
        {
          id: 'tipo',
          titulo: t('tipo'),
          largura: '200px',
          render: ({ tipo, entidade, entidade_id }) =>
            places[entidade] ? (
              <Anchor component={Link} to={`${places[entidade]}/${entidade_id}`} size="sm">
                {t(tipo)}
              </Anchor>
            ) : (
              `${t(tipo)} (${entidade_id})`
            ),
          texto: ({ tipo }) => tipo,
        },
        {
          id: 'evidencias',
          titulo: t('evidencias'),
          largura: 'minmax(240px, 3fr)',
          render: (row) => row.evidencias.join('; '),
          texto: (row) => row.evidencias.join('; '),
        },
        {
          id: 'pontuacao',
          titulo: t('pontuacao'),
          largura: '100px',
          numero: true,
          render: (row) => percent(row.pontuacao),
          texto: (row) => String(row.pontuacao),
        },
        {
          id: 'em',
          titulo: t('quando'),
          largura: '120px',
          render: ({ em }) => <When at={em} />,
          texto: ({ em }) => em,
        },
      ]}
      empty={{ titulo: t('vazio_suspeitas'), texto: t('vazio_suspeitas_texto') }}
    />
  );
}

function Modelos() {
  const t = useT(texts);
  const can = useCan();
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<boolean | null>(null);
  const query = useQuery({
    queryKey: ['ml', 'modelos'],
    queryFn: () => call(api.ml.modelos.get({ query: { limite: 50 } })),
  });
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  async function train(): Promise<void> {
    setBusy(true);
    try {
      setOutcome((await call(api.ml.modelos.treinar.post())).ativado);
      refresh('ml');
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  }
  return (
    <Stack>
      {can('ml:executar') && (
        <Button
          loading={busy}
          leftSection={<IconBrain size={16} aria-hidden />}
          onClick={() => void train()}
          style={{ alignSelf: 'flex-end' }}
        >
          {t('treinar')}
        </Button>
      )}
      {outcome !== null && (
        <Alert color={outcome ? 'green' : 'gray'}>{t(outcome ? 'treinado_melhor' : 'treinado_pior')}</Alert>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {query.data?.itens.map((modelo) => (
          <Paper key={modelo.id} withBorder p="md">
            <Group justify="space-between">
              <Title order={2} size="h5">
                {modelo.nome}/{modelo.versao}
              </Title>
              {modelo.ativo ? (
                <Badge tt="none">{t('ativo')}</Badge>
              ) : (
                can('ml:executar') && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() =>
                      void call(api.ml.modelos({ id: modelo.id }).ativar.post()).then(() => refresh('ml'), failed)
                    }
                  >
                    {t('ativar')}
                  </Button>
                )
              )}
            </Group>
            <Text size="sm" c="dimmed">
              {t('origem')} {modelo.origem} · {t('linhas', { n: number(modelo.linhas) })} ·{' '}
              {dateTime(modelo.treinado_em)}
            </Text>
            <Text size="sm" mt="xs">
              AUC <b>{number(modelo.auc, 4)}</b> · Brier <b>{number(modelo.brier, 4)}</b>
            </Text>
            <Text size="xs" c="dimmed">
              {modelo.validacao.metodo}
            </Text>
            <Table.ScrollContainer minWidth={260}>
              <Table fz="xs" mt="xs">
                <Table.Caption>{t('calibracao')}</Table.Caption>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>{t('prevista')}</Table.Th>
                    <Table.Th>{t('observada')}</Table.Th>
                    <Table.Th>{t('casos')}</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {modelo.validacao.calibracao.map(({ prevista, observada, linhas }) => (
                    <Table.Tr key={prevista}>
                      <Table.Td>{percent(prevista, 1)}</Table.Td>
                      <Table.Td>{percent(observada, 1)}</Table.Td>
                      <Table.Td>{number(linhas)}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </Paper>
        ))}
      </SimpleGrid>
    </Stack>
  );
}
