/** The rules: what they watch, from when on it is an alert, and who is told. */

import { Badge, Button, Group } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { api, call, callWithEtag } from '../../kit/api';
import { Confirm, failed, said } from '../../kit/feedback';
import { FormDrawer, ifMatch, revisionOf } from '../../kit/form';
import type { Field, Values } from '../../kit/form-field';
import { number } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status, useSituacaoText } from '../../kit/status';
import { useT } from '../../kit/texts';
import { eventTypes, eventTypeText } from '../eventos/event-text';
import { alertasTexts } from './alertas.texts';

function useCampos(): readonly Field[] {
  const t = useT(alertasTexts);
  const situacao = useSituacaoText();
  const ofEvent = ({ observa }: Values): boolean => observa === 'evento';
  const ofMetric = ({ observa }: Values): boolean => observa === 'metrica';
  return [
    { nome: 'nome', rotulo: t('nome'), tipo: 'texto', obrigatorio: true },
    {
      nome: 'observa',
      rotulo: t('observa'),
      tipo: 'escolha',
      obrigatorio: true,
      opcoes: [
        { value: 'evento', label: t('evento') },
        { value: 'metrica', label: t('metrica') },
      ],
    },
    {
      nome: 'evento',
      rotulo: t('evento'),
      tipo: 'escolha',
      opcoes: eventTypes.map((value) => ({ value, label: eventTypeText(value) })),
      quando: ofEvent,
    },
    {
      nome: 'metrica',
      rotulo: t('metrica_nome'),
      ajuda: t('metrica_ajuda'),
      tipo: 'texto',
      exemplo: 'disco',
      quando: ofMetric,
    },
    {
      nome: 'condicao',
      rotulo: t('condicao'),
      tipo: 'escolha',
      opcoes: [
        { value: 'maior', label: t('maior') },
        { value: 'menor', label: t('menor') },
      ],
      quando: ofMetric,
    },
    { nome: 'limite', rotulo: t('limite'), tipo: 'numero' },
    {
      nome: 'limite_retorno',
      rotulo: t('limite_retorno'),
      ajuda: t('retorno_ajuda'),
      tipo: 'numero',
      quando: ofMetric,
    },
    { nome: 'por_minutos', rotulo: t('por_minutos'), tipo: 'numero', minimo: 0 },
    {
      nome: 'severidade',
      rotulo: t('severidade'),
      tipo: 'escolha',
      obrigatorio: true,
      opcoes: ['info', 'aviso', 'critico'].map((value) => ({ value, label: situacao(value) })),
    },
    {
      nome: 'canais',
      rotulo: t('canais'),
      tipo: 'varios',
      opcoes: (['email', 'webhook', 'ui'] as const).map((value) => ({ value, label: t(value) })),
    },
    {
      nome: 'agrupar_por',
      rotulo: t('agrupar_por'),
      tipo: 'escolha',
      opcoes: (['entidade', 'cliente'] as const).map((value) => ({ value, label: t(value) })),
    },
    { nome: 'silencio_inicio', rotulo: t('silencio'), ajuda: t('silencio_ajuda'), tipo: 'texto', exemplo: '22:00' },
    { nome: 'silencio_fim', rotulo: t('silencio_fim'), tipo: 'texto', exemplo: '07:00' },
    { nome: 'ativa', rotulo: t('ativa'), tipo: 'sim_nao' },
  ];
}

/** As the form has it: what it watches is a choice, and the silence two times of day. */
function formValues(regra: Values): Values {
  const silencio = (regra.silencio ?? {}) as { inicio?: string | null; fim?: string | null };
  return {
    ...regra,
    observa: regra.metrica ? 'metrica' : 'evento',
    silencio_inicio: silencio.inicio ?? '',
    silencio_fim: silencio.fim ?? '',
  };
}

/** As the API has it. */
function bodyOf({ observa: _, silencio_inicio, silencio_fim, ...values }: Values): Values {
  if (silencio_inicio === undefined && silencio_fim === undefined) return values;
  return { ...values, silencio: { inicio: silencio_inicio ?? null, fim: silencio_fim ?? null } };
}

