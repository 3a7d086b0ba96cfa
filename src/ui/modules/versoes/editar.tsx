/** A release's fields, edited. */

import { api, call, callWithEtag } from '../../kit/api';
import { FormDrawer, ifMatch, revisionOf } from '../../kit/form';
import type { Field, Values } from '../../kit/form-field';
import { loose, refresh } from '../../kit/query';
import { useT } from '../../kit/texts';
import { arquiteturas, canais, plataformas } from './versoes.page';
import { versoesTexts } from './versoes.texts';

const requisitoNames = ['so_minimo', 'so_maximo', 'recursos'] as const;

interface Props {
  id: string;
  versao: Values & { status: string };
  etag: string | null;
  onClose(): void;
}

export function EditarVersao({ id, versao, etag, onClose }: Props) {
  const read = () => callWithEtag(api.uploads.versao({ id }).get());
  return (
    <FormDrawer
      titulo={useT(versoesTexts)('editar')}
      campos={useCampos(versao.status === 'rascunho')}
      inicial={formValues(versao)}
      revisao={revisionOf(etag, read, formValues)}
      enviar={async (values, revision) => {
        // Requirements are one field of the API: whatever part was changed, all of them are sent.
        const base = requisitoNames.some((nome) => nome in values) ? (await read()).data.requisitos : {};
        await call(api.uploads.versao({ id }).put(loose(withRequisitos(values, base)), ifMatch(revision)));
      }}
      onClose={() => {
        refresh('versoes');
        onClose();
      }}
    />
  );
}

/** @param draft what the file is for may only be changed before it was published. */
function useCampos(draft: boolean): readonly Field[] {
  const t = useT(versoesTexts);
  const choice = (nome: 'canal' | 'plataforma' | 'arquitetura', words: readonly string[]): Field => ({
    nome,
    rotulo: t(nome),
    tipo: 'escolha',
    obrigatorio: true,
    opcoes: words.map((value) => ({ value, label: value === 'qualquer' ? t('qualquer') : value })),
  });
  return [
    ...(draft
      ? [
          { nome: 'versao', rotulo: t('versao'), tipo: 'texto' as const, obrigatorio: true },
          choice('plataforma', plataformas),
          choice('arquitetura', arquiteturas),
        ]
      : []),
    { ...choice('canal', []), opcoes: canais.map((value) => ({ value, label: t(value) })) },
    { nome: 'distribuicao_pct', rotulo: t('distribuicao'), tipo: 'numero', minimo: 0, maximo: 100 },
    { nome: 'versao_minima', rotulo: t('versao_minima'), tipo: 'texto', anulavel: true },
    { nome: 'obrigatoria', rotulo: t('obrigatoria'), tipo: 'sim_nao' },
    {
      ...{ nome: 'so_minimo', rotulo: t('so_minimo'), ajuda: t('so_ajuda') },
      ...{ tipo: 'texto', anulavel: true, exemplo: '10.0.19045' },
    },
    { nome: 'so_maximo', rotulo: t('so_maximo'), tipo: 'texto', anulavel: true },
    { nome: 'recursos', rotulo: t('recursos'), ajuda: t('recursos_ajuda'), tipo: 'lista' },
    { nome: 'assinatura_tauri', rotulo: t('assinatura_tauri'), tipo: 'longo', anulavel: true },
    { nome: 'notas', rotulo: t('notas'), tipo: 'longo' },
  ];
}

function formValues(versao: Values): Values {
  const requisitos = typeof versao.requisitos === 'object' ? versao.requisitos : {};
  return { ...versao, recursos: [], ...requisitos };
}

function withRequisitos(values: Values, base: Values): Values {
  const sent = Object.entries(values).filter(([nome]) => !isRequisito(nome));
  const changed = Object.entries(values).filter(([nome]) => isRequisito(nome));
  if (changed.length === 0) return values;
  return { ...Object.fromEntries(sent), requisitos: { ...base, ...Object.fromEntries(changed) } };
}

function isRequisito(nome: string): boolean {
  return requisitoNames.some((one) => one === nome);
}
