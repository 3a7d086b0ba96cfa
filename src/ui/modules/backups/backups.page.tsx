/** Copies of everything: made, verified, fetched, and how to put one back. */

import { Alert, Button, Code, Stack } from '@mantine/core';
import { IconDatabaseExport } from '@tabler/icons-react';
import { useState } from 'react';
import { api, call, download } from '../../kit/api';
import { Confirm, failed, said } from '../../kit/feedback';
import { bytes, dateTime } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status } from '../../kit/status';
import { defineTexts, useT } from '../../kit/texts';

const texts = defineTexts('backups', {
  titulo: ['Backups', 'Backups'],
  descricao: [
    'Cópias de tudo, conferidas depois de gravadas e restauradas em ensaio toda semana.',
    'Copies of everything, verified once written and restored in a drill every week.',
  ],
  fazer: ['Fazer backup agora', 'Back up now'],
  fazendo: [
    'O backup está sendo feito; aparece aqui quando terminar.',
    'The backup is being made; it appears here when it is done.',
  ],
  feito: ['Backup pronto', 'Backup done'],
  vazio: ['Nenhum backup ainda', 'No backups yet'],
  quando: ['Quando', 'When'],
  arquivo: ['Arquivo', 'File'],
  tamanho: ['Tamanho', 'Size'],
  origem: ['Pedido por', 'Asked by'],
  verificacao: ['Conferência', 'Verification'],
  ensaio: ['Ensaio', 'Drill'],
  baixar: ['Baixar', 'Download'],
  verificar: ['Conferir', 'Verify'],
  conferido: ['Backup conferido', 'Backup verified'],
  acoes: ['Ações', 'Actions'],
  excluir_texto: [
    'O arquivo {{nome}} é apagado. Não dá para desfazer.',
    'The file {{nome}} is deleted. This cannot be undone.',
  ],
  restaurar: ['Para restaurar', 'To restore'],
  restaurar_texto: [
    'Restaurar troca todos os dados, por isso se faz com o servidor parado, na máquina dele:',
    'Restoring replaces all data, so it is done with the server stopped, on its machine:',
  ],
});

export default function BackupsPage() {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const can = useCan();
  const [busy, setBusy] = useState(false);
  const [deleting, setDeleting] = useState<{ id: string; arquivo: string } | null>(null);
  async function make(): Promise<void> {
    setBusy(true);
    try {
      const made = await call(api.backups.post());
      said(t('id' in made ? 'feito' : 'fazendo'));
      refresh('backups');
    } catch (error) {
      failed(error);
    } finally {
      setBusy(false);
    }
  }
  return (
    <Stack>
      <List
        nome="backups"
        titulo={t('titulo')}
        descricao={t('descricao')}
        semBusca
        fetch={(query) => call(api.backups.get({ query: loose(query) }))}
        actions={
          can('backups:criar') && (
            <Button
              leftSection={<IconDatabaseExport size={16} aria-hidden />}
              loading={busy}
              onClick={() => void make()}
            >
              {t('fazer')}
            </Button>
          )
        }
        columns={[
          {
            id: 'criado_em',
            titulo: t('quando'),
            largura: '150px',
            render: (row) => dateTime(row.criado_em),
            texto: (row) => row.criado_em,
          },
          {
            id: 'verificacao',
            titulo: t('verificacao'),
            largura: '140px',
            render: (row) => row.verificacao && <Status value={row.verificacao.ok ? 'conferido' : 'defeituoso'} />,
            texto: (row) => String(row.verificacao?.ok ?? ''),
          },
          {
            id: 'tamanho',
            titulo: t('tamanho'),
            largura: '100px',
            numero: true,
            render: (row) => bytes(row.tamanho),
            texto: (row) => String(row.tamanho),
          },
          {
            id: 'origem',
            titulo: t('origem'),
            largura: '110px',
            render: ({ origem }) => origem,
            texto: ({ origem }) => origem,
          },
          {
            id: 'ensaio',
            titulo: t('ensaio'),
            largura: '140px',
            render: (row) => (row.simulacro ? <Status value={row.simulacro.ok ? 'conferido' : 'defeituoso'} /> : '—'),
            texto: (row) => String(row.simulacro?.ok ?? ''),
          },
          {
            id: 'arquivo',
            titulo: t('arquivo'),
            largura: 'minmax(160px, 1fr)',
            render: ({ arquivo }) => arquivo,
            texto: ({ arquivo }) => arquivo,
          },
          {
            id: 'acoes',
            titulo: t('acoes'),
            largura: '240px',
            permissao: 'backups:executar',
            render: ({ id, arquivo }) => (
              <>
                <Button
                  size="compact-sm"
                  variant="subtle"
                  onClick={() => void download(`/api/v1/backups/${id}/download`, arquivo).catch(failed)}
                >
                  {t('baixar')}
                </Button>
                <Button
                  size="compact-sm"
                  variant="subtle"
                  onClick={() =>
                    void call(api.backups({ id }).verificar.post()).then(() => {
                      said(t('conferido'));
                      refresh('backups');
                    }, failed)
                  }
                >
                  {t('verificar')}
                </Button>
                {can('backups:excluir') && (
                  <Button size="compact-sm" variant="subtle" color="red" onClick={() => setDeleting({ id, arquivo })}>
                    {kit('excluir')}
                  </Button>
                )}
              </>
            ),
          },
        ]}
        empty={{ titulo: t('vazio'), texto: t('descricao') }}
      />
      <Alert title={t('restaurar')} color="gray">
        {t('restaurar_texto')}
        <Code block mt="xs" style={{ whiteSpace: 'pre-wrap' }}>
          narcidicontrol restore narcidi-….tar.zst --force
        </Code>
      </Alert>
      {deleting && (
        <Confirm
          title={kit('excluir')}
          text={t('excluir_texto', { nome: deleting.arquivo })}
          action={kit('excluir')}
          danger
          typed={kit('excluir')}
          run={async () => {
            await call(api.backups({ id: deleting.id }).delete());
            said(kit('feito'));
            refresh('backups');
          }}
          onClose={() => setDeleting(null)}
        />
      )}
    </Stack>
  );
}
