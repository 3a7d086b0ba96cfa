/** The list of customers. */

import { Button } from '@mantine/core';
import { IconFileImport, IconPlus } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call } from '../../kit/api';
import { Confirm, said } from '../../kit/feedback';
import { date, documento } from '../../kit/format';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status, useSituacaoText } from '../../kit/status';
import { useT } from '../../kit/texts';
import { clienteTipos, NovoCliente } from './cliente-form';
import { clientesTexts } from './clientes.texts';

const statuses = ['ativo', 'bloqueado', 'cancelado'] as const;

export default function ClientesPage() {
  const t = useT(clientesTexts);
  const can = useCan();
  const situacao = useSituacaoText();
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const newButton = can('clientes:criar') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {t('novo')}
    </Button>
  );
  return (
    <>
      <List
        nome="clientes"
        titulo={t('titulo')}
        descricao={t('descricao')}
        fetch={(query) => call(api.clientes.get({ query: loose(query) }))}
        link={({ id }) => `/clientes/${id}`}
        actions={
          <>
            {can('clientes:criar') && (
              <Button
                component={Link}
                to="/importar/clientes"
                variant="default"
                leftSection={<IconFileImport size={16} aria-hidden />}
              >
                {t('importar')}
              </Button>
            )}
            {newButton}
          </>
        }
        filters={[
          {
            campo: 'status',
            rotulo: t('status'),
            opcoes: statuses.map((value) => ({ value, label: situacao(value) })),
          },
          { campo: 'tipo', rotulo: t('tipo'), opcoes: clienteTipos.map((value) => ({ value, label: value })) },
        ]}
        columns={[
          {
            id: 'nome',
            titulo: t('nome'),
            ordem: 'nome',
            largura: 'minmax(160px, 2fr)',
            render: ({ nome }) => nome,
            texto: ({ nome }) => nome,
          },
          {
            id: 'status',
            titulo: t('status'),
            largura: '130px',
            render: ({ status }) => <Status value={status} />,
            texto: ({ status }) => status,
          },
          {
            id: 'email',
            titulo: t('email'),
            largura: 'minmax(150px, 1.5fr)',
            render: ({ email }) => email,
            texto: ({ email }) => email,
          },
          {
            id: 'documento',
            titulo: t('documento'),
            largura: '160px',
            render: (row) => documento(row.documento),
            texto: (row) => documento(row.documento),
          },
          { id: 'tipo', titulo: t('tipo'), largura: '100px', render: ({ tipo }) => tipo, texto: ({ tipo }) => tipo },
          {
            id: 'telefone',
            titulo: t('telefone'),
            largura: '140px',
            oculta: true,
            render: ({ telefone }) => telefone,
            texto: ({ telefone }) => telefone ?? '',
          },
          {
            id: 'criado_em',
            titulo: t('criado_em'),
            ordem: 'criado_em',
            largura: '120px',
            render: ({ criado_em }) => date(criado_em),
            texto: ({ criado_em }) => criado_em,
          },
        ]}
        bulk={[
          {
            permissao: 'clientes:bloquear',
            rotulo: t('bloquear'),
            open: (rows, done) => (
              <Confirm
                title={t('bloquear_titulo', { nome: rows.map(({ nome }) => nome).join(', ') })}
                text={t('bloquear_texto')}
                action={t('bloquear')}
                danger
                reason="required"
                run={async (motivo) => {
                  for (const { id } of rows) await call(api.clientes({ id }).bloquear.post({ motivo }));
                  refresh('clientes', 'licencas', 'maquinas');
                  said(t('bloqueado'));
                }}
                onClose={done}
              />
            ),
          },
        ]}
        empty={{ titulo: t('vazio_titulo'), texto: t('vazio_texto'), acao: newButton }}
      />
      {creating && (
        <NovoCliente onClose={() => setCreating(false)} created={(id) => void navigate({ to: `/clientes/${id}` })} />
      )}
    </>
  );
}
