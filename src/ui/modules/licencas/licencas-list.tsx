/** Licences as a list, of everybody or of one customer. */

import { Button, Group, Progress, Text } from '@mantine/core';
import { IconFileImport, IconPlus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call } from '../../kit/api';
import { date } from '../../kit/format';
import { List } from '../../kit/list';
import { loose } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status, useSituacaoText } from '../../kit/status';
import { useT } from '../../kit/texts';
import { NovaLicenca } from './licenca-form';
import { licencasTexts } from './licencas.texts';

const statuses = ['pendente', 'ativa', 'bloqueada', 'expirada', 'cancelada'] as const;
export const licencaTipos = ['demonstracao', 'temporaria', 'perpetua', 'assinatura'] as const;

export function LicencasList({ clienteId }: { clienteId?: string }) {
  const t = useT(licencasTexts);
  const can = useCan();
  const situacao = useSituacaoText();
  const [creating, setCreating] = useState(false);
  const newButton = can('licencas:criar') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {t('nova')}
    </Button>
  );
  return (
    <>
      <List
        nome="licencas"
        titulo={t('titulo')}
        descricao={t('descricao')}
        embedded={clienteId !== undefined}
        fixed={clienteId === undefined ? {} : { cliente_id: clienteId }}
        chips={{ cliente_id: t('cliente'), plano_id: t('plano'), produto_id: t('produto') }}
        fetch={(query) => call(api.licencas.get({ query: loose(query) }))}
        link={({ id }) => `/licencas/${id}`}
        actions={
          <>
            {can('licencas:criar') && (
              <Button
                component={Link}
                to="/importar/licencas"
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
          { campo: 'tipo', rotulo: t('tipo'), opcoes: licencaTipos.map((value) => ({ value, label: t(value) })) },
        ]}
        columns={[
          {
            id: 'chave',
            titulo: t('chave'),
            largura: '120px',
            render: ({ chave_prefixo }) => (
              <Text component="span" ff="monospace" size="sm">
                {chave_prefixo}-•••••
              </Text>
            ),
            texto: ({ chave_prefixo }) => chave_prefixo,
          },
          {
            id: 'status',
            titulo: t('status'),
            largura: '110px',
            render: ({ status }) => <Status value={status} />,
            texto: ({ status }) => status,
          },
          {
            id: 'produto',
            titulo: t('produto'),
            largura: 'minmax(80px, 1fr)',
            render: ({ produto }) => produto,
            texto: ({ produto }) => produto,
          },
          { id: 'tipo', titulo: t('tipo'), largura: '120px', render: ({ tipo }) => t(tipo), texto: ({ tipo }) => tipo },
          {
            id: 'assentos',
            titulo: t('assentos'),
            largura: '110px',
            render: ({ maquinas_ativas: used, limite_maquinas: limit }) => <Seats used={used} limit={limit} />,
            texto: ({ maquinas_ativas, limite_maquinas }) => `${maquinas_ativas}/${limite_maquinas}`,
          },
          {
            id: 'expira_em',
            titulo: t('expira_em'),
            ordem: 'expira_em',
            largura: '120px',
            render: ({ expira_em }) => (expira_em ? date(expira_em) : t('sem_fim')),
            texto: ({ expira_em }) => expira_em ?? '',
          },
        ]}
        empty={{ titulo: t('vazio_titulo'), texto: t('vazio_texto'), acao: newButton }}
      />
      {clienteId !== undefined && newButton && <Group mt="sm">{newButton}</Group>}
      {creating && (
        <NovaLicenca onClose={() => setCreating(false)} {...(clienteId === undefined ? {} : { clienteId })} />
      )}
    </>
  );
}

export function Seats({ used, limit }: { used: number; limit: number }) {
  const full = used >= limit;
  return (
    <div>
      <Text size="xs" {...(used > limit ? { c: 'red' } : {})}>
        {used}/{limit}
      </Text>
      <Progress
        value={(used / limit) * 100}
        size={4}
        color={full ? 'orange' : 'gray'}
        aria-label={`${used}/${limit}`}
      />
    </div>
  );
}
