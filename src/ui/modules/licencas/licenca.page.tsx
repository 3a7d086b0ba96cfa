/** One licence. */

import { Anchor, Group, Progress, Stack, Text } from '@mantine/core';
import { IconBan, IconCircleCheck, IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call, callWithEtag, download } from '../../kit/api';
import { Secret } from '../../kit/copy';
import { EntityPage, EntityWaiting } from '../../kit/entity';
import { Confirm, ErrorState, failed, said } from '../../kit/feedback';
import { date } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { refresh } from '../../kit/query';
import { Status } from '../../kit/status';
import { useT } from '../../kit/texts';
import { useNow } from '../../kit/time';
import { HistoryTimeline } from '../../kit/timeline';
import { FaturasList } from '../faturas/faturas-list';
import { MaquinasList } from '../maquinas/maquinas-list';
import { EditarLicenca, RenovarLicenca } from './licenca-form';
import { licencasTexts } from './licencas.texts';
import { Seats } from './licencas-list';
import { PorQue } from './por-que';

export default function LicencaPage() {
  const { id = '' } = useParams({ strict: false });
  const t = useT(licencasTexts);
  const kit = useT(kitTexts);
  const [open, setOpen] = useState<'editar' | 'renovar' | 'bloquear' | 'cancelar' | null>(null);
  const query = useQuery({ queryKey: ['licencas', id], queryFn: () => callWithEtag(api.licencas({ id }).get()) });
  const clienteId = query.data?.data.cliente_id;
  const cliente = useQuery({
    queryKey: ['clientes', clienteId, 'nome'],
    enabled: clienteId !== undefined,
    queryFn: () => call(api.clientes({ id: clienteId ?? '' }).get()),
  });
  if (query.isPending) return <EntityWaiting />;
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  const { data: licenca, etag } = query.data;
  const covered = `${licenca.chave_prefixo}-•••••-•••••-•••••-•••••`;
  const everything = (): void => refresh('licencas', 'maquinas', 'painel');
  const close = (): void => setOpen(null);
  return (
    <>
      <EntityPage
        lista={{ href: '/licencas', rotulo: t('titulo') }}
        titulo={`${licenca.chave_prefixo}-•••••`}
        status={<Status value={licenca.status} />}
        subtitulo={
          <Anchor component={Link} to={`/clientes/${licenca.cliente_id}`} size="sm">
            {cliente.data?.nome ?? t('cliente')}
          </Anchor>
        }
        acoes={[
          ...(licenca.tipo === 'perpetua'
            ? []
            : [
                {
                  rotulo: t('renovar'),
                  icone: <IconRefresh size={16} aria-hidden />,
                  permissao: 'licencas:editar',
                  run: () => setOpen('renovar'),
                },
              ]),
          licenca.status === 'bloqueada'
            ? {
                rotulo: t('desbloquear'),
                icone: <IconCircleCheck size={16} aria-hidden />,
                permissao: 'licencas:bloquear',
                run: () =>
                  void call(api.licencas({ id }).desbloquear.post()).then(() => {
                    said(t('desbloqueada'));
                    everything();
                  }, failed),
              }
            : {
                rotulo: t('bloquear'),
                icone: <IconBan size={16} aria-hidden />,
                permissao: 'licencas:bloquear',
                perigo: true,
                run: () => setOpen('bloquear'),
              },
        ]}
        menu={[
          { rotulo: kit('editar'), permissao: 'licencas:editar', run: () => setOpen('editar') },
          {
            rotulo: t('arquivo'),
            run: () => void download(`/api/v1/licencas/${id}/arquivo`, `${licenca.chave_prefixo}.lic`).catch(failed),
          },
          { rotulo: t('cancelar'), permissao: 'licencas:excluir', perigo: true, run: () => setOpen('cancelar') },
        ]}
        fatos={[
          {
            rotulo: t('chave'),
            largo: true,
            valor: licenca.chave ? <Secret value={licenca.chave} covered={covered} label={t('chave')} /> : covered,
          },
          { rotulo: t('produto'), valor: licenca.produto },
          { rotulo: t('tipo'), valor: t(licenca.tipo) },
          { rotulo: t('expira_em'), valor: <Validity from={licenca.inicia_em} to={licenca.expira_em} /> },
          { rotulo: t('assentos'), valor: <Seats used={licenca.maquinas_ativas} limit={licenca.limite_maquinas} /> },
          { rotulo: t('recursos'), valor: licenca.recursos.join(', ') || '—' },
          { rotulo: t('renovacao_automatica'), valor: kit(licenca.renovacao_automatica ? 'sim' : 'nao') },
          { rotulo: t('offline_dias'), valor: licenca.offline_dias },
          ...(licenca.motivo_bloqueio ? [{ rotulo: t('motivo'), valor: licenca.motivo_bloqueio }] : []),
          ...(licenca.inadimplente ? [{ rotulo: t('status'), valor: t('inadimplente') }] : []),
        ]}
        abas={[
          {
            id: 'maquinas',
            rotulo: t('maquinas'),
            permissao: 'maquinas:ler',
            conteudo: () => <MaquinasList fixed={{ licenca_id: id }} />,
          },
          {
            id: 'faturas',
            rotulo: t('faturas'),
            permissao: 'faturas:ler',
            conteudo: () => <FaturasList fixed={{ licenca_id: id }} />,
          },
          ...(licenca.chave
            ? [{ id: 'por-que', rotulo: t('por_que'), conteudo: () => <PorQue chave={licenca.chave ?? ''} /> }]
            : []),
        ]}
        linhaDoTempo={<HistoryTimeline modulo="licencas" id={id} />}
      />
      {open === 'editar' && <EditarLicenca id={id} inicial={licenca} etag={etag} onClose={close} />}
      {open === 'renovar' && <RenovarLicenca id={id} onClose={close} />}
      {open === 'bloquear' && (
        <Confirm
          title={t('bloquear')}
          text={t('bloquear_texto')}
          action={t('bloquear')}
          danger
          reason="required"
          run={async (motivo) => {
            await call(api.licencas({ id }).bloquear.post({ motivo }));
            said(t('bloqueada'));
            everything();
          }}
          onClose={close}
        />
      )}
      {open === 'cancelar' && (
        <Confirm
          title={t('cancelar')}
          text={t('cancelar_texto')}
          action={t('cancelar')}
          danger
          typed={licenca.chave_prefixo}
          run={async () => {
            await call(api.licencas({ id }).cancelar.post());
            said(t('cancelada'));
            everything();
          }}
          onClose={close}
        />
      )}
    </>
  );
}

const dayMs = 86_400_000;
const soonDays = 30;

/** How much of a licence's time has passed. */
function Validity({ from, to }: { from: string; to: string | null }) {
  const t = useT(licencasTexts);
  const now = useNow();
  if (to === null) return t('sem_fim');
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const days = Math.ceil((end - now) / dayMs);
  return (
    <Stack gap={2}>
      <Group gap={6}>
        <Text size="sm">{date(to)}</Text>
        <Text size="xs" c="dimmed">
          {days >= 0 ? t('resta', { dias: days }) : t('acabou', { dias: -days })}
        </Text>
      </Group>
      <Progress
        value={Math.min(100, Math.max(0, ((now - start) / (end - start)) * 100))}
        size={4}
        color={days < 0 ? 'red' : days <= soonDays ? 'orange' : 'gray'}
        aria-label={t('expira_em')}
      />
    </Stack>
  );
}
