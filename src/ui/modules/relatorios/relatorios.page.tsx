/** Reports, as a page and to take away. */

import { Button, Menu, Modal, Skeleton } from '@mantine/core';
import { IconFilePlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call, download, request } from '../../kit/api';
import { failed, said } from '../../kit/feedback';
import { date, dateTime } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { defineTexts, useT } from '../../kit/texts';

const texts = defineTexts('relatorios', {
  titulo: ['Relatórios', 'Reports'],
  descricao: [
    'Feitos sozinhos todo dia, semana e mês, e mandados por e-mail.',
    'Made by themselves every day, week and month, and sent by mail.',
  ],
  gerar: ['Gerar agora', 'Make one now'],
  gerado: ['Relatório pronto', 'Report ready'],
  diario: ['Diário', 'Daily'],
  semanal: ['Semanal', 'Weekly'],
  mensal: ['Mensal', 'Monthly'],
  relatorio: ['Relatório', 'Report'],
  tipo: ['Tipo', 'Kind'],
  periodo: ['Período', 'Period'],
  criado_em: ['Feito em', 'Made'],
  abrir: ['Ver', 'View'],
  acoes: ['Ações', 'Actions'],
  vazio: ['Nenhum relatório ainda', 'No reports yet'],
});

const tipos = ['diario', 'semanal', 'mensal'] as const;

export default function RelatoriosPage() {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const can = useCan();
  const [shown, setShown] = useState<{ id: string; titulo: string } | null>(null);
  const save = (id: string, formato: string): void =>
    void download(`/api/v1/relatorios/${id}?formato=${formato}`, `relatorio.${formato}`).catch(failed);
  return (
    <>
      <List
        nome="relatorios"
        titulo={t('titulo')}
        descricao={t('descricao')}
        semBusca
        fetch={(query) => call(api.relatorios.get({ query: loose({ ordem: '-criado_em', ...query }) }))}
        filters={[{ campo: 'tipo', rotulo: t('tipo'), opcoes: tipos.map((value) => ({ value, label: t(value) })) }]}
        actions={
          can('relatorios:executar') && (
            <Menu withinPortal>
              <Menu.Target>
                <Button leftSection={<IconFilePlus size={16} aria-hidden />}>{t('gerar')}</Button>
              </Menu.Target>
              <Menu.Dropdown>
                {tipos.map((tipo) => (
                  <Menu.Item
                    key={tipo}
                    onClick={() =>
                      void call(api.relatorios.post({ tipo })).then(() => {
                        said(t('gerado'));
                        refresh('relatorios');
                      }, failed)
                    }
                  >
                    {t(tipo)}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
          )
        }
        columns={[
          {
            id: 'titulo',
            titulo: t('relatorio'),
            largura: 'minmax(220px, 2fr)',
            render: ({ titulo }) => titulo,
            texto: ({ titulo }) => titulo,
          },
          { id: 'tipo', titulo: t('tipo'), largura: '100px', render: ({ tipo }) => t(tipo), texto: ({ tipo }) => tipo },
          {
            id: 'periodo',
            titulo: t('periodo'),
            largura: '190px',
            render: (row) => `${date(row.periodo_inicio)} – ${date(row.periodo_fim)}`,
            texto: (row) => `${row.periodo_inicio} ${row.periodo_fim}`,
          },
          {
            id: 'criado_em',
            titulo: t('criado_em'),
            largura: '150px',
            render: (row) => dateTime(row.criado_em),
            texto: (row) => row.criado_em,
          },
          {
            id: 'acoes',
            titulo: t('acoes'),
            largura: '190px',
            render: ({ id, titulo }) => (
              <>
                <Button size="compact-sm" variant="subtle" onClick={() => setShown({ id, titulo })}>
                  {t('abrir')}
                </Button>
                <Button size="compact-sm" variant="subtle" onClick={() => save(id, 'pdf')}>
                  PDF
                </Button>
                <Button size="compact-sm" variant="subtle" onClick={() => save(id, 'csv')}>
                  CSV
                </Button>
              </>
            ),
          },
        ]}
        empty={{ titulo: t('vazio'), texto: t('descricao') }}
      />
      {shown && (
        <Modal
          opened
          onClose={() => setShown(null)}
          size="xl"
          title={shown.titulo}
          closeButtonProps={{ 'aria-label': kit('fechar') }}
        >
          <ReportFrame {...shown} />
        </Modal>
      )}
    </>
  );
}

/** The server's own page of it, in a frame that runs nothing. */
function ReportFrame({ id, titulo }: { id: string; titulo: string }) {
  const { data } = useQuery({
    queryKey: ['relatorios', id, 'html'],
    queryFn: async () => (await request(`/api/v1/relatorios/${id}?formato=html`)).text(),
  });
  // A frame is given its page once: one that changes under way may stay empty.
  return data === undefined ? (
    <Skeleton className="relatorio" />
  ) : (
    <iframe title={titulo} srcDoc={data} sandbox="" className="relatorio" />
  );
}
