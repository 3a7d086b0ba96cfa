/** The charts of a machine: CPU, memory, disk and its own series, one under another, with what was out of the ordinary. */

import { Group, Paper, SegmentedControl, Skeleton, Stack, Text, Title } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, call } from '../../kit/api';
import { Chart } from '../../kit/chart';
import { ErrorState } from '../../kit/feedback';
import { number } from '../../kit/format';
import { useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { useParamsOfUrl } from '../../kit/url';
import { maquinasTexts } from './maquinas.texts';

const periodos = ['1h', '24h', '7d', '30d', '1a'] as const;
type Periodo = (typeof periodos)[number];
const againMs: Record<Periodo, number> = {
  '1h': 10_000,
  '24h': 60_000,
  '7d': 300_000,
  '30d': 600_000,
  '1a': 3_600_000,
};
const shownAnomalies = 8;

export function Metricas({ id }: { id: string }) {
  const t = useT(maquinasTexts);
  const [params, change] = useParamsOfUrl();
  const periodo = periodos.find((one) => one === params.periodo) ?? '24h';
  const query = useQuery({
    queryKey: ['maquinas', id, 'dashboard', periodo],
    queryFn: () => call(api.maquinas({ id }).dashboard.get({ query: { periodo } })),
    refetchInterval: againMs[periodo],
    placeholderData: keepPreviousData,
  });
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  const data = query.data;
  return (
    <Stack>
      <Group justify="space-between">
        <SegmentedControl
          size="xs"
          aria-label={t('periodo')}
          value={periodo}
          onChange={(value) => change({ periodo: value })}
          data={periodos.map((value) => ({ value, label: t(`p${value}`) }))}
        />
        {data && (
          <Text size="sm">
            {t('disponibilidade')}:{' '}
            <b>{data.disponibilidade_pct === null ? '—' : `${number(data.disponibilidade_pct, 2)} %`}</b>
          </Text>
        )}
      </Group>
      {!data && <Skeleton height={470} />}
      {data &&
        (['cpu', 'memoria', 'disco'] as const).map((metrica) => (
          <Paper key={metrica} withBorder p="sm">
            <Title order={3} size="h6" mb={4}>
              {t(metrica)}
            </Title>
            {data.series[metrica].length === 0 ? (
              <Text size="sm" c="dimmed" py="lg" ta="center">
                {t('sem_dados')}
              </Text>
            ) : (
              <Chart
                label={t(metrica)}
                points={data.series[metrica]}
                from={Date.parse(data.de)}
                to={Date.parse(data.ate)}
                stepMs={Math.max(data.passo_ms, 60_000)}
                marks={marksOf(data.anomalias, metrica)}
                sync={`maquina-${id}`}
                unit=" %"
                max={100}
              />
            )}
          </Paper>
        ))}
      {data &&
        Object.entries(data.extras).map(([nome, points]) => (
          <Paper key={nome} withBorder p="sm">
            <Title order={3} size="h6" mb={4}>
              {nome}
            </Title>
            <Chart
              label={nome}
              points={points}
              from={Date.parse(data.de)}
              to={Date.parse(data.ate)}
              stepMs={Math.max(data.passo_ms, 60_000)}
              marks={marksOf(data.anomalias, nome)}
              sync={`maquina-${id}`}
            />
          </Paper>
        ))}
      {data && data.anomalias.length > 0 && (
        <Paper withBorder p="sm">
          <Title order={3} size="h6" mb="xs">
            {t('anomalias')}
          </Title>
          <Stack gap={4}>
            {data.anomalias.slice(-shownAnomalies).map(({ em, metrica, texto }) => (
              <Text key={`${em} ${metrica}`} size="sm" component="div">
                {texto}{' '}
                <Text span size="xs" c="dimmed">
                  <When at={em} />
                </Text>
              </Text>
            ))}
          </Stack>
        </Paper>
      )}
    </Stack>
  );
}

function marksOf(anomalias: readonly { em: string; metrica: string; valor: number; texto: string }[], metrica: string) {
  return anomalias
    .filter((anomalia) => anomalia.metrica === metrica)
    .map(({ em, valor, texto }) => ({ em: Date.parse(em), valor, texto }));
}
