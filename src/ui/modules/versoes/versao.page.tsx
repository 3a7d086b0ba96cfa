/** One release. */

import { Paper, Slider, Stack, Text, Title, Typography } from '@mantine/core';
import { IconCircleCheck, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call, callWithEtag, download, request } from '../../kit/api';
import { Copyable } from '../../kit/copy';
import { EntityPage, EntityWaiting } from '../../kit/entity';
import { Confirm, ErrorState, failed, said } from '../../kit/feedback';
import { bytes, dateTime, number } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status } from '../../kit/status';
import { useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { HistoryTimeline } from '../../kit/timeline';
import { EditarVersao } from './editar';
import { versoesTexts } from './versoes.texts';

export default function VersaoPage() {
  const { id = '' } = useParams({ strict: false });
  const t = useT(versoesTexts);
  const kit = useT(kitTexts);
  const can = useCan();
  const navigate = useNavigate();
  const [open, setOpen] = useState<'publicar' | 'retirar' | 'editar' | 'excluir' | null>(null);
  const query = useQuery({ queryKey: ['versoes', id], queryFn: () => callWithEtag(api.uploads.versao({ id }).get()) });
  if (query.isPending) return <EntityWaiting />;
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  const { data: versao, etag } = query.data;
  const close = (): void => setOpen(null);
  const done = (message: string) => (): void => {
    said(message);
    refresh('versoes');
  };
  const requisitosFatos = ({ so_minimo, so_maximo, recursos }: typeof versao.requisitos) => [
    ...(so_minimo ? [{ rotulo: t('so_minimo'), valor: so_minimo }] : []),
    ...(so_maximo ? [{ rotulo: t('so_maximo'), valor: so_maximo }] : []),
    ...(recursos ? [{ rotulo: t('recursos'), valor: recursos.join(', ') }] : []),
  ];
  const rollout = (pct: number): void =>
    void call(api.uploads.versao({ id }).put({ distribuicao_pct: pct })).then(done(kit('salvo')), failed);
  return (
    <>
      <EntityPage
        lista={{ href: '/versoes', rotulo: t('titulo') }}
        titulo={`${versao.produto} ${versao.versao}`}
        status={<Status value={versao.distribuicao_pausada ? 'pausada' : versao.status} />}
        subtitulo={`${versao.arquivo} · ${bytes(versao.tamanho)}`}
        acoes={[
          ...(versao.status === 'rascunho'
            ? [
                {
                  rotulo: t('publicar'),
                  icone: <IconCircleCheck size={16} aria-hidden />,
                  permissao: 'uploads:editar',
                  run: () => setOpen('publicar'),
                },
              ]
            : []),
          ...(versao.status === 'publicada'
            ? [
                versao.distribuicao_pausada
                  ? {
                      rotulo: t('retomar'),
                      icone: <IconPlayerPlay size={16} aria-hidden />,
                      permissao: 'uploads:editar',
                      run: () => void call(api.uploads.versao({ id }).retomar.post()).then(done(t('retomada')), failed),
                    }
                  : {
                      rotulo: t('pausar'),
                      icone: <IconPlayerPause size={16} aria-hidden />,
                      permissao: 'uploads:editar',
                      run: () => void call(api.uploads.versao({ id }).pausar.post()).then(done(t('pausada')), failed),
                    },
                { rotulo: t('retirar'), permissao: 'uploads:editar', perigo: true, run: () => setOpen('retirar') },
              ]
            : []),
        ]}
        menu={[
          { rotulo: kit('editar'), permissao: 'uploads:editar', run: () => setOpen('editar') },
          {
            rotulo: t('baixar'),
            run: () => void download(`/api/v1/uploads/download/${id}`, versao.arquivo).catch(failed),
          },
          ...(versao.status === 'publicada'
            ? []
            : [{ rotulo: t('excluir'), permissao: 'uploads:excluir', perigo: true, run: () => setOpen('excluir') }]),
        ]}
        fatos={[
          { rotulo: t('canal'), valor: t(versao.canal) },
          {
            rotulo: t('plataforma'),
            valor: [...new Set([versao.plataforma, versao.arquitetura])]
              .map((one) => (one === 'qualquer' ? t('qualquer') : one))
              .join(' '),
          },
          { rotulo: t('downloads'), valor: number(versao.downloads) },
          { rotulo: t('publicada_em'), valor: versao.publicada_em ? dateTime(versao.publicada_em) : '—' },
          { rotulo: t('versao_minima'), valor: versao.versao_minima },
          ...requisitosFatos(versao.requisitos),
          { rotulo: t('obrigatoria'), valor: kit(versao.obrigatoria ? 'sim' : 'nao') },
          { rotulo: t('sha256'), largo: true, valor: <Copyable value={versao.sha256} label={t('sha256')} /> },
          {
            rotulo: t('assinatura'),
            largo: true,
            valor: <Copyable value={versao.assinatura} label={t('assinatura')} />,
          },
        ]}
        destaque={
          <Paper withBorder p="md">
            <Title order={2} size="h6">
              {t('distribuicao')}
            </Title>
            <Text size="xs" c="dimmed" mb="lg">
              {t('distribuicao_ajuda')}
            </Text>
            <Slider
              key={versao.distribuicao_pct}
              defaultValue={versao.distribuicao_pct}
              step={5}
              label={(value) => `${value} %`}
              labelAlwaysOn
              thumbLabel={t('distribuicao')}
              disabled={!can('uploads:editar')}
              marks={[0, 25, 50, 75, 100].map((value) => ({ value, label: `${value} %` }))}
              onChangeEnd={rollout}
              mb="lg"
              mx="sm"
            />
          </Paper>
        }
        abas={[
          { id: 'notas', rotulo: t('notas_titulo'), conteudo: () => <Notas id={id} /> },
          { id: 'maquinas', rotulo: t('quem_usa'), permissao: 'maquinas:ler', conteudo: () => <Rodando id={id} /> },
        ]}
        linhaDoTempo={<HistoryTimeline modulo="uploads/versao" id={id} />}
      />
      {open === 'publicar' && (
        <Confirm
          title={t('publicar')}
          text={t('publicar_texto', { versao: versao.versao })}
          action={t('publicar')}
          run={async () => {
            await call(api.uploads.versao({ id }).publicar.post());
            done(t('publicada'))();
          }}
          onClose={close}
        />
      )}
      {open === 'retirar' && (
        <Confirm
          title={t('retirar')}
          text={t('retirar_texto', { versao: versao.versao })}
          action={t('retirar')}
          danger
          typed={versao.versao}
          run={async () => {
            await call(api.uploads.versao({ id }).retirar.post());
            done(t('retirada'))();
          }}
          onClose={close}
        />
      )}
      {open === 'excluir' && (
        <Confirm
          title={t('excluir')}
          text={t('excluir_texto')}
          action={t('excluir')}
          danger
          typed={versao.versao}
          run={async () => {
            await call(api.uploads.versao({ id }).delete());
            done(t('excluida'))();
            void navigate({ to: '/versoes' });
          }}
          onClose={close}
        />
      )}
      {open === 'editar' && <EditarVersao id={id} versao={versao} etag={etag} onClose={close} />}
    </>
  );
}

/** Rendered and made safe by the server. */
function Notas({ id }: { id: string }) {
  const t = useT(versoesTexts);
  const query = useQuery({
    queryKey: ['versoes', id, 'notas'],
    queryFn: async () => (await request(`/api/v1/uploads/versao/${id}/notas`)).text(),
  });
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  const html = new DOMParser().parseFromString(query.data ?? '', 'text/html').body.innerHTML.trim();
  if (html === '') return <Text size="sm">{query.isPending ? '' : t('sem_notas')}</Text>;
  return (
    <Typography>
      {/* biome-ignore lint/security/noDangerouslySetInnerHtml: sanitised by the server, and no script would run under the page's policy */}
      <div dangerouslySetInnerHTML={{ __html: html }} />
    </Typography>
  );
}

function Rodando({ id }: { id: string }) {
  const t = useT(versoesTexts);
  return (
    <Stack>
      <List
        nome="rodando"
        titulo={t('quem_usa')}
        embedded
        semBusca
        fetch={async (query) => {
          const page = await call(api.uploads.versao({ id }).maquinas.get({ query: loose(query) }));
          return { ...page, itens: page.itens.map((row) => ({ ...row, id: row.maquina_id })) };
        }}
        fixed={{}}
        link={({ id: maquina }) => `/maquinas/${maquina}`}
        columns={[
          { id: 'nome', titulo: t('maquina'), render: ({ nome }) => nome, texto: ({ nome }) => nome },
          {
            id: 'desde',
            titulo: t('desde'),
            largura: '130px',
            render: ({ desde }) => <When at={desde} />,
            texto: ({ desde }) => desde ?? '',
          },
        ]}
        empty={{ titulo: t('quem_usa'), texto: t('ninguem') }}
      />
    </Stack>
  );
}
