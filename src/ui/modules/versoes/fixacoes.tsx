/** The versions that a customer's or a machine's software is held at. */

import { Button, Group, Paper, Stack, Text } from '@mantine/core';
import { IconPin } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '../../kit/api';
import { Confirm, ErrorState, said } from '../../kit/feedback';
import { FormDrawer } from '../../kit/form';
import { date } from '../../kit/format';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { defineTexts, useT } from '../../kit/texts';
import { useCatalogo } from '../licencas/licenca-form';

const texts = defineTexts('fixacoes', {
  titulo: ['Versão fixada', 'Pinned version'],
  explica: [
    'Fixar segura o software em uma versão: não passa dela, e ela é oferecida de qualquer canal e fora da distribuição gradual.',
    'A pin holds the software at a version: it goes no further, and gets that one from any channel and outside of the rollout.',
  ],
  nenhuma: [
    'Nenhuma versão fixada: recebe a mais nova que for compatível.',
    'Nothing pinned: gets the newest that fits.',
  ],
  fixar: ['Fixar versão', 'Pin a version'],
  fixada: ['Versão fixada', 'Version pinned'],
  soltar: ['Soltar', 'Unpin'],
  soltar_texto: [
    'Volta a receber a versão mais nova que for compatível; agora está em {{versao}}.',
    'Gets the newest version that fits again; now held at {{versao}}.',
  ],
  solta: ['Fixação desfeita', 'Unpinned'],
  versao: ['Versão', 'Version'],
  produto: ['Produto', 'Product'],
  produto_ajuda: ['O da licença da máquina, se não for dito.', "That of the machine's licence when not said."],
  motivo: ['Motivo', 'Reason'],
  desde: ['desde {{dia}}', 'since {{dia}}'],
});

/** Few: one a product. */
const fixacoesMax = 50;

export function Fixacoes({ alvo, alvoId }: { alvo: 'cliente' | 'maquina'; alvoId: string }) {
  const t = useT(texts);
  const can = useCan();
  const { produtos } = useCatalogo();
  const [pinning, setPinning] = useState(false);
  const [releasing, setReleasing] = useState<{ id: string; versao: string } | null>(null);
  const query = useQuery({
    queryKey: ['versoes', 'fixacoes', alvoId],
    queryFn: () => call(api.uploads.fixacoes.get({ query: { alvo_id: alvoId, limite: fixacoesMax } })),
  });
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  const itens = query.data?.itens ?? [];
  const produtoDe = (id: string): string => produtos.find((one) => one.id === id)?.nome ?? t('produto');
  return (
    <Stack gap="sm">
      <Group justify="space-between" align="flex-start">
        <Text size="sm" c="dimmed" flex={1} miw={200}>
          {query.data && itens.length === 0 ? t('nenhuma') : t('explica')}
        </Text>
        {can('uploads:editar') && (
          <Button variant="default" leftSection={<IconPin size={16} aria-hidden />} onClick={() => setPinning(true)}>
            {t('fixar')}
          </Button>
        )}
      </Group>
      {itens.map(({ id, produto_id, versao, motivo, criado_em }) => (
        <Paper key={id} withBorder p="sm">
          <Group justify="space-between">
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              {produtoDe(produto_id)} <b>{versao}</b> · {t('desde', { dia: date(criado_em) })}
              {motivo && ` · ${motivo}`}
            </Text>
            {can('uploads:editar') && (
              <Button size="compact-sm" variant="subtle" onClick={() => setReleasing({ id, versao })}>
                {t('soltar')}
              </Button>
            )}
          </Group>
        </Paper>
      ))}
      {pinning && (
        <FormDrawer
          titulo={t('fixar')}
          rotulo={t('fixar')}
          dito={t('fixada')}
          campos={[
            { nome: 'versao', rotulo: t('versao'), tipo: 'texto', obrigatorio: true, exemplo: '2.0.3' },
            {
              nome: 'produto',
              rotulo: t('produto'),
              tipo: 'escolha',
              opcoes: produtos.map(({ slug, nome }) => ({ value: slug, label: nome })),
              ...(alvo === 'maquina' ? { ajuda: t('produto_ajuda') } : { obrigatorio: true }),
            },
            { nome: 'motivo', rotulo: t('motivo'), tipo: 'texto' },
          ]}
          inicial={alvo === 'cliente' ? { produto: 'padrao' } : {}}
          enviar={async (values) => {
            await call(api.uploads.fixacoes.post(loose({ ...values, alvo, alvo_id: alvoId })));
            refresh('versoes');
          }}
          onClose={() => setPinning(false)}
        />
      )}
      {releasing && (
        <Confirm
          title={t('soltar')}
          text={t('soltar_texto', { versao: releasing.versao })}
          action={t('soltar')}
          run={async () => {
            await call(api.uploads.fixacoes({ id: releasing.id }).delete());
            said(t('solta'));
            refresh('versoes');
          }}
          onClose={() => setReleasing(null)}
        />
      )}
    </Stack>
  );
}
