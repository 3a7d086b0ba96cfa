/** Who did what, when and from where; and whether anybody has tampered with it. */

import { Badge, Button, Drawer, Stack } from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { useAcaoText } from '../../kit/acoes.texts';
import { api, call, download } from '../../kit/api';
import { Facts } from '../../kit/entity';
import { failed, said } from '../../kit/feedback';
import { dateTime, number } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose } from '../../kit/query';
import { defineTexts, useT } from '../../kit/texts';
import { type AuditEntry, DiffTable } from '../../kit/timeline';

const texts = defineTexts('auditoria', {
  titulo: ['Auditoria', 'Audit'],
  descricao: [
    'Tudo o que foi feito, encadeado: uma linha mudada por fora é encontrada.',
    'Everything that was done, chained: a line changed from outside is found.',
  ],
  verificar: ['Verificar integridade', 'Verify integrity'],
  integra: ['Íntegra: {{n}} registros conferidos', 'Sound: {{n}} records checked'],
  quebrada: ['Quebrada no registro {{n}}', 'Broken at record {{n}}'],
  exportar: ['Exportar (JSON)', 'Export (JSON)'],
  quando: ['Quando', 'When'],
  quem: ['Quem', 'Who'],
  acao: ['O que fez', 'What was done'],
  entidade: ['Em quê', 'To what'],
  ip: ['De onde', 'From where'],
  pedido: ['Pedido', 'Request'],
  vazio: ['Nada ainda', 'Nothing yet'],
});

const entidades = [
  'cliente',
  'licenca',
  'maquina',
  'fatura',
  'plano',
  'produto',
  'versao',
  'usuario',
  'perfil',
  'webhook',
  'regra',
  'backup',
];

export default function AuditoriaPage() {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const acao = useAcaoText();
  const [shown, setShown] = useState<AuditEntry | null>(null);
  const [verifying, setVerifying] = useState(false);
  async function verify(): Promise<void> {
    setVerifying(true);
    try {
      const { integra, verificados, quebra_em } = await call(api.auditoria.verificar.get());
      if (integra) said(t('integra', { n: number(verificados) }));
      else failed(t('quebrada', { n: String(quebra_em) }));
    } catch (error) {
      failed(error);
    } finally {
      setVerifying(false);
    }
  }
  return (
    <>
      <List
        nome="auditoria"
        titulo={t('titulo')}
        descricao={t('descricao')}
        semBusca
        fetch={(query) => call(api.auditoria.get({ query: loose({ ordem: '-em', ...query }) }))}
        chips={{ entidade_id: t('entidade'), ator_id: t('quem') }}
        filters={[
          { campo: 'entidade', rotulo: t('entidade'), opcoes: entidades.map((value) => ({ value, label: value })) },
        ]}
        actions={
          <>
            <Button
              variant="default"
              onClick={() => void download('/api/v1/auditoria/exportar', 'auditoria.jsonl').catch(failed)}
            >
              {t('exportar')}
            </Button>
            <Button
              variant="default"
              loading={verifying}
              leftSection={<IconShieldCheck size={16} aria-hidden />}
              onClick={() => void verify()}
            >
              {t('verificar')}
            </Button>
          </>
        }
        columns={[
          {
            id: 'acao',
            titulo: t('acao'),
            largura: 'minmax(160px, 1.5fr)',
            render: (row) => (
              <Button variant="transparent" c="inherit" size="compact-sm" px={0} onClick={() => setShown(row)}>
                {row.ator.nome} {acao(row.acao)}
              </Button>
            ),
            texto: (row) => `${row.ator.nome} ${row.acao}`,
          },
          {
            id: 'entidade',
            titulo: t('entidade'),
            render: (row) => row.entidade,
            texto: (row) => `${row.entidade} ${row.entidade_id}`,
          },
          { id: 'em', titulo: t('quando'), largura: '150px', render: ({ em }) => dateTime(em), texto: ({ em }) => em },
          {
            id: 'quem',
            titulo: t('quem'),
            largura: '120px',
            render: ({ ator }) => (
              <Badge variant="default" tt="none">
                {ator.tipo}
              </Badge>
            ),
            texto: ({ ator }) => ator.tipo,
          },
          { id: 'ip', titulo: t('ip'), largura: '140px', render: ({ ip }) => ip ?? '—', texto: ({ ip }) => ip ?? '' },
        ]}
        empty={{ titulo: t('vazio'), texto: t('descricao') }}
      />
      {shown && (
        <Drawer
          opened
          onClose={() => setShown(null)}
          position="right"
          size="lg"
          title={`${shown.ator.nome} ${acao(shown.acao)}`}
          closeButtonProps={{ 'aria-label': kit('fechar') }}
        >
          <Stack>
            <Facts
              facts={[
                { rotulo: t('quando'), valor: dateTime(shown.em) },
                { rotulo: t('entidade'), valor: `${shown.entidade} ${shown.entidade_id}` },
                { rotulo: t('ip'), valor: shown.ip },
                { rotulo: t('pedido'), valor: shown.request_id },
              ]}
            />
            <DiffTable entry={shown} />
          </Stack>
        </Drawer>
      )}
    </>
  );
}
