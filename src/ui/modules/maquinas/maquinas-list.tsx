/** Machines as a list: thousands of them, live. */

import { Anchor, Group, Progress, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { api, call } from '../../kit/api';
import { Confirm, said } from '../../kit/feedback';
import { number } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { Status, useSituacaoText } from '../../kit/status';
import { useT } from '../../kit/texts';
import { When } from '../../kit/time';
import type { Params } from '../../kit/url';
import { EnviarComando } from './comandos';
import { maquinasTexts } from './maquinas.texts';
import { Tendencia } from './tendencia';

const statuses = ['online', 'offline', 'bloqueada', 'nunca_vista'] as const;
const warmPercent = 80;
const hotPercent = 95;

export function MaquinasList({ fixed }: { fixed?: Params }) {
  const t = useT(maquinasTexts);
  const kit = useT(kitTexts);
  const situacao = useSituacaoText();
  return (
    <List
      nome="maquinas"
      titulo={t('titulo')}
      descricao={t('descricao')}
      embedded={fixed !== undefined}
      {...(fixed ? { fixed } : {})}
      chips={{ cliente_id: t('cliente'), licenca_id: t('licenca'), versao: t('versao'), produto: t('produto') }}
      fetch={(query) => call(api.maquinas.get({ query: loose(query) }))}
      link={({ id }) => `/maquinas/${id}`}
      filters={[
        { campo: 'status', rotulo: t('status'), opcoes: statuses.map((value) => ({ value, label: situacao(value) })) },
        {
          campo: 'so',
          rotulo: t('so'),
          opcoes: ['Windows', 'Linux', 'macOS'].map((value) => ({ value, label: value })),
        },
      ]}
      columns={[
        {
          id: 'nome',
          titulo: t('nome'),
          ordem: 'nome',
          largura: 'minmax(140px, 2fr)',
          render: ({ nome }) => nome,
          texto: ({ nome }) => nome,
        },
        {
          id: 'status',
          titulo: t('status'),
          largura: '125px',
          render: ({ status }) => <Status value={status} />,
          texto: ({ status }) => status,
        },
        {
          id: 'visto',
          titulo: t('visto'),
          largura: '110px',
          render: (row) => <When at={row.ultimo_heartbeat_em} />,
          texto: (row) => row.ultimo_heartbeat_em ?? '',
        },
        {
          id: 'versao',
          titulo: t('versao'),
          largura: '90px',
          render: ({ versao }) => versao ?? '—',
          texto: ({ versao }) => versao ?? '',
        },
        {
          id: 'cpu',
          titulo: t('cpu'),
          largura: '120px',
          render: ({ id, ultimas }) => <Cpu id={id} value={ultimas?.cpu} />,
          texto: ({ ultimas }) => String(ultimas?.cpu ?? ''),
        },
        {
          id: 'memoria',
          titulo: t('memoria'),
          largura: '90px',
          oculta: fixed !== undefined,
          render: ({ ultimas }) => <Meter value={ultimas?.memoria} label={t('memoria')} />,
          texto: ({ ultimas }) => String(ultimas?.memoria ?? ''),
        },
        {
          id: 'disco',
          titulo: t('disco'),
          largura: '90px',
          oculta: fixed !== undefined,
          render: ({ ultimas }) => <Meter value={ultimas?.disco} label={t('disco')} />,
          texto: ({ ultimas }) => String(ultimas?.disco ?? ''),
        },
        {
          id: 'so',
          titulo: t('so'),
          largura: '130px',
          oculta: true,
          render: ({ so }) => so ?? '—',
          texto: ({ so }) => so ?? '',
        },
        {
          id: 'ip',
          titulo: t('ip'),
          largura: '130px',
          oculta: true,
          render: ({ ip }) => ip ?? '—',
          texto: ({ ip }) => ip ?? '',
        },
      ]}
      bulk={[
        {
          permissao: 'maquinas:bloquear',
          rotulo: t('bloquear'),
          open: (rows, done) => (
            <Confirm
              title={t('bloquear_varias', { n: rows.length })}
              text={t('bloquear_texto')}
              action={t('bloquear')}
              danger
              reason="required"
              run={async (motivo) => {
                const ids = rows.map(({ id }) => id);
                const { itens } = await call(api.maquinas.bloquear.post({ ids, motivo }));
                outcome(itens);
              }}
              onClose={done}
            />
          ),
        },
        {
          permissao: 'maquinas:bloquear',
          rotulo: t('desbloquear'),
          open: (rows, done) => (
            <Confirm
              title={t('desbloquear')}
              text={kit('selecionados', { n: rows.length })}
              action={t('desbloquear')}
              run={async () => {
                const { itens } = await call(api.maquinas.desbloquear.post({ ids: rows.map(({ id }) => id) }));
                outcome(itens);
              }}
              onClose={done}
            />
          ),
        },
        {
          permissao: 'maquinas:executar',
          rotulo: t('comando'),
          open: (rows, done) => (
            <EnviarComando
              enviar={async (body) => {
                const ids = rows.map(({ id }) => id);
                const { itens } = await call(api.maquinas.comandos.post(loose({ ids, ...body })));
                outcome(itens);
              }}
              onClose={done}
            />
          ),
        },
      ]}
      empty={{
        titulo: t('vazio_titulo'),
        texto: t('vazio_texto'),
        acao: <Anchor href="/docs">{t('como')}</Anchor>,
      }}
    />
  );

  function outcome(itens: readonly { ok?: boolean; codigo?: string | undefined }[]): void {
    const bons = itens.filter(({ codigo }) => codigo === undefined).length;
    said(t('resultado', { bons, total: itens.length }));
    refresh('maquinas');
  }
}

/** What it is now, and how it has been. */
function Cpu({ id, value }: { id: string; value: number | undefined }) {
  return <Measure value={value}>{(now) => <Tendencia id={id} hue={hueOf(now)} />}</Measure>;
}

function Meter({ value, label }: { value: number | undefined; label: string }) {
  return (
    <Measure value={value}>
      {(now) => (
        <Progress value={now} size={4} color={hueOf(now)} style={{ flex: 1 }} aria-label={label} visibleFrom="sm" />
      )}
    </Measure>
  );
}

/** A percentage and what shows it. */
function Measure({ value, children }: { value: number | undefined; children(value: number): ReactNode }) {
  if (value === undefined) return '—';
  return (
    <Group gap={6} wrap="nowrap">
      <Text size="xs" w={32} ta="right">
        {number(value)} %
      </Text>
      {children(value)}
    </Group>
  );
}

function hueOf(value: number): string {
  return value >= hotPercent ? 'red' : value >= warmPercent ? 'orange' : 'gray';
}
