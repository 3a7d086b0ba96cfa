/** How likely a customer is to leave, by what, and what to do about it. */

import { Alert, List as Bullets, Group, Paper, Progress, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ApiError, api, call } from '../../kit/api';
import { ErrorState } from '../../kit/feedback';
import { percent } from '../../kit/format';
import { Status } from '../../kit/status';
import { useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { clientesTexts } from './clientes.texts';

export function Risco({ clienteId }: { clienteId: string }) {
  const t = useT(clientesTexts);
  const query = useQuery({
    queryKey: ['ml', 'churn', clienteId],
    queryFn: () => call(api.ml.churn({ cliente_id: clienteId }).get()),
  });
  if (query.isPending) return null;
  if (query.error instanceof ApiError && query.error.status === 404) {
    return (
      <Text size="sm" c="dimmed">
        {t('risco_sem')}
      </Text>
    );
  }
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  const { probabilidade, classe, base, fatores, sugestoes, modelo, calculado_em } = query.data;
  const largest = Math.max(0.01, ...fatores.map(({ contribuicao }) => Math.abs(contribuicao)));
  return (
    <Stack>
      <Group>
        <Text fz={28} fw={600}>
          {percent(probabilidade)}
        </Text>
        <Status value={classe} />
        <Text size="xs" c="dimmed" component="div">
          {modelo} · <When at={calculado_em} />
        </Text>
      </Group>
      <Paper withBorder p="md">
        <Stack gap="xs">
          {fatores.map(({ nome, texto, contribuicao }) => (
            <div key={nome}>
              <Text size="sm">{texto}</Text>
              <Progress
                value={(Math.abs(contribuicao) / largest) * 100}
                color={contribuicao > 0 ? 'red' : 'gray'}
                size="sm"
                aria-label={texto}
              />
            </div>
          ))}
          <Text size="xs" c="dimmed">
            {t('risco_base', { base: percent(base) })}
          </Text>
        </Stack>
      </Paper>
      {sugestoes.length > 0 && (
        <Alert
          title={
            <Title order={3} size="h6">
              {t('sugestoes')}
            </Title>
          }
        >
          <Bullets size="sm">
            {sugestoes.map((sugestao) => (
              <Bullets.Item key={sugestao}>{sugestao}</Bullets.Item>
            ))}
          </Bullets>
        </Alert>
      )}
    </Stack>
  );
}
