/**
 * Who asks for a version: a machine by its token, or whoever holds a licence key. Neither gets anything while the licence,
 * its customer or the machine is blocked, or the licence has ended.
 */

import type { Clock } from '../../core/clock';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import { normalizeChave } from '../licencas/chave.model';
import type { LicenceReader } from '../licencas/licencas.facts';
import { type LicenceFacts, licenceFailures } from '../licencas/validacao.model';
import type { MaquinaComLicenca } from '../maquinas/maquinas.model';
import { type Direito, entitledUntil } from './requisitos.model';

export interface Chamador {
  /** What signed addresses are bound to: `m:<machine>` or `l:<licence>`. */
  ref: string;
  /** Its place in staged rollouts. */
  lugar: string;
  facts: LicenceFacts;
  /** The machine, where it is known which. */
  maquina: { id: string; versao: string | null } | null;
}

interface Dependencies {
  licences: LicenceReader;
  machine(id: string): MaquinaComLicenca | null;
  keyring: Keyring;
  clock: Clock;
}

export type Chamadores = ReturnType<typeof createChamadores>;

export function createChamadores({ licences, machine, keyring, clock }: Dependencies) {
  function byMachine(id: string): Chamador {
    const found = machine(id);
    const facts = found ? licences.byId(found.maquina.licenca_id) : null;
    if (!found || !facts) throw new Problem('TOKEN_INVALIDO');
    const { maquina } = found;
    refuseUnfit(facts, clock.now());
    if (!maquina.ativa) throw new Problem('MAQUINA_NAO_ATIVADA');
    refuseBlocked(maquina);
    return { ref: `m:${id}`, lugar: id, facts, maquina: { id, versao: maquina.versao } };
  }

  function ofLicence(facts: LicenceFacts | null, impressao: string | undefined): Chamador {
    if (!facts) throw new Problem('NAO_ENCONTRADA');
    refuseUnfit(facts, clock.now());
    const { id } = facts.licenca;
    const named = impressao?.trim();
    const found = named ? licences.machine(id, named) : null;
    if (found) {
      refuseBlocked(found);
      if (found.ativa) return byMachine(found.id);
    }
    return { ref: `l:${id}`, lugar: named ? `${id}:${named}` : id, facts, maquina: null };
  }

  return {
    /** @throws Problem TOKEN_INVALIDO, BLOQUEADA, EXPIRADA, CANCELADA, CLIENTE_BLOQUEADO, AINDA_NAO_VIGENTE, MAQUINA_BLOQUEADA */
    byMachine,

    /**
     * @param impressao which machine of the licence asks, where it tells.
     * @throws Problem NAO_ENCONTRADA, and as `byMachine`
     */
    byChave(chave: string, impressao?: string): Chamador {
      const symbols = normalizeChave(chave);
      return ofLicence(symbols ? licences.byChaveHmac(keyring.lookup('licenca', symbols)) : null, impressao);
    },

    /** Whom a signed address was given to, as that caller is now. @throws Problem as `byMachine` and `byChave` */
    byRef(ref: string): Chamador {
      const id = ref.slice(2);
      return ref.startsWith('m:') ? byMachine(id) : ofLicence(licences.byId(id), undefined);
    },
  };
}

/**
 * What of the caller's licence decides which versions of a product it may have. The range of versions a licence names is
 * of its own product's numbers and says nothing of another's.
 */
export function direitoOf({ facts }: Chamador, produtoId: string): Direito {
  const { recursos, versoes, produto_id } = facts.licenca;
  return { recursos, versoes: produtoId === produto_id ? versoes : null, direitoAte: entitledUntil(facts.licenca) };
}

/** The records that what a caller is answered rests on. */
export function idsOf({ facts, maquina }: Chamador): string[] {
  const { id, cliente_id, produto_id, plano_id } = facts.licenca;
  return [id, cliente_id, produto_id, plano_id, maquina?.id ?? null].filter((one) => one !== null);
}

function refuseUnfit(facts: LicenceFacts, now: number): void {
  const [failure] = licenceFailures(facts, now);
  if (!failure) return;
  const { codigo, detalhe } = failure;
  if (codigo === 'RECURSO_AUSENTE' || codigo === 'IMPRESSAO_NECESSARIA') {
    throw new Error(`a licence by itself does not fail with ${codigo}`);
  }
  throw new Problem(codigo, { detalhe });
}

function refuseBlocked({ bloqueada, motivo_bloqueio }: { bloqueada: boolean; motivo_bloqueio: string | null }): void {
  if (!bloqueada) return;
  throw new Problem('MAQUINA_BLOQUEADA', {
    detalhe: motivo_bloqueio ? `A máquina está bloqueada: ${motivo_bloqueio}` : undefined,
  });
}
