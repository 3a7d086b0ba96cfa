/** One webhook and what was delivered to it. */

import { Button, Code, Drawer, Group, Stack, Text } from '@mantine/core';
import { IconSend } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call, callWithEtag } from '../../kit/api';
import { EntityPage, EntityWaiting, Facts } from '../../kit/entity';
import { Confirm, ErrorState, failed, said } from '../../kit/feedback';
import { FormDrawer } from '../../kit/form';
import { number } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status, useSituacaoText } from '../../kit/status';
import { useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { eventTypeText } from '../eventos/event-text';
import { EditarWebhook } from './webhook-form';
import { Segredo } from './webhooks.page';
import { webhooksTexts } from './webhooks.texts';

export default function WebhookPage() {
  const { id = '' } = useParams({ strict: false });
  const t = useT(webhooksTexts);
  const kit = useT(kitTexts);
  const navigate = useNavigate();
  const [open, setOpen] = useState<'editar' | 'segredo' | 'excluir' | 'periodo' | null>(null);
  const [segredo, setSegredo] = useState<string | null>(null);
  const query = useQuery({ queryKey: ['webhooks', id], queryFn: () => callWithEtag(api.webhooks({ id }).get()) });
  if (query.isPending) return <EntityWaiting />;
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  const { data: webhook, etag } = query.data;
  const close = (): void => setOpen(null);
  return (
    <>
      <EntityPage
        lista={{ href: '/webhooks', rotulo: t('titulo') }}
        titulo={webhook.url}
        status={<Status value={webhook.ativo ? 'ativo' : 'inativo'} />}
        acoes={[
          {
            rotulo: t('testar'),
            icone: <IconSend size={16} aria-hidden />,
            permissao: 'webhooks:executar',
            run: () =>
              void call(api.webhooks({ id }).testar.post()).then(() => {
                said(t('testado'));
                refresh('entregas', 'webhooks');
              }, failed),
          },
          { rotulo: kit('editar'), permissao: 'webhooks:editar', run: () => setOpen('editar') },
        ]}
        menu={[
          { rotulo: t('trocar_segredo'), permissao: 'webhooks:editar', run: () => setOpen('segredo') },
          { rotulo: t('reenviar_periodo'), permissao: 'webhooks:executar', run: () => setOpen('periodo') },
          { rotulo: kit('excluir'), permissao: 'webhooks:excluir', perigo: true, run: () => setOpen('excluir') },
        ]}
        fatos={[
          { rotulo: t('eventos'), valor: webhook.eventos.join(', ') },
          ...(webhook.cliente_ids.length > 0
            ? [{ rotulo: t('clientes'), valor: number(webhook.cliente_ids.length) }]
            : []),
          { rotulo: t('falhando'), valor: <When at={webhook.falhando_desde} /> },
          ...(webhook.motivo_desativacao ? [{ rotulo: t('motivo'), valor: webhook.motivo_desativacao }] : []),
        ]}
        abas={[{ id: 'entregas', rotulo: t('entregas'), conteudo: () => <Entregas webhookId={id} /> }]}
      />
      {open === 'editar' && <EditarWebhook id={id} inicial={webhook} etag={etag} onClose={close} />}
      {open === 'segredo' && (
        <Confirm
          title={t('trocar_segredo')}
          text={t('trocar_texto')}
          action={t('trocar_segredo')}
          run={async () => setSegredo((await call(api.webhooks({ id }).segredo.post())).segredo)}
          onClose={close}
        />
      )}
      {open === 'periodo' && (
        <FormDrawer
          titulo={t('reenviar_periodo')}
          rotulo={t('reenviar')}
          campos={[
            { nome: 'de', rotulo: t('de'), tipo: 'momento', obrigatorio: true },
            { nome: 'ate', rotulo: t('ate'), tipo: 'momento', obrigatorio: true },
            { nome: 'apenas_falhas', rotulo: t('apenas_falhas'), tipo: 'sim_nao' },
          ]}
          inicial={{ apenas_falhas: true }}
          dito={t('reenviado')}
          enviar={async (values) => {
            const { reenviadas } = await call(api.webhooks({ id }).reenviar.post(loose(values)));
            said(t('reenviadas', { n: reenviadas }));
            refresh('entregas');
          }}
          onClose={close}
        />
      )}
      {open === 'excluir' && (
        <Confirm
          title={kit('excluir')}
          text={t('excluir_texto', { url: webhook.url })}
          action={kit('excluir')}
          danger
          typed={new URL(webhook.url).hostname}
          run={async () => {
            await call(api.webhooks({ id }).delete());
            said(kit('feito'));
            refresh('webhooks');
            void navigate({ to: '/webhooks' });
          }}
          onClose={close}
        />
      )}
      {segredo && <Segredo value={segredo} onClose={() => setSegredo(null)} />}
    </>
  );
}

const statuses = ['pendente', 'entregue', 'morta'] as const;

interface Entrega {
  id: string;
  tipo: string;
  status: string;
  tentativas: number;
  criada_em: string;
  tentada_em: string | null;
  proxima_em: string | null;
  duracao_ms: number | null;
  requisicao: { url: string; cabecalhos: Record<string, string>; corpo: string } | null;
  resposta: { status: number; corpo: string } | null;
  erro: string | null;
}

/** What was sent, what came back, and once more on request. */
function Entregas({ webhookId }: { webhookId: string }) {
  const t = useT(webhooksTexts);
  const situacao = useSituacaoText();
  const [shown, setShown] = useState<Entrega | null>(null);
  return (
    <>
      <List
        nome="entregas"
        titulo={t('entregas')}
        embedded
        semBusca
        fixed={{ webhook: webhookId }}
        fetch={({ webhook: _, ...query }) =>
          call(api.webhooks({ id: webhookId }).entregas.get({ query: loose(query) }))
        }
        filters={[
          {
            campo: 'status',
            rotulo: t('status'),
            opcoes: statuses.map((value) => ({ value, label: situacao(value) })),
          },
        ]}
        columns={[
          {
            id: 'tipo',
            titulo: t('tipo'),
            largura: 'minmax(160px, 2fr)',
            render: (row) => (
              <Button variant="transparent" size="compact-sm" px={0} c="inherit" onClick={() => setShown(row)}>
                {eventTypeText(row.tipo)}
              </Button>
            ),
            texto: ({ tipo }) => tipo,
          },
          {
            id: 'status',
            titulo: t('status'),
            largura: '130px',
            render: ({ status }) => <Status value={status} />,
            texto: ({ status }) => status,
          },
          {
            id: 'resposta',
            titulo: t('resposta'),
            largura: '100px',
            render: ({ resposta, erro }) => resposta?.status ?? (erro ? '—' : ''),
            texto: ({ resposta }) => String(resposta?.status ?? ''),
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
            id: 'quando',
            titulo: t('quando'),
            largura: '120px',
            render: (row) => <When at={row.criada_em} />,
            texto: (row) => row.criada_em,
          },
        ]}
        empty={{ titulo: t('sem_entregas'), texto: t('vazio_texto') }}
      />
      {shown && <EntregaDrawer entrega={shown} onClose={() => setShown(null)} />}
    </>
  );
}

function EntregaDrawer({ entrega, onClose }: { entrega: Entrega; onClose(): void }) {
  const t = useT(webhooksTexts);
  const kit = useT(kitTexts);
  const can = useCan();
  const { requisicao, resposta } = entrega;
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={eventTypeText(entrega.tipo)}
      closeButtonProps={{ 'aria-label': kit('fechar') }}
    >
      <Stack>
        <Group>
          <Status value={entrega.status} />
          {can('webhooks:executar') && (
            <Button
              size="xs"
              variant="default"
              onClick={() =>
                void call(api.webhooks.entregas({ id: entrega.id }).reenviar.post()).then(() => {
                  said(t('reenviado'));
                  refresh('entregas');
                  onClose();
                }, failed)
              }
            >
              {t('reenviar')}
            </Button>
          )}
        </Group>
        <Facts
          facts={[
            { rotulo: t('tentativas'), valor: entrega.tentativas },
            { rotulo: t('quando'), valor: <When at={entrega.tentada_em} /> },
            { rotulo: t('duracao'), valor: entrega.duracao_ms === null ? '—' : `${number(entrega.duracao_ms)} ms` },
            { rotulo: t('proxima'), valor: <When at={entrega.proxima_em} /> },
            ...(entrega.erro ? [{ rotulo: t('erro'), valor: entrega.erro }] : []),
          ]}
        />
        {requisicao && (
          <>
            <Text fw={600} size="sm">
              {t('pedido')}
            </Text>
            <Code block>
              {Object.entries(requisicao.cabecalhos)
                .map(([name, value]) => `${name}: ${value}`)
                .join('\n')}
              {'\n\n'}
              {requisicao.corpo}
            </Code>
          </>
        )}
        {resposta && (
          <>
            <Text fw={600} size="sm">
              {t('resposta')} {resposta.status}
            </Text>
            <Code block>{resposta.corpo || '—'}</Code>
          </>
        )}
      </Stack>
    </Drawer>
  );
}
