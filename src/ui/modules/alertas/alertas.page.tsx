/** Alerts and the rules behind them. */

import { Stack, Tabs, Text, Title } from '@mantine/core';
import { api, call } from '../../kit/api';
import { Confirm, said } from '../../kit/feedback';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { Status, useSituacaoText } from '../../kit/status';
import { useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { useParamsOfUrl } from '../../kit/url';
import { alertasTexts } from './alertas.texts';
import { Regras } from './regras';

export default function AlertasPage() {
  const t = useT(alertasTexts);
  const [params, change] = useParamsOfUrl();
  return (
    <Stack>
      <div>
        <Title order={1} size="h3">
          {t('titulo')}
        </Title>
        <Text size="sm" c="dimmed">
          {t('descricao')}
        </Text>
      </div>
      <Tabs value={params.aba ?? 'alertas'} onChange={(value) => change({ aba: value ?? '' })} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="alertas">{t('alertas')}</Tabs.Tab>
          <Tabs.Tab value="regras">{t('regras')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="alertas" pt="md">
          <Alertas />
        </Tabs.Panel>
        <Tabs.Panel value="regras" pt="md">
          <Regras />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Alertas() {
  const t = useT(alertasTexts);
  const kit = useT(kitTexts);
  const situacao = useSituacaoText();
  const each =
    (action: 'reconhecer' | 'resolver', message: string) =>
    async (rows: readonly { id: string }[]): Promise<void> => {
      for (const { id } of rows) {
        const alerta = api.alertas({ id });
        await call(action === 'reconhecer' ? alerta.reconhecer.post() : alerta.resolver.post());
      }
      said(message);
      refresh('alertas', 'painel');
    };
  return (
    <List
      nome="alertas"
      titulo={t('alertas')}
      embedded
      semBusca
      fetch={(query) => call(api.alertas.get({ query: loose({ ordem: '-aberto_em', ...query }) }))}
      link={({ id }) => `/alertas/${id}`}
      filters={[
        {
          campo: 'status',
          rotulo: t('status'),
          opcoes: ['aberto', 'reconhecido', 'resolvido'].map((value) => ({ value, label: situacao(value) })),
        },
        {
          campo: 'severidade',
          rotulo: t('severidade'),
          opcoes: ['info', 'aviso', 'critico'].map((value) => ({ value, label: situacao(value) })),
        },
      ]}
      columns={[
        {
          id: 'titulo',
          titulo: t('alerta'),
          largura: 'minmax(200px, 2fr)',
          render: ({ titulo }) => titulo,
          texto: ({ titulo }) => titulo,
        },
        {
          id: 'severidade',
          titulo: t('severidade'),
          largura: '130px',
          render: (row) => <Status value={row.severidade} />,
          texto: (row) => row.severidade,
        },
        {
          id: 'status',
          titulo: t('status'),
          largura: '140px',
          render: ({ status }) => <Status value={status} />,
          texto: ({ status }) => status,
        },
        { id: 'regra', titulo: t('regra'), render: ({ regra }) => regra, texto: ({ regra }) => regra },
        {
          id: 'ocorrencias',
          titulo: t('ocorrencias'),
          largura: '80px',
          numero: true,
          render: (row) => row.ocorrencias,
          texto: (row) => String(row.ocorrencias),
        },
        {
          id: 'aberto_em',
          titulo: t('aberto_em'),
          largura: '120px',
          render: (row) => <When at={row.aberto_em} />,
          texto: (row) => row.aberto_em,
        },
      ]}
      bulk={[
        {
          rotulo: t('reconhecer'),
          permissao: 'alertas:editar',
          open: (rows, done) => (
            <Confirm
              title={t('reconhecer')}
              text={kit('selecionados', { n: rows.length })}
              action={t('reconhecer')}
              run={() => each('reconhecer', t('reconhecido'))(rows)}
              onClose={done}
            />
          ),
        },
        {
          rotulo: t('resolver'),
          permissao: 'alertas:editar',
          open: (rows, done) => (
            <Confirm
              title={t('resolver')}
              text={kit('selecionados', { n: rows.length })}
              action={t('resolver')}
              run={() => each('resolver', t('resolvido'))(rows)}
              onClose={done}
            />
          ),
        },
      ]}
      empty={{ titulo: t('vazio_titulo'), texto: t('vazio_texto') }}
    />
  );
}
