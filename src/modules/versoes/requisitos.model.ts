/** What a version asks of a machine and its licence: reading it, and judging it. */

import { satisfies } from 'semver';
import { invalidField } from '../../core/problem';
import { includesFeature } from '../licencas/validacao.model';
import type { Requisitos, VersaoOferta } from './versoes.model';

const systemPattern = /^\d{1,6}(\.\d{1,6}){0,3}$/;
const featurePattern = /^[A-Za-z0-9_.-]{1,64}(:\d{1,9})?$/;
const featuresMax = 50;

/** What of a licence decides which versions it may have. */
export interface Direito {
  recursos: readonly string[];
  /** Semver range of the versions it may run; null for any. */
  versoes: string | null;
  /** Versions published before this moment are its own; null for no end. */
  direitoAte: number | null;
}

/**
 * Until when a licence is entitled to new versions: its own end of updates, or else its expiry. So a perpetual licence may
 * have a year of updates, and a subscription in its grace keeps what was published before it ended.
 */
export function entitledUntil(licenca: { atualizacoes_ate: number | null; expira_em: number | null }): number | null {
  return licenca.atualizacoes_ate ?? licenca.expira_em;
}

/** Why a licence may not have a version, in words; null when it may. */
export function lacksRight(versao: VersaoOferta, direito: Direito): string | null {
  const missing = (versao.requisitos.recursos ?? []).filter((recurso) => !includesFeature(direito.recursos, recurso));
  if (missing.length > 0) return `A licença não inclui: ${missing.join(', ')}.`;
  if (direito.versoes !== null && !satisfies(versao.versao, direito.versoes, { includePrerelease: true })) {
    return `A licença permite as versões ${direito.versoes}, não ${versao.versao}.`;
  }
  const { publicada_em } = versao;
  if (direito.direitoAte !== null && publicada_em !== null && publicada_em >= direito.direitoAte) {
    return 'A versão foi publicada depois do fim do direito a atualizações.';
  }
  return null;
}

/** Reads requirements from JSON of anybody's. @throws Problem VALIDACAO */
export function readRequisitos(value: unknown): Requisitos {
  if (value === null || value === undefined) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw invalidField('requisitos', 'deve ser um objeto');
  const fields = new Map<string, unknown>(Object.entries(value));
  const unknown = [...fields.keys()].find((nome) => !['so_minimo', 'so_maximo', 'recursos'].includes(nome));
  if (unknown) throw invalidField(`requisitos.${unknown.slice(0, 64)}`, 'não é um requisito conhecido');
  const system = (nome: 'so_minimo' | 'so_maximo'): Requisitos => {
    const text = fields.get(nome);
    if (text === undefined || text === null || text === '') return {};
    if (typeof text !== 'string' || !systemPattern.test(text)) {
      throw invalidField(`requisitos.${nome}`, 'deve ser números com pontos, como 10.0.19045');
    }
    return { [nome]: text };
  };
  return { ...system('so_minimo'), ...system('so_maximo'), ...readFeatures(fields.get('recursos')) };
}

function readFeatures(value: unknown): Requisitos {
  if (value === undefined || value === null) return {};
  const valid =
    Array.isArray(value) &&
    value.length <= featuresMax &&
    value.every((recurso) => typeof recurso === 'string' && featurePattern.test(recurso));
  if (!valid) throw invalidField('requisitos.recursos', 'deve ser uma lista de nomes como nfe ou usuarios:10');
  return value.length === 0 ? {} : { recursos: value.map(String) };
}
