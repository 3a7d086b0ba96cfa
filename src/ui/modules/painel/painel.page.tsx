/** Three questions without a click: is anyone unable to work, who owes or is about to leave, and what is happening now. */

import { Anchor, Grid, Group, Paper, SegmentedControl, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleFilled,
  IconCreditCard,
  IconHourglass,
  IconTrendingDown,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, call } from '../../kit/api';
import { ErrorState } from '../../kit/feedback';
import { money, number, percent } from '../../kit/format';
import { useLiveEvents } from '../../kit/live';
import { useCan } from '../../kit/session';
import { Status } from '../../kit/status';
import { defineTexts, useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { useParamsOfUrl } from '../../kit/url';
import { eventText, hrefOf } from '../eventos/event-text';
import { Bars } from './bars';

const texts = defineTexts('painel', {
  titulo: ['Painel', 'Dashboard'],
  online: ['Online agora', 'Online now'],
  sem_trabalhar: ['Sem poder trabalhar', 'Unable to work'],
  vencem: ['Vencem em 30 dias', 'Ending within 30 days'],
  a_receber: ['A receber', 'To be paid'],
  risco: ['Risco alto de saída', 'High risk of leaving'],
  agora: ['Agora', 'Now'],
  agora_texto: ['O que precisa de alguém, o pior primeiro.', 'What needs somebody, the worst first.'],
  nada: ['Nada precisa de você agora.', 'Nothing needs you now.'],
  ao_vivo: ['Ao vivo', 'Live'],
  sem_eventos: ['Esperando o próximo acontecimento…', 'Waiting for the next thing to happen…'],
  movimento: ['Movimento', 'Activity'],
  ativacoes: ['Ativações', 'Activations'],
  licencas_novas: ['Licenças novas', 'New licences'],
  clientes_novos: ['Clientes novos', 'New customers'],
  quedas: ['Máquinas que caíram', 'Machines that fell'],
  conexoes: ['Conexões', 'Connections'],
  bloqueios: ['Bloqueios', 'Blocks'],
  em_risco: ['Clientes em risco', 'Customers at risk'],
  sem_risco: ['Ninguém em risco alto.', 'Nobody at high risk.'],
  sugestoes: ['Quem precisa de um plano maior', 'Who needs a larger plan'],
  sem_sugestoes: ['Ninguém bate no limite do plano.', 'Nobody is at the limit of their plan.'],
  a_mais: ['+{{valor}} por mês', '+{{valor}} a month'],
  recorrente: ['recorrente {{valor}}', 'recurring {{valor}}'],
  vencido: ['{{valor}} vencido', '{{valor}} overdue'],
  de: ['de {{total}}', 'of {{total}}'],
  bloqueadas_expiradas: ['licenças bloqueadas ou expiradas', 'licences blocked or expired'],
  abertos: ['{{n}} alertas abertos', '{{n}} open alerts'],
  p7d: ['7 dias', '7 days'],
  p30d: ['30 dias', '30 days'],
  p1a: ['1 ano', '1 year'],
  periodo: ['Período', 'Period'],
});

const shownAlerts = 8;
const shownEvents = 14;
const shownCustomers = 5;
const againMs = 30_000;

export default function PainelPage() {
  const t = useT(texts);
  const can = useCan();
  const resumo = useQuery({
    queryKey: ['painel', 'resumo'],
    queryFn: () => call(api.painel.resumo.get()),
    refetchInterval: againMs,
  });
  if (resumo.isError) return <ErrorState error={resumo.error} retry={() => void resumo.refetch()} />;
  const data = resumo.data;
  const stuck = data ? data.licencas.bloqueadas + data.licencas.expiradas : 0;
  return (
    <Stack>
      <Title order={1} size="h3">
        {t('titulo')}
      </Title>
      {data ? (
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3, lg: 5 }}>
          <Figure
            icon={<IconCircleFilled size={14} color="var(--mantine-color-green-7)" aria-hidden />}
            label={t('online')}
            value={number(data.online_agora)}
            detail={t('de', { total: number(data.maquinas.total) })}
            href="/maquinas?status=online"
          />
          <Figure
            icon={<IconAlertTriangle size={16} color={stuck > 0 ? 'var(--mantine-color-red-7)' : 'gray'} aria-hidden />}
            label={t('sem_trabalhar')}
            value={number(stuck)}
            detail={t('bloqueadas_expiradas')}
            href="/licencas?status=expirada"
          />
          <Figure
            icon={<IconHourglass size={16} aria-hidden />}
            label={t('vencem')}
            value={number(data.expirando_30_dias)}
            detail={t('abertos', { n: number(data.alertas.abertos) })}
            href="/licencas?ordem=expira_em&status=ativa"
          />
          <Figure
            icon={<IconCreditCard size={16} aria-hidden />}
            label={t('a_receber')}
            value={money(data.receita.a_receber_centavos)}
            detail={
              data.receita.vencido_centavos > 0
                ? t('vencido', { valor: money(data.receita.vencido_centavos) })
                : t('recorrente', { valor: money(data.receita.recorrente_mensal_centavos) })
            }
            href="/faturas?status=pendente"
          />
          <Figure
            icon={<IconTrendingDown size={16} aria-hidden />}
            label={t('risco')}
            value={number(data.risco.alto + data.risco.critico)}
            detail=""
            href="/modelos?aba=churn"
          />
        </SimpleGrid>
      ) : (
        <Skeleton height={96} />
      )}
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 7 }}>{can('alertas:ler') && <Now />}</Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>{can('eventos:ler') && <Live />}</Grid.Col>
        <Grid.Col span={12}>
          <Activity />
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>{can('ml:ler') && <AtRisk />}</Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Upgrades />
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

