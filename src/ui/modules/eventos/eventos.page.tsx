/** Everything that has happened, and what could not be delivered. */

import { Button, Group, Paper, SimpleGrid, Stack, Tabs, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, call } from '../../kit/api';
import { ErrorState, failed, said } from '../../kit/feedback';
import { dateTime, number } from '../../kit/format';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { defineTexts, useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { useParamsOfUrl } from '../../kit/url';
import { eventText, eventTypes, eventTypeText, hrefOf } from './event-text';

const texts = defineTexts('eventos', {
  titulo: ['Eventos', 'Events'],
  eventos: ['Eventos', 'Events'],
  mortas: ['Não entregues', 'Undelivered'],
  consumidores: ['Entrega', 'Delivery'],
  evento: ['Evento', 'Event'],
  tipo: ['Tipo', 'Kind'],
  quando: ['Quando', 'When'],
  consumidor: ['Para quem', 'To whom'],
  tentativas: ['Tentativas', 'Attempts'],
  erro: ['Erro', 'Error'],
  reenviar: ['Tentar de novo', 'Try again'],
  reenviado: ['De novo na fila', 'Queued again'],
  acoes: ['Ações', 'Actions'],
  vazio: ['Nada aconteceu ainda', 'Nothing has happened yet'],
  vazio_mortas: ['Tudo foi entregue', 'Everything was delivered'],
  vazio_mortas_texto: [
    'O que ninguém conseguiu receber depois de todas as tentativas fica aqui.',
    'What nobody managed to receive after all attempts stays here.',
  ],
  pendentes: ['{{n}} na fila', '{{n}} queued'],
  atraso: ['atraso de {{s}} s', '{{s}} s behind'],
});

export default function EventosPage() {
  const t = useT(texts);
  const [params, change] = useParamsOfUrl();
  return (
    <Stack>
      <Title order={1} size="h3">
        {t('titulo')}
      </Title>
      <Tabs value={params.aba ?? 'eventos'} onChange={(aba) => change({ aba: aba ?? '' })} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="eventos">{t('eventos')}</Tabs.Tab>
          <Tabs.Tab value="mortas">{t('mortas')}</Tabs.Tab>
          <Tabs.Tab value="consumidores">{t('consumidores')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="eventos" pt="md">
          <List
            nome="eventos"
            titulo={t('eventos')}
            embedded
            semBusca
            fetch={(query) => call(api.eventos.get({ query: loose(query) }))}
            link={(evento) => hrefOf(evento) ?? '/eventos'}
            filters={[
              {
                campo: 'tipo',
                rotulo: t('tipo'),
                opcoes: eventTypes.map((value) => ({ value, label: eventTypeText(value) })),
              },
            ]}
            columns={[
              {
                id: 'evento',
                titulo: t('evento'),
                largura: 'minmax(220px, 2fr)',
                render: (evento) => eventText(evento),
                texto: (evento) => eventText(evento),
              },
              {
                id: 'tipo',
                titulo: t('tipo'),
                largura: '190px',
                render: ({ tipo }) => <code>{tipo}</code>,
                texto: ({ tipo }) => tipo,
              },
              {
                id: 'em',
                titulo: t('quando'),
                largura: '150px',
                render: ({ em }) => dateTime(em),
                texto: ({ em }) => em,
              },
            ]}
            empty={{ titulo: t('vazio'), texto: '' }}
          />
        </Tabs.Panel>
        <Tabs.Panel value="mortas" pt="md">
          <Mortas />
        </Tabs.Panel>
        <Tabs.Panel value="consumidores" pt="md">
          <Consumidores />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Mortas() {
  const t = useT(texts);
  return (
    <List
      nome="mortas"
      titulo={t('mortas')}
      embedded
      semBusca
      fetch={(query) => call(api.eventos.mortas.get({ query: loose(query) }))}
      columns={[
        {
          id: 'tipo',
          titulo: t('evento'),
          render: ({ tipo }) => (tipo ? eventTypeText(tipo) : '—'),
          texto: ({ tipo }) => tipo ?? '',
        },
        {
          id: 'consumidor',
          titulo: t('consumidor'),
          render: ({ consumidor }) => consumidor,
          texto: ({ consumidor }) => consumidor,
        },
        {
          id: 'tentativas',
          titulo: t('tentativas'),
          largura: '100px',
          numero: true,
          render: (row) => row.tentativas,
          texto: (row) => String(row.tentativas),
        },
        {
          id: 'erro',
          titulo: t('erro'),
          largura: 'minmax(200px, 2fr)',
          render: ({ erro }) => erro,
          texto: ({ erro }) => erro,
        },
        {
          id: 'morta_em',
          titulo: t('quando'),
          largura: '120px',
          render: (row) => <When at={row.morta_em} />,
          texto: (row) => row.morta_em,
        },
        {
          id: 'acoes',
          titulo: t('acoes'),
          largura: '140px',
          permissao: 'eventos:executar',
          render: ({ id }) => (
            <Button
              size="compact-sm"
              variant="subtle"
              onClick={() =>
                void call(api.eventos.mortas({ id }).reenviar.post()).then(() => {
                  said(t('reenviado'));
                  refresh('mortas');
                }, failed)
              }
            >
              {t('reenviar')}
            </Button>
          ),
        },
      ]}
      empty={{ titulo: t('vazio_mortas'), texto: t('vazio_mortas_texto') }}
    />
  );
}

const againMs = 5_000;

function Consumidores() {
  const t = useT(texts);
  const can = useCan();
  const query = useQuery({
    queryKey: ['eventos', 'consumidores'],
    queryFn: () => call(api.eventos.consumidores.get()),
    refetchInterval: againMs,
    enabled: can('eventos:ler'),
  });
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }}>
      {query.data?.itens.map(({ consumidor, pendentes, atraso_ms }) => (
        <Paper key={consumidor} withBorder p="md">
          <Text fw={600}>{consumidor}</Text>
          <Group gap="md">
            <Text size="sm">{t('pendentes', { n: number(pendentes) })}</Text>
            <Text size="sm" c="dimmed">
              {t('atraso', { s: number(atraso_ms / 1000, 1) })}
            </Text>
          </Group>
        </Paper>
      ))}
    </SimpleGrid>
  );
}