export function Regras() {
  const t = useT(alertasTexts);
  const kit = useT(kitTexts);
  const can = useCan();
  const campos = useCampos();
  const [open, setOpen] = useState<
    'nova' | { what: 'editar' | 'excluir'; id: string; nome: string; valores: Values; etag: string | null } | null
  >(null);
  const close = (): void => setOpen(null);
  function begin(what: 'editar' | 'excluir', id: string, nome: string): void {
    callWithEtag(api.alertas.regras({ id }).get()).then(
      ({ data, etag }) => setOpen({ what, id, nome, valores: formValues(data), etag }),
      failed,
    );
  }
  const button = can('alertas:criar') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen('nova')}>
      {t('nova_regra')}
    </Button>
  );
  return (
    <>
      <Group justify="flex-end" mb="sm">
        {button}
      </Group>
      <List
        nome="regras"
        titulo={t('regras')}
        embedded
        semBusca
        fetch={(query) => call(api.alertas.regras.get({ query: loose(query) }))}
        columns={[
          {
            id: 'nome',
            titulo: t('nome'),
            largura: 'minmax(180px, 2fr)',
            render: ({ nome, embutida }) => (
              <>
                {nome}{' '}
                {embutida && (
                  <Badge size="xs" variant="default" tt="none">
                    {t('embutida')}
                  </Badge>
                )}
              </>
            ),
            texto: ({ nome }) => nome,
          },
          {
            id: 'observa',
            titulo: t('observa'),
            largura: 'minmax(160px, 1.5fr)',
            render: ({ evento, metrica, condicao, limite }) =>
              evento ? eventTypeText(evento) : `${metrica} ${condicao} ${limite === null ? '' : number(limite, 2)}`,
            texto: ({ evento, metrica }) => evento ?? metrica ?? '',
          },
          {
            id: 'por_minutos',
            titulo: t('por_minutos'),
            largura: '110px',
            numero: true,
            render: (row) => row.por_minutos,
            texto: (row) => String(row.por_minutos),
          },
          {
            id: 'severidade',
            titulo: t('severidade'),
            largura: '130px',
            render: (row) => <Status value={row.severidade} />,
            texto: (row) => row.severidade,
          },
          {
            id: 'ativa',
            titulo: t('status'),
            largura: '110px',
            render: ({ ativa }) => <Status value={ativa ? 'ativa' : 'inativa'} />,
            texto: ({ ativa }) => String(ativa),
          },
          {
            id: 'acoes',
            titulo: t('acoes'),
            largura: '160px',
            permissao: 'alertas:editar',
            render: ({ id, nome, embutida }) => (
              <>
                <Button size="compact-sm" variant="subtle" onClick={() => begin('editar', id, nome)}>
                  {kit('editar')}
                </Button>
                {!embutida && can('alertas:excluir') && (
                  <Button size="compact-sm" variant="subtle" color="red" onClick={() => begin('excluir', id, nome)}>
                    {kit('excluir')}
                  </Button>
                )}
              </>
            ),
          },
        ]}
        empty={{ titulo: t('vazio_regras'), texto: t('descricao'), acao: button }}
      />
      {open === 'nova' && (
        <FormDrawer
          titulo={t('nova_regra')}
          rotulo={kit('criar')}
          campos={campos}
          inicial={{
            observa: 'metrica',
            metrica: 'disco',
            condicao: 'maior',
            limite: 90,
            severidade: 'aviso',
            por_minutos: 5,
            canais: ['ui', 'email'],
            agrupar_por: 'entidade',
            ativa: true,
          }}
          enviar={async (values) => {
            await call(api.alertas.regras.post(loose(bodyOf(values))));
            refresh('regras');
          }}
          onClose={close}
        />
      )}
      {open && open !== 'nova' && open.what === 'editar' && (
        <FormDrawer
          titulo={t('editar_regra')}
          campos={campos}
          inicial={open.valores}
          revisao={revisionOf(open.etag, () => callWithEtag(api.alertas.regras({ id: open.id }).get()), formValues)}
          enviar={async (values, revision) => {
            await call(api.alertas.regras({ id: open.id }).put(loose(bodyOf(values)), ifMatch(revision)));
          }}
          onClose={() => {
            refresh('regras');
            close();
          }}
        />
      )}
      {open && open !== 'nova' && open.what === 'excluir' && (
        <Confirm
          title={kit('excluir')}
          text={t('excluir_texto', { nome: open.nome })}
          action={kit('excluir')}
          danger
          run={async () => {
            await call(api.alertas.regras({ id: open.id }).delete());
            said(kit('feito'));
            refresh('regras');
          }}
          onClose={close}
        />
      )}
    </>
  );
}
