/** Invoices as a list, of everybody, one customer or one licence. */

import { Button } from '@mantine/core';
import { useState } from 'react';
import { api, call } from '../../kit/api';
import { Confirm, said } from '../../kit/feedback';
import { date, money } from '../../kit/format';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { Status, useSituacaoText } from '../../kit/status';
import { defineTexts, useT } from '../../kit/texts';
import type { Params } from '../../kit/url';

const texts = defineTexts('faturas', {
  titulo: ['Faturas', 'Invoices'],
  descricao: ['O que as assinaturas cobram, período a período.', 'What the subscriptions charge, period by period.'],
  vazio_titulo: ['Nenhuma fatura ainda', 'No invoices yet'],
  vazio_texto: [
    'Uma licença do tipo assinatura com um plano gera a fatura de cada período sozinha.',
    'A subscription licence with a plan makes the invoice of each period by itself.',
  ],
  numero: ['Número', 'Number'],
  status: ['Situação', 'Status'],
  valor: ['Valor', 'Amount'],
  periodo: ['Período', 'Period'],
  vence_em: ['Vence em', 'Due'],
  paga_em: ['Paga em', 'Paid'],
  pagar: ['Dar baixa', 'Mark as paid'],
  pagar_texto: [
    'Registra o pagamento da fatura {{numero}}, de {{valor}}. Se a licença estava bloqueada por isso, volta a valer.',
    'Records the payment of invoice {{numero}}, of {{valor}}. A licence that was blocked for it counts again.',
  ],
  paga: ['Pagamento registrado', 'Payment recorded'],
  cancelar: ['Cancelar fatura', 'Cancel invoice'],
  cancelar_texto: ['A fatura {{numero}} deixa de ser cobrada.', 'Invoice {{numero}} is charged no more.'],
  cancelada: ['Fatura cancelada', 'Invoice cancelled'],
  acoes: ['Ações', 'Actions'],
  cliente: ['Cliente', 'Customer'],
  licenca: ['Licença', 'Licence'],
});

const statuses = ['pendente', 'paga', 'vencida', 'cancelada'] as const;

export function FaturasList({ fixed }: { fixed?: Params }) {
  const t = useT(texts);
  const situacao = useSituacaoText();
  const [open, setOpen] = useState<{ id: string; numero: number; valor: string; what: 'pagar' | 'cancelar' } | null>(
    null,
  );
  return (
    <>
      <List
        nome="faturas"
        titulo={t('titulo')}
        descricao={t('descricao')}
        embedded={fixed !== undefined}
        {...(fixed ? { fixed } : {})}
        semBusca
        chips={{ cliente_id: t('cliente'), licenca_id: t('licenca') }}
        fetch={(query) => call(api.faturas.get({ query: loose(query) }))}
        link={({ licenca_id }) => `/licencas/${licenca_id}?aba=faturas`}
        filters={[
          {
            campo: 'status',
            rotulo: t('status'),
            opcoes: statuses.map((value) => ({ value, label: situacao(value) })),
          },
        ]}
        columns={[
          {
            id: 'numero',
            titulo: t('numero'),
            largura: '90px',
            render: ({ numero }) => numero,
            texto: ({ numero }) => String(numero),
          },
          {
            id: 'status',
            titulo: t('status'),
            largura: '130px',
            render: ({ status }) => <Status value={status} />,
            texto: ({ status }) => status,
          },
          {
            id: 'valor',
            titulo: t('valor'),
            largura: '120px',
            numero: true,
            render: (row) => money(row.valor_centavos),
            texto: (row) => money(row.valor_centavos),
          },
          {
            id: 'vence_em',
            titulo: t('vence_em'),
            ordem: 'vence_em',
            largura: '110px',
            render: ({ vence_em }) => date(vence_em),
            texto: ({ vence_em }) => vence_em,
          },
          {
            id: 'periodo',
            titulo: t('periodo'),
            largura: 'minmax(180px, 1fr)',
            render: (row) => `${date(row.periodo_inicio)} – ${date(row.periodo_fim)}`,
            texto: (row) => `${row.periodo_inicio} ${row.periodo_fim}`,
          },
          {
            id: 'paga_em',
            titulo: t('paga_em'),
            largura: '110px',
            oculta: true,
            render: ({ paga_em }) => paga_em && date(paga_em),
            texto: ({ paga_em }) => paga_em ?? '',
          },
          {
            permissao: 'faturas:editar',
            id: 'acoes',
            titulo: t('acoes'),
            largura: '250px',
            render: ({ id, numero, valor_centavos, status }) =>
              (status === 'pendente' || status === 'vencida') && (
                <>
                  <Button
                    size="compact-sm"
                    variant="light"
                    onClick={() => setOpen({ id, numero, valor: money(valor_centavos), what: 'pagar' })}
                  >
                    {t('pagar')}
                  </Button>
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="gray"
                    onClick={() => setOpen({ id, numero, valor: money(valor_centavos), what: 'cancelar' })}
                  >
                    {t('cancelar')}
                  </Button>
                </>
              ),
          },
        ]}
        empty={{ titulo: t('vazio_titulo'), texto: t('vazio_texto') }}
      />
      {open && (
        <Confirm
          title={t(open.what)}
          text={t(open.what === 'pagar' ? 'pagar_texto' : 'cancelar_texto', { numero: open.numero, valor: open.valor })}
          action={t(open.what)}
          danger={open.what === 'cancelar'}
          run={async () => {
            const fatura = api.faturas({ id: open.id });
            await call(open.what === 'pagar' ? fatura.pagar.post() : fatura.cancelar.post());
            said(t(open.what === 'pagar' ? 'paga' : 'cancelada'));
            refresh('faturas', 'licencas', 'painel');
          }}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}