interface FigureProps {
  icon: ReactNode;
  label: string;
  value: string;
  detail: string;
  href: string;
}

function Figure({ icon, label, value, detail, href }: FigureProps) {
  return (
    <Paper component={Link} to={href} withBorder p="md" className="figura">
      <Group gap={6}>
        {icon}
        <Text size="xs" c="dimmed">
          {label}
        </Text>
      </Group>
      <Text fz={26} fw={600} lh={1.2} className="numeros">
        {value}
      </Text>
      <Text size="xs" c="dimmed">
        {detail || '\u00a0'}
      </Text>
    </Paper>
  );
}

function Card({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md" h="100%">
      <Title order={2} size="h5">
        {title}
      </Title>
      {text && (
        <Text size="xs" c="dimmed">
          {text}
        </Text>
      )}
      <Stack gap={8} mt="sm">
        {children}
      </Stack>
    </Paper>
  );
}

function Now() {
  const t = useT(texts);
  const { data } = useQuery({
    queryKey: ['alertas', 'agora'],
    queryFn: () => call(api.alertas.get({ query: { status: 'aberto', limite: 50 } })),
    refetchInterval: againMs,
  });
  const rank = { critico: 0, aviso: 1, info: 2 } as const;
  const worstFirst = (data?.itens ?? [])
    .filter(({ severidade }) => severidade !== 'info')
    .sort((a, b) => rank[a.severidade] - rank[b.severidade])
    .slice(0, shownAlerts);
  return (
    <Card title={t('agora')} text={t('agora_texto')}>
      {data && worstFirst.length === 0 && <Text size="sm">{t('nada')}</Text>}
      {worstFirst.map(({ id, titulo, severidade, aberto_em }) => (
        <Group key={id} gap="xs" wrap="nowrap">
          <Status value={severidade} />
          <Anchor component={Link} to={`/alertas/${id}`} size="sm" truncate style={{ flex: 1 }}>
            {titulo}
          </Anchor>
          <Text size="xs" c="dimmed" component="div">
            <When at={aberto_em} />
          </Text>
        </Group>
      ))}
    </Card>
  );
}

