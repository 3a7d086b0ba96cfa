/** The list of releases. */

import { Button, Progress, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { api, call } from '../../kit/api';
import { bytes, date, number } from '../../kit/format';
import { List } from '../../kit/list';
import { loose } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status, useSituacaoText } from '../../kit/status';
import { useT } from '../../kit/texts';
import { EnviarVersao } from './enviar';
import { versoesTexts } from './versoes.texts';

export const canais = ['estavel', 'beta', 'alfa'] as const;
export const plataformas = ['qualquer', 'windows', 'linux', 'macos'] as const;
export const arquiteturas = ['qualquer', 'x64', 'arm64'] as const;

export default function VersoesPage() {
  const t = useT(versoesTexts);
  const can = useCan();
  const situacao = useSituacaoText();
  const [sending, setSending] = useState(false);
  const button = can('uploads:criar') && (
    <Button leftSection={<IconUpload size={16} aria-hidden />} onClick={() => setSending(true)}>
      {t('enviar')}
    </Button>
  );
  return (
    <>
      <List
        nome="versoes"
        titulo={t('titulo')}
        descricao={t('descricao')}
        fetch={(query) => call(api.uploads.versao.get({ query: loose({ ordem: '-criado_em', ...query }) }))}
        link={({ id }) => `/versoes/${id}`}
        actions={button}
        filters={[
          {
            campo: 'status',
            rotulo: t('status'),
            opcoes: ['rascunho', 'publicada', 'retirada'].map((value) => ({ value, label: situacao(value) })),
          },
          { campo: 'canal', rotulo: t('canal'), opcoes: canais.map((value) => ({ value, label: t(value) })) },
          {
            campo: 'plataforma',
            rotulo: t('plataforma'),
            opcoes: plataformas.map((value) => ({ value, label: value === 'qualquer' ? t('qualquer') : value })),
          },
        ]}
        columns={[
          {
            id: 'versao',
            titulo: t('versao'),
            largura: '110px',
            render: ({ versao }) => versao,
            texto: ({ versao }) => versao,
          },
          {
            id: 'status',
            titulo: t('status'),
            largura: '130px',
            render: ({ status, distribuicao_pausada }) => <Status value={distribuicao_pausada ? 'pausada' : status} />,
            texto: ({ status }) => status,
          },
          { id: 'produto', titulo: t('produto'), render: ({ produto }) => produto, texto: ({ produto }) => produto },
          {
            id: 'canal',
            titulo: t('canal'),
            largura: '90px',
            render: ({ canal }) => t(canal),
            texto: ({ canal }) => canal,
          },
          {
            id: 'plataforma',
            titulo: t('plataforma'),
            largura: '130px',
            render: (row) => `${row.plataforma} ${row.arquitetura}`,
            texto: (row) => `${row.plataforma} ${row.arquitetura}`,
          },
          {
            id: 'distribuicao',
            titulo: t('distribuicao'),
            largura: '120px',
            render: (row) => (
              <>
                <Text size="xs">{row.distribuicao_pct} %</Text>
                <Progress value={row.distribuicao_pct} size={4} color="gray" aria-label={t('distribuicao')} />
              </>
            ),
            texto: (row) => String(row.distribuicao_pct),
          },
          {
            id: 'downloads',
            titulo: t('downloads'),
            largura: '100px',
            numero: true,
            render: (row) => number(row.downloads),
            texto: (row) => String(row.downloads),
          },
          {
            id: 'tamanho',
            titulo: t('tamanho'),
            largura: '100px',
            numero: true,
            oculta: true,
            render: (row) => bytes(row.tamanho),
            texto: (row) => String(row.tamanho),
          },
          {
            id: 'publicada_em',
            titulo: t('publicada_em'),
            largura: '110px',
            render: (row) => (row.publicada_em ? date(row.publicada_em) : '—'),
            texto: (row) => row.publicada_em ?? '',
          },
        ]}
        empty={{ titulo: t('vazio_titulo'), texto: t('vazio_texto'), acao: button }}
      />
      {sending && <EnviarVersao onClose={() => setSending(false)} />}
    </>
  );
}
