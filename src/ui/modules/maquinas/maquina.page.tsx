/** One machine. */

import { Alert, Anchor, Button, Modal, Stack, Text } from '@mantine/core';
import { IconBan, IconCircleCheck, IconSend } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call, callWithEtag, download } from '../../kit/api';
import { Copyable } from '../../kit/copy';
import { EntityPage, EntityWaiting } from '../../kit/entity';
import { Confirm, ErrorState, failed, said } from '../../kit/feedback';
import { FormDrawer, ifMatch, revisionOf } from '../../kit/form';
import { date } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { loose, refresh } from '../../kit/query';
import { Status } from '../../kit/status';
import { useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { HistoryTimeline } from '../../kit/timeline';
import { Fixacoes } from '../versoes/fixacoes';
import { ComandosDaMaquina, EnviarComando, Way } from './comandos';
import { maquinasTexts } from './maquinas.texts';
import { Metricas } from './metricas';

/** While a block is on its way, every second counts. */
const watchingMs = 1_000;
const calmMs = 15_000;

export default function MaquinaPage() {
  const { id = '' } = useParams({ strict: false });
  const t = useT(maquinasTexts);
  const kit = useT(kitTexts);
  const navigate = useNavigate();
  const [open, setOpen] = useState<'bloquear' | 'comando' | 'editar' | 'token' | 'excluir' | null>(null);
  const [token, setToken] = useState<string | null>(null);
  const query = useQuery({
    queryKey: ['maquinas', id],
    queryFn: () => callWithEtag(api.maquinas({ id }).get()),
    refetchInterval: ({ state }) => (isOnItsWay(state.data?.data) ? watchingMs : calmMs),
  });
  const clienteId = query.data?.data.cliente_id;
  const cliente = useQuery({
    queryKey: ['clientes', clienteId, 'nome'],
    enabled: clienteId !== undefined,
    queryFn: () => call(api.clientes({ id: clienteId ?? '' }).get()),
  });
  if (query.isPending) return <EntityWaiting />;
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  const { data: maquina, etag } = query.data;
  const close = (): void => setOpen(null);
  const ownBlock = maquina.codigo === 'MAQUINA_BLOQUEADA';
  return (
    <>
      <EntityPage
        lista={{ href: '/maquinas', rotulo: t('titulo') }}
        titulo={maquina.nome}
        status={<Status value={maquina.status} />}
        subtitulo={
          <>
            <Anchor component={Link} to={`/clientes/${maquina.cliente_id}`} size="sm">
              {cliente.data?.nome ?? t('cliente')}
            </Anchor>
            {' · '}
            <Anchor component={Link} to={`/licencas/${maquina.licenca_id}`} size="sm">
              {t('licenca')}
            </Anchor>
          </>
        }
        acoes={[
          ownBlock
            ? {
                rotulo: t('desbloquear'),
                icone: <IconCircleCheck size={16} aria-hidden />,
                permissao: 'maquinas:bloquear',
                run: () =>
                  void call(api.maquinas({ id }).desbloquear.post()).then(() => {
                    said(t('desbloqueada'));
                    refresh('maquinas');
                  }, failed),
              }
            : {
                rotulo: t('bloquear'),
                icone: <IconBan size={16} aria-hidden />,
                permissao: 'maquinas:bloquear',
                perigo: true,
                run: () => setOpen('bloquear'),
              },
          {
            rotulo: t('comando'),
            icone: <IconSend size={16} aria-hidden />,
            permissao: 'maquinas:executar',
            run: () => setOpen('comando'),
          },
        ]}
        menu={[
          { rotulo: t('editar'), permissao: 'maquinas:editar', run: () => setOpen('editar') },
          {
            rotulo: t('exportar'),
            run: () => void download(`/api/v1/maquinas/${id}/export`, `${maquina.nome}.csv`).catch(failed),
          },
          { rotulo: t('trocar_token'), permissao: 'maquinas:editar', perigo: true, run: () => setOpen('token') },
          { rotulo: t('excluir'), permissao: 'maquinas:excluir', perigo: true, run: () => setOpen('excluir') },
        ]}
        fatos={[
          { rotulo: t('versao'), valor: maquina.versao },
          { rotulo: t('so'), valor: maquina.so },
          { rotulo: t('arquitetura'), valor: maquina.arquitetura },
          { rotulo: t('hostname'), valor: maquina.hostname },
          { rotulo: t('ip'), valor: maquina.ip },
          { rotulo: t('visto'), valor: <When at={maquina.ultimo_heartbeat_em} /> },
          { rotulo: t('registrada'), valor: date(maquina.criado_em) },
          {
            rotulo: t('impressao'),
            valor: (
              <Text size="xs" truncate title={maquina.impressao}>
                {maquina.impressao}
              </Text>
            ),
          },
        ]}
        destaque={
          (maquina.bloqueada || maquina.revisao > 1) &&
          maquina.bloqueio_enviado_em !== null && <BlockWay maquina={maquina} />
        }
        abas={[
          { id: 'metricas', rotulo: t('metricas'), conteudo: () => <Metricas id={id} /> },
          { id: 'comandos', rotulo: t('comandos'), conteudo: () => <ComandosDaMaquina id={id} /> },
          {
            id: 'versoes',
            rotulo: t('versoes'),
            permissao: 'uploads:ler',
            conteudo: () => <VersoesDaMaquina id={id} />,
          },
        ]}
        linhaDoTempo={<HistoryTimeline modulo="maquinas" id={id} />}
      />
      {open === 'bloquear' && (
        <Confirm
          title={t('bloquear_titulo', { nome: maquina.nome })}
          text={t('bloquear_texto')}
          action={t('bloquear')}
          danger
          reason="required"
          run={async (motivo) => {
            await call(api.maquinas({ id }).bloquear.post({ motivo }));
            said(t('bloqueada'));
            refresh('maquinas', 'painel');
          }}
          onClose={close}
        />
      )}
      {open === 'comando' && (
        <EnviarComando
          enviar={async (body) => {
            await call(api.maquinas({ id }).comandos.post(loose(body)));
            refresh('maquinas');
            void navigate({ to: '.', search: { aba: 'comandos' } });
          }}
          onClose={close}
        />
      )}
      {open === 'editar' && (
        <FormDrawer
          titulo={t('editar')}
          campos={[
            { nome: 'nome', rotulo: t('nome'), tipo: 'texto', obrigatorio: true },
            ...(['hostname', 'so', 'arquitetura', 'versao'] as const).map((nome) => ({
              nome,
              rotulo: t(nome),
              tipo: 'texto' as const,
              anulavel: true,
            })),
          ]}
          inicial={maquina}
          revisao={revisionOf(etag, () => callWithEtag(api.maquinas({ id }).get()))}
          enviar={async (values, revision) => {
            await call(api.maquinas({ id }).put(loose(values), ifMatch(revision)));
          }}
          onClose={() => {
            refresh('maquinas');
            close();
          }}
        />
      )}
      {open === 'token' && (
        <Confirm
          title={t('trocar_token')}
          text={t('trocar_token_texto')}
          action={t('trocar_token')}
          danger
          typed={maquina.nome}
          run={async () => {
            setToken((await call(api.maquinas({ id }).token.post())).token);
          }}
          onClose={close}
        />
      )}
      {open === 'excluir' && (
        <Confirm
          title={t('excluir')}
          text={t('excluir_texto')}
          action={t('excluir')}
          danger
          typed={maquina.nome}
          run={async () => {
            await call(api.maquinas({ id }).delete());
            said(t('excluida'));
            refresh('maquinas', 'licencas');
            void navigate({ to: '/maquinas' });
          }}
          onClose={close}
        />
      )}
      {token && (
        <Modal
          opened
          onClose={() => setToken(null)}
          title={t('trocar_token')}
          closeButtonProps={{ 'aria-label': kit('fechar') }}
        >
          <Stack>
            <Text size="sm">{t('token_novo')}</Text>
            <Copyable value={token} block />
            <Button onClick={() => setToken(null)}>{kit('fechar')}</Button>
          </Stack>
        </Modal>
      )}
    </>
  );
}

interface Blocked {
  bloqueada: boolean;
  bloqueio_enviado_em: string | null;
  bloqueio_entregue_em: string | null;
  bloqueio_aplicado_em: string | null;
  bloqueio_recusado_em: string | null;
  bloqueio_detalhe: string | null;
}

function isOnItsWay(maquina: Blocked | undefined): boolean {
  return Boolean(maquina?.bloqueio_enviado_em && !maquina.bloqueio_aplicado_em && !maquina.bloqueio_recusado_em);
}

/** How far the last block or unblock has come. */
function BlockWay({ maquina }: { maquina: Blocked }) {
  const t = useT(maquinasTexts);
  return (
    <Alert
      color={maquina.bloqueada ? 'red' : 'gray'}
      title={t(maquina.bloqueada ? 'bloqueio' : 'desbloqueio')}
      role="status"
    >
      <Way
        steps={[
          [t('enviado'), maquina.bloqueio_enviado_em],
          [t('entregue'), maquina.bloqueio_entregue_em],
          [t('aplicado'), maquina.bloqueio_aplicado_em],
          [t('recusado'), maquina.bloqueio_recusado_em],
        ]}
      />
      {isOnItsWay(maquina) && (
        <Text size="xs" c="dimmed">
          {t('esperando')}…
        </Text>
      )}
      {maquina.bloqueio_detalhe && <Text size="xs">{maquina.bloqueio_detalhe}</Text>}
    </Alert>
  );
}

function VersoesDaMaquina({ id }: { id: string }) {
  const t = useT(maquinasTexts);
  const query = useQuery({
    queryKey: ['versoes', 'da-maquina', id],
    queryFn: () => call(api.uploads.adocao({ id }).get()),
  });
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  return (
    <Stack gap={4}>
      <Fixacoes alvo="maquina" alvoId={id} />
      {query.data?.itens.map(({ versao, desde, ate }) => (
        <Text key={`${versao} ${desde}`} size="sm">
          <b>{versao}</b> · {t('desde')} {date(desde)} · {t('ate')} {ate ? date(ate) : t('agora')}
        </Text>
      ))}
    </Stack>
  );
}
