/** Commands to machines: sent, and how each one went. */

import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { api, call } from '../../kit/api';
import { ErrorState, failed } from '../../kit/feedback';
import { FormDrawer } from '../../kit/form';
import type { Values } from '../../kit/form-field';
import { clockTime } from '../../kit/format';
import { refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status } from '../../kit/status';
import { useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { maquinasTexts } from './maquinas.texts';

const tipos = ['atualizar', 'reiniciar', 'coletar', 'mensagem'] as const;
const openEveryMs = 2_000;
const waiting = new Set(['na_fila', 'enviado', 'recebido']);

interface SendProps {
  enviar(body: Values): Promise<unknown>;
  onClose(): void;
}

export function EnviarComando({ enviar, onClose }: SendProps) {
  const t = useT(maquinasTexts);
  return (
    <FormDrawer
      titulo={t('comando')}
      rotulo={t('comando')}
      dito={t('comando_enviado')}
      campos={[
        {
          nome: 'tipo',
          rotulo: t('comando_tipo'),
          tipo: 'escolha',
          obrigatorio: true,
          opcoes: tipos.map((value) => ({ value, label: t(value) })),
        },
        {
          nome: 'texto',
          rotulo: t('texto'),
          tipo: 'longo',
          obrigatorio: false,
          quando: ({ tipo }) => tipo === 'mensagem',
        },
        {
          nome: 'dados',
          rotulo: t('dados'),
          ajuda: t('dados_ajuda'),
          tipo: 'json',
          quando: ({ tipo }) => tipo !== 'mensagem',
        },
        { nome: 'expira_em', rotulo: t('expira_em'), tipo: 'momento' },
      ]}
      inicial={{ tipo: 'mensagem' }}
      enviar={({ texto, ...body }) => enviar(texto === undefined ? body : { ...body, dados: { texto } })}
      onClose={onClose}
    />
  );
}

export function ComandosDaMaquina({ id }: { id: string }) {
  const t = useT(maquinasTexts);
  const can = useCan();
  const query = useQuery({
    queryKey: ['maquinas', id, 'comandos'],
    queryFn: () => call(api.maquinas({ id }).comandos.get({ query: { limite: 50, ordem: '-criado_em' } })),
    refetchInterval: ({ state }) => (state.data?.itens.some(({ status }) => waiting.has(status)) ? openEveryMs : false),
  });
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  if (query.data?.itens.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t('sem_comandos')}
      </Text>
    );
  }
  return (
    <Stack gap="xs">
      {query.data?.itens.map((comando) => (
        <Paper key={comando.id} withBorder p="sm">
          <Group justify="space-between">
            <Group gap="sm">
              <Text size="sm" fw={500}>
                {t(comando.tipo)}
              </Text>
              <Status value={comando.status} />
            </Group>
            <Group gap="sm">
              <Text size="xs" c="dimmed" component="div">
                <When at={comando.criado_em} />
              </Text>
              {waiting.has(comando.status) && can('maquinas:executar') && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="gray"
                  onClick={() =>
                    void call(api.maquinas({ id }).comandos({ comando: comando.id }).cancelar.post()).then(
                      () => refresh('maquinas'),
                      failed,
                    )
                  }
                >
                  {t('cancelar_comando')}
                </Button>
              )}
            </Group>
          </Group>
          <Way
            steps={[
              [t('enviado'), comando.enviado_em],
              [t('entregue'), comando.recebido_em],
              [t('aplicado'), comando.status === 'aplicado' ? comando.concluido_em : null],
            ]}
          />
          {comando.detalhe && (
            <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
              {comando.detalhe}
            </Text>
          )}
        </Paper>
      ))}
    </Stack>
  );
}

/** How far something has come on its way to the machine, with the times: sent → delivered → applied. */
export function Way({ steps }: { steps: readonly (readonly [string, string | null])[] }) {
  const reached = steps.filter(([, at]) => at !== null);
  return (
    <Text size="xs" c="dimmed" component="div" className="caminho">
      {reached.map(([word, at], index) => (
        <span key={word}>
          {index > 0 && ' → '}
          {word} <b>{clockTime(at ?? 0)}</b>
        </span>
      ))}
    </Text>
  );
}
