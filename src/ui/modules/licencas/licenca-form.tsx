/** A licence's fields, new and edited, and its renewal. */

import { Alert, Anchor, Button, Drawer, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call, callWithEtag } from '../../kit/api';
import { Copyable } from '../../kit/copy';
import { FormDrawer, ifMatch, revisionOf } from '../../kit/form';
import { type Field, localMoment, type Values } from '../../kit/form-field';
import { kitTexts } from '../../kit/kit.texts';
import { loose, refresh } from '../../kit/query';
import { useT } from '../../kit/texts';
import { licencasTexts } from './licencas.texts';
import { licencaTipos } from './licencas-list';

/** Customers by what was typed, for a choice. */
export async function findClientes(busca: string) {
  const query = { limite: 20, ...(busca ? { busca } : {}) };
  const { itens } = await call(api.clientes.get({ query }));
  return itens.map(({ id, nome }) => ({ value: id, label: nome }));
}

/** The names of chosen customers; one that is gone keeps its id. */
export async function nameClientes(ids: readonly string[]) {
  const named: { value: string; label: string }[] = [];
  for (const id of ids) {
    const label = await call(api.clientes({ id }).get()).then(
      ({ nome }) => nome,
      () => id,
    );
    named.push({ value: id, label });
  }
  return named;
}

/** Products and plans, of which an installation has few. */
export function useCatalogo() {
  const produtos = useQuery({
    queryKey: ['produtos', 'todos'],
    queryFn: () => call(api.produtos.get({ query: { limite: 200 } })),
  });
  const planos = useQuery({
    queryKey: ['planos', 'todos'],
    queryFn: () => call(api.planos.get({ query: { limite: 200 } })),
  });
  return { produtos: produtos.data?.itens ?? [], planos: planos.data?.itens ?? [] };
}

function useEditable(): readonly Field[] {
  const t = useT(licencasTexts);
  return [
    { nome: 'limite_maquinas', rotulo: t('limite_maquinas'), tipo: 'numero', minimo: 1 },
    { nome: 'recursos', rotulo: t('recursos'), ajuda: t('recursos_ajuda'), tipo: 'lista' },
    { nome: 'renovacao_automatica', rotulo: t('renovacao_automatica'), tipo: 'sim_nao' },
    {
      nome: 'offline_dias',
      rotulo: t('offline_dias'),
      ajuda: t('offline_ajuda'),
      tipo: 'numero',
      minimo: 1,
      maximo: 365,
    },
    { nome: 'versoes', rotulo: t('versoes'), tipo: 'texto', anulavel: true, exemplo: '>=4.0.0 <5.0.0' },
    {
      nome: 'atualizacoes_ate',
      rotulo: t('atualizacoes_ate'),
      ajuda: t('atualizacoes_ajuda'),
      tipo: 'dia',
      anulavel: true,
    },
    { nome: 'excedente_pct', rotulo: t('excedente'), tipo: 'numero', minimo: 0, maximo: 1000 },
    { nome: 'metadados', rotulo: t('metadados'), ajuda: t('metadados_ajuda'), tipo: 'json' },
  ];
}

