/** The list of webhooks. */

import { Button, Modal, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { api, call } from '../../kit/api';
import { Copyable } from '../../kit/copy';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status } from '../../kit/status';
import { useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { NovoWebhook } from './webhook-form';
import { webhooksTexts } from './webhooks.texts';

export default function WebhooksPage() {
  const t = useT(webhooksTexts);
  const can = useCan();
  const [creating, setCreating] = useState(false);
  const [segredo, setSegredo] = useState<string | null>(null);
  const button = can('webhooks:criar') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {t('novo')}
    </Button>
  );
  return (
    <>
      <List
        nome="webhooks"
        titulo={t('titulo')}
        descricao={t('descricao')}
        semBusca
        fetch={(query) => call(api.webhooks.get({ query: loose(query) }))}
        link={({ id }) => `/webhooks/${id}`}
        actions={button}
        columns={[
          {
            id: 'url',
            titulo: t('url'),
            largura: 'minmax(220px, 2fr)',
            render: ({ url }) => url,
            texto: ({ url }) => url,
          },
          {
            id: 'status',
            titulo: t('status'),
            largura: '110px',
            render: ({ ativo }) => <Status value={ativo ? 'ativo' : 'inativo'} />,
            texto: ({ ativo }) => String(ativo),
          },
          {
            id: 'eventos',
            titulo: t('eventos'),
            render: ({ eventos }) => eventos.join(', '),
            texto: ({ eventos }) => eventos.join(' '),
          },
          {
            id: 'falhando',
            titulo: t('falhando'),
            largura: '140px',
            render: (row) => <When at={row.falhando_desde} />,
            texto: (row) => row.falhando_desde ?? '',
          },
        ]}
        empty={{ titulo: t('vazio_titulo'), texto: t('vazio_texto'), acao: button }}
      />
      {creating && (
        <NovoWebhook
          created={(secret) => {
            refresh('webhooks');
            setSegredo(secret);
          }}
          onClose={() => setCreating(false)}
        />
      )}
      {segredo && <Segredo value={segredo} onClose={() => setSegredo(null)} />}
    </>
  );
}

export function Segredo({ value, onClose }: { value: string; onClose(): void }) {
  const t = useT(webhooksTexts);
  const kit = useT(kitTexts);
  return (
    <Modal opened onClose={onClose} title={t('titulo')} closeButtonProps={{ 'aria-label': kit('fechar') }}>
      <Stack>
        <Text size="sm">{t('segredo')}</Text>
        <Copyable value={value} block />
        <Button onClick={onClose}>{kit('fechar')}</Button>
      </Stack>
    </Modal>
  );
}
