/** One customer. */

import { Group, Stack, Text, Tooltip } from '@mantine/core';
import { IconBan, IconCircleCheck, IconEdit } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call, callWithEtag, download } from '../../kit/api';
import { EntityPage, EntityWaiting } from '../../kit/entity';
import { Confirm, ErrorState, failed, said } from '../../kit/feedback';
import { date, documento } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { refresh } from '../../kit/query';
import { Status, useSituacaoText } from '../../kit/status';
import { useT } from '../../kit/texts';
import { HistoryTimeline } from '../../kit/timeline';
import { FaturasList } from '../faturas/faturas-list';
import { LicencasList } from '../licencas/licencas-list';
import { MaquinasList } from '../maquinas/maquinas-list';
import { Fixacoes } from '../versoes/fixacoes';
import { EditarCliente } from './cliente-form';
import { clientesTexts } from './clientes.texts';
import { Risco } from './risco';

export default function ClientePage() {
  const { id = '' } = useParams({ strict: false });
  const t = useT(clientesTexts);
  const kit = useT(kitTexts);
  const [open, setOpen] = useState<'editar' | 'bloquear' | 'cancelar' | 'anonimizar' | null>(null);
  const query = useQuery({ queryKey: ['clientes', id], queryFn: () => callWithEtag(api.clientes({ id }).get()) });
  if (query.isPending) return <EntityWaiting />;
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  const { data: cliente, etag } = query.data;
  const close = (): void => setOpen(null);
  const everything = (): void => refresh('clientes', 'licencas', 'maquinas', 'painel');
  async function activate(): Promise<void> {
    try {
      await call(api.clientes({ id }).ativar.post());
      said(t('ativado'));
    } catch (error) {
      failed(error);
    }
    everything();
  }
  return (
    <>
      <EntityPage
        lista={{ href: '/clientes', rotulo: t('titulo') }}
        titulo={cliente.nome}
        status={<Status value={cliente.status} />}
        subtitulo={cliente.email}
        acoes={[
          {
            rotulo: kit('editar'),
            icone: <IconEdit size={16} aria-hidden />,
            permissao: 'clientes:editar',
            run: () => setOpen('editar'),
          },
          cliente.status === 'ativo'
            ? {
                rotulo: t('bloquear'),
                icone: <IconBan size={16} aria-hidden />,
                permissao: 'clientes:bloquear',
                perigo: true,
                run: () => setOpen('bloquear'),
              }
            : {
                rotulo: t('ativar'),
                icone: <IconCircleCheck size={16} aria-hidden />,
                permissao: 'clientes:bloquear',
                run: () => void activate(),
              },
        ]}
        menu={[
          {
            rotulo: t('exportar_lgpd'),
            permissao: 'clientes:ler',
            run: () => void download(`/api/v1/clientes/${id}/exportar`, `cliente-${id}.json`).catch(failed),
          },
          { rotulo: t('cancelar'), permissao: 'clientes:excluir', perigo: true, run: () => setOpen('cancelar') },
          { rotulo: t('anonimizar'), permissao: 'clientes:excluir', perigo: true, run: () => setOpen('anonimizar') },
        ]}
        fatos={[
          { rotulo: t('documento'), valor: documento(cliente.documento) || '—' },
          { rotulo: t('telefone'), valor: cliente.telefone },
          { rotulo: t('tipo'), valor: cliente.tipo },
          { rotulo: t('criado_em'), valor: date(cliente.criado_em) },
          ...(cliente.motivo_bloqueio ? [{ rotulo: t('motivo_bloqueio'), valor: cliente.motivo_bloqueio }] : []),
        ]}
        abas={[
          {
            id: 'licencas',
            rotulo: t('licencas'),
            permissao: 'licencas:ler',
            conteudo: () => <LicencasList clienteId={id} />,
          },
          {
            id: 'maquinas',
            rotulo: t('maquinas'),
            permissao: 'maquinas:ler',
            conteudo: () => (
              <Stack>
                <Squares clienteId={id} />
                <MaquinasList fixed={{ cliente_id: id }} />
              </Stack>
            ),
          },
          {
            id: 'faturas',
            rotulo: t('faturas'),
            permissao: 'faturas:ler',
            conteudo: () => <FaturasList fixed={{ cliente_id: id }} />,
          },
          {
            id: 'versoes',
            rotulo: t('versoes'),
            permissao: 'uploads:ler',
            conteudo: () => <Fixacoes alvo="cliente" alvoId={id} />,
          },
          { id: 'risco', rotulo: t('risco'), permissao: 'ml:ler', conteudo: () => <Risco clienteId={id} /> },
        ]}
        linhaDoTempo={<HistoryTimeline modulo="clientes" id={id} />}
      />
      {open === 'editar' && <EditarCliente id={id} inicial={cliente} etag={etag} onClose={close} />}
      {open === 'bloquear' && (
        <Confirm
          title={t('bloquear_titulo', { nome: cliente.nome })}
          text={t('bloquear_texto')}
          action={t('bloquear')}
          danger
          reason="required"
          run={async (motivo) => {
            await call(api.clientes({ id }).bloquear.post({ motivo }));
            said(t('bloqueado'));
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
          typed={cliente.nome}
          run={async () => {
            await call(api.clientes({ id }).cancelar.post());
            said(t('cancelado'));
            everything();
          }}
          onClose={close}
        />
      )}
      {open === 'anonimizar' && (
        <Confirm
          title={t('anonimizar')}
          text={t('anonimizar_texto')}
          action={t('anonimizar')}
          danger
          typed={cliente.nome}
          run={async () => {
            await call(api.clientes({ id }).anonimizar.post());
            said(t('anonimizado'));
            everything();
          }}
          onClose={close}
        />
      )}
    </>
  );
}

const squareColours: Readonly<Record<string, string>> = {
  online: 'var(--mantine-color-green-6)',
  offline: 'var(--mantine-color-orange-6)',
  bloqueada: 'var(--mantine-color-red-6)',
};

/** The states of a customer's machines at a glance, one small square each. */
function Squares({ clienteId }: { clienteId: string }) {
  const situacao = useSituacaoText();
  const { data } = useQuery({
    queryKey: ['maquinas', 'quadrados', clienteId],
    queryFn: () => call(api.maquinas.get({ query: { cliente_id: clienteId, limite: 200 } })),
  });
  if (!data || data.itens.length === 0) return null;
  return (
    <Group gap={4}>
      {data.itens.map(({ id, nome, status }) => (
        <Tooltip key={id} label={`${nome}: ${situacao(status)}`}>
          <Text
            component={Link}
            to={`/maquinas/${id}`}
            aria-label={`${nome}: ${situacao(status)}`}
            className="quadrado"
            style={{ background: squareColours[status] ?? 'var(--mantine-color-gray-5)' }}
          />
        </Tooltip>
      ))}
    </Group>
  );
}