export function NovaLicenca({ clienteId, onClose }: { clienteId?: string; onClose(): void }) {
  const t = useT(licencasTexts);
  const kit = useT(kitTexts);
  const { produtos, planos } = useCatalogo();
  const [made, setMade] = useState<{ id: string; chave: string } | null>(null);
  const editable = useEditable();
  const ends = ({ tipo, plano_id }: Values): boolean =>
    tipo === 'temporaria' || (tipo === 'assinatura' && !plano_id) || tipo === 'demonstracao';
  const campos: Field[] = [
    ...(clienteId === undefined
      ? [
          {
            nome: 'cliente_id',
            rotulo: t('cliente'),
            tipo: 'busca' as const,
            obrigatorio: true,
            procurar: findClientes,
          },
        ]
      : []),
    {
      nome: 'tipo',
      rotulo: t('tipo'),
      tipo: 'escolha',
      obrigatorio: true,
      opcoes: licencaTipos.map((value) => ({ value, label: t(value) })),
    },
    {
      nome: 'produto',
      rotulo: t('produto'),
      tipo: 'escolha',
      opcoes: produtos.map(({ slug, nome }) => ({ value: slug, label: nome })),
    },
    {
      nome: 'plano_id',
      rotulo: t('plano'),
      tipo: 'escolha',
      opcoes: planos.map(({ id, nome }) => ({ value: id, label: nome })),
      quando: ({ tipo }) => tipo === 'assinatura',
    },
    {
      nome: 'dias',
      rotulo: t('dias'),
      ajuda: t('dias_ajuda'),
      tipo: 'numero',
      minimo: 1,
      quando: (values) => ends(values) && !values.expira_em,
    },
    { nome: 'expira_em', rotulo: t('expira_em_dia'), tipo: 'dia', quando: (values) => ends(values) && !values.dias },
    { nome: 'inicia_em', rotulo: t('inicia_em'), tipo: 'dia' },
    ...editable.map((field) =>
      field.nome === 'limite_maquinas' || field.nome === 'recursos'
        ? { ...field, quando: ({ plano_id }: Values) => !plano_id }
        : field,
    ),
    { nome: 'flutuante', rotulo: t('flutuante'), ajuda: t('flutuante_ajuda'), tipo: 'sim_nao' },
  ];
  if (made) {
    return (
      <Drawer
        opened
        onClose={onClose}
        position="right"
        size="lg"
        title={t('nova')}
        closeButtonProps={{ 'aria-label': kit('fechar') }}
      >
        <Stack>
          <Alert color="green">{t('chave_criada')}</Alert>
          <Copyable value={made.chave} label={t('chave')} />
          <Text size="sm">
            <Anchor component={Link} to={`/licencas/${made.id}`} onClick={onClose}>
              {kit('abrir')}
            </Anchor>
          </Text>
          <Button variant="default" onClick={onClose}>
            {kit('fechar')}
          </Button>
        </Stack>
      </Drawer>
    );
  }
  return (
    <FormDrawer
      titulo={t('nova')}
      rotulo={kit('criar')}
      campos={campos}
      inicial={{ tipo: 'assinatura', produto: 'padrao', offline_dias: 7 }}
      enviar={async (values) => {
        const body = { ...(clienteId === undefined ? {} : { cliente_id: clienteId }), ...values };
        const { id, chave = '' } = await call(api.licencas.post(loose(body)));
        refresh('licencas', 'clientes', 'faturas', 'painel');
        setMade({ id, chave });
      }}
      // Once there is a key it is shown; whoever closes it then has seen it.
      onClose={() => setMade((before) => before)}
      onCancel={onClose}
    />
  );
}

interface EditProps {
  id: string;
  inicial: Values;
  etag: string | null;
  onClose(): void;
}

export function EditarLicenca({ id, inicial, etag, onClose }: EditProps) {
  const t = useT(licencasTexts);
  return (
    <FormDrawer
      titulo={t('editar')}
      campos={useEditable()}
      inicial={formValues(inicial)}
      revisao={revisionOf(etag, () => callWithEtag(api.licencas({ id }).get()), formValues)}
      enviar={async (values, revision) => {
        await call(api.licencas({ id }).put(loose(values), ifMatch(revision)));
      }}
      onClose={() => {
        refresh('licencas');
        onClose();
      }}
    />
  );
}

function formValues(licenca: Values): Values {
  const until = typeof licenca.atualizacoes_ate === 'string' ? localMoment(licenca.atualizacoes_ate) : '';
  return {
    ...licenca,
    atualizacoes_ate: until.split('T')[0],
    metadados: JSON.stringify(licenca.metadados ?? {}, null, 2),
  };
}

export function RenovarLicenca({ id, onClose }: { id: string; onClose(): void }) {
  const t = useT(licencasTexts);
  return (
    <FormDrawer
      titulo={t('renovar')}
      rotulo={t('renovar')}
      dito={t('renovada')}
      campos={[
        { nome: 'dias', rotulo: t('renovar_dias'), tipo: 'numero', minimo: 1, quando: ({ expira_em }) => !expira_em },
        { nome: 'expira_em', rotulo: t('renovar_ate'), tipo: 'dia', quando: ({ dias }) => !dias },
      ]}
      inicial={{ dias: 30 }}
      enviar={async (values) => {
        await call(api.licencas({ id }).renovar.post(loose(values)));
        refresh('licencas', 'maquinas', 'painel');
      }}
      onClose={onClose}
    />
  );
}