function Live() {
  const t = useT(texts);
  const live = useLiveEvents();
  // What happened before this page was opened comes first of all.
  const { data } = useQuery({
    queryKey: ['eventos', 'recentes'],
    queryFn: () => call(api.eventos.get({ query: { limite: shownEvents } })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const known = new Set(live.map(({ id }) => id));
  const events = [...live, ...(data?.itens.filter(({ id }) => !known.has(id)) ?? [])];
  return (
    <Card title={t('ao_vivo')}>
      {events.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('sem_eventos')}
        </Text>
      )}
      {events.slice(0, shownEvents).map((event) => {
        const href = hrefOf(event);
        return (
          <Group key={event.id} gap="xs" wrap="nowrap">
            {href ? (
              <Anchor component={Link} to={href} size="sm" truncate style={{ flex: 1 }} c="inherit">
                {eventText(event)}
              </Anchor>
            ) : (
              <Text size="sm" truncate style={{ flex: 1 }}>
                {eventText(event)}
              </Text>
            )}
            <Text size="xs" c="dimmed" component="div">
              <When at={event.em} />
            </Text>
          </Group>
        );
      })}
    </Card>
  );
}

const seriesShown = ['ativacoes', 'licencas_novas', 'clientes_novos', 'conexoes', 'quedas', 'bloqueios'] as const;
const periodos = ['7d', '30d', '1a'] as const;

function Activity() {
  const t = useT(texts);
  const [params, change] = useParamsOfUrl();
  const periodo = periodos.find((one) => one === params.periodo) ?? '30d';
  const { data } = useQuery({
    queryKey: ['painel', 'uso', periodo],
    queryFn: () => call(api.painel.uso.get({ query: { periodo } })),
  });
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5">
          {t('movimento')}
        </Title>
        <SegmentedControl
          size="xs"
          aria-label={t('periodo')}
          value={periodo}
          onChange={(value) => change({ periodo: value })}
          data={periodos.map((value) => ({ value, label: t(`p${value}`) }))}
        />
      </Group>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }}>
        {seriesShown.map((name) =>
          data ? <Bars key={name} label={t(name)} points={data.series[name]} /> : <Skeleton key={name} height={84} />,
        )}
      </SimpleGrid>
    </Paper>
  );
}

function AtRisk() {
  const t = useT(texts);
  const { data } = useQuery({
    queryKey: ['ml', 'churn', 'maiores'],
    queryFn: () => call(api.ml.churn.get({ query: { limite: shownCustomers, ordem: '-probabilidade' } })),
  });
  const found = data?.itens.filter(({ classe }) => classe === 'alto' || classe === 'critico') ?? [];
  return (
    <Card title={t('em_risco')}>
      {data && found.length === 0 && <Text size="sm">{t('sem_risco')}</Text>}
      {found.map(({ cliente_id, nome, probabilidade, classe, fatores }) => (
        <div key={cliente_id}>
          <Group gap="xs" wrap="nowrap">
            <Anchor
              component={Link}
              to={`/clientes/${cliente_id}?aba=risco`}
              size="sm"
              fw={500}
              truncate
              style={{ flex: 1 }}
            >
              {nome ?? cliente_id}
            </Anchor>
            <Text size="sm">{percent(probabilidade)}</Text>
            <Status value={classe} />
          </Group>
          <Text size="xs" c="dimmed" truncate>
            {fatores[0]?.texto}
          </Text>
        </div>
      ))}
    </Card>
  );
}

function Upgrades() {
  const t = useT(texts);
  const { data } = useQuery({
    queryKey: ['painel', 'sugestoes'],
    queryFn: () => call(api.painel['sugestoes-upgrade'].get({ query: { limite: shownCustomers } })),
  });
  return (
    <Card title={t('sugestoes')}>
      {data && data.itens.length === 0 && <Text size="sm">{t('sem_sugestoes')}</Text>}
      {data?.itens.map(
        ({
          cliente_id,
          cliente,
          licenca_id,
          plano_atual,
          plano_sugerido,
          motivos,
          receita_adicional_mensal_centavos,
        }) => (
          <div key={licenca_id}>
            <Group gap="xs" wrap="nowrap">
              <Anchor component={Link} to={`/clientes/${cliente_id}`} size="sm" fw={500} truncate style={{ flex: 1 }}>
                {cliente}: {plano_atual.nome} → {plano_sugerido.nome}
              </Anchor>
              <Text size="sm">{t('a_mais', { valor: money(receita_adicional_mensal_centavos) })}</Text>
            </Group>
            <Text size="xs" c="dimmed" truncate>
              {motivos[0]}
            </Text>
          </div>
        ),
      )}
    </Card>
  );
}
