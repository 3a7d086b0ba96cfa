/** Activation: a machine takes a seat of a licence with nothing but the key, and gives it back. */

import { randomBytes } from 'node:crypto';
import type { Actor } from '../../core/actor';
import type { Ids } from '../../core/ids';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { checkImpressao } from '../maquinas/impressao.model';
import { type Maquina, noProgress } from '../maquinas/maquinas.model';
import { findMaquinaByImpressao, insertMaquina, updateMaquina } from '../maquinas/maquinas.store';
import { freeSeat, leaseSeat } from './assentos.store';
import { certificateClaims } from './certificado.model';
import { normalizeChave } from './chave.model';
import { type Licenca, seatsMax } from './licencas.model';
import { licencaEventData } from './licencas.service';
import { addSeats, findLicenca, findLicencaByHmac } from './licencas.store';
import { type LicenceFacts, validationFailures } from './validacao.model';

export interface MachineDescription {
  impressao: string;
  nome?: string | undefined;
  hostname?: string | undefined;
  so?: string | undefined;
  arquitetura?: string | undefined;
  versao?: string | undefined;
  produto?: string | undefined;
}

export interface Activation {
  /** Whether a seat was taken now; false when that fingerprint held one already. */
  nova: boolean;
  maquina: Maquina;
  facts: LicenceFacts;
  /** Of a floating licence: until when the machine holds a seat. */
  assento: Seat | undefined;
  /** The machine's credential, the same for as long as it stays active. */
  token: string;
  certificado: string;
}

interface Seat {
  ate: number | null;
}

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
  keyring: Keyring;
  /** Until when a seat of a floating licence that is taken now is held. */
  leasedUntil(now: number): number;
  /** Told of a licence without a free seat. */
  refused(licencaId: string, codigo: string): void;
}

export type Ativacao = ReturnType<typeof createAtivacao>;

export const machineTokenPurpose = 'maquina.token';
const tokenBytes = 32;

/** A new credential of a machine and the two forms in which it is kept. */
export function newMachineToken(keyring: Keyring): { token: string; token_hmac: string; token_selado: string } {
  const token = `nm_${randomBytes(tokenBytes).toString('base64url')}`;
  return {
    token,
    token_hmac: keyring.lookup(machineTokenPurpose, token),
    token_selado: keyring.seal(machineTokenPurpose, token),
  };
}

export function createAtivacao({ work, ids, keyring, leasedUntil, refused }: Dependencies) {
  async function activate(
    actor: Actor,
    find: (tx: Tx) => Promise<LicenceFacts | null>,
    description: MachineDescription,
  ): Promise<Activation> {
    const impressao = checkImpressao(description.impressao);
    return work.write(actor, async (tx) => {
      // 1. Load, and refuse what may not run.
      const facts = await find(tx);
      if (!facts) throw new Problem('NAO_ENCONTRADA');
      const existing = await findMaquinaByImpressao(tx.db, facts.licenca.id, impressao);
      refuseUnfit(facts, existing, description, impressao, tx.now);
      // 2. The same fingerprint again: the same seat, the same token, nothing to record.
      if (existing?.ativa) {
        const token = keyring.open(machineTokenPurpose, existing.token_selado);
        const assento = await takeSeat(tx, facts.licenca, existing.id);
        const certificado = certify(facts, impressao, assento, tx.now);
        return { nova: false, maquina: existing, facts, assento, token, certificado };
      }
      // 3. A free seat. Transactions run one after another, so nobody takes it meanwhile.
      const { licenca } = facts;
      if (!licenca.flutuante && licenca.maquinas_ativas >= seatsMax(licenca)) {
        refused(licenca.id, 'LIMITE_DE_MAQUINAS');
        throw new Problem('LIMITE_DE_MAQUINAS', {
          detalhe: `A licença permite ${licenca.limite_maquinas} máquina(s), e ${licenca.maquinas_ativas} já estão ativas.`,
        });
      }
      const { token, ...kept } = newMachineToken(keyring);
      const described = describe(description, actor.ip);
      const maquina: Maquina = existing
        ? {
            ...existing,
            ...described,
            ...kept,
            ativa: true,
            atualizado_em: tx.now,
            rev: existing.rev + 1,
            revisao: existing.revisao + 1,
            ...noProgress,
          }
        : newMaquina(ids.next(tx.now), facts, impressao, { ...described, ...kept }, tx.now);
      if (existing) await updateMaquina(tx.db, maquina);
      else await insertMaquina(tx.db, maquina);
      await addSeats(tx.db, licenca.id, 1);
      const assento = await takeSeat(tx, licenca, maquina.id);
      const after: LicenceFacts = { ...facts, licenca: { ...licenca, maquinas_ativas: licenca.maquinas_ativas + 1 } };
      await recordActivation(tx, existing, maquina, after);
      return {
        nova: true,
        maquina,
        facts: after,
        assento,
        token,
        certificado: certify(after, impressao, assento, tx.now),
      };
    });
  }

  /** A seat of a floating licence, if one is free; undefined for a licence that does not float. */
  async function takeSeat(tx: Tx, licenca: Licenca, maquinaId: string): Promise<Seat | undefined> {
    if (!licenca.flutuante) return undefined;
    const until = leasedUntil(tx.now);
    const seated = await leaseSeat(tx.db, licenca.id, maquinaId, { seats: seatsMax(licenca), now: tx.now, until });
    tx.touch(maquinaId);
    return { ate: seated ? until : null };
  }

  function certify(facts: LicenceFacts, impressao: string, assento: Seat | undefined, now: number): string {
    const codigo = assento?.ate === null ? 'MAQUINA_NAO_ATIVADA' : 'VALIDA';
    return keyring.signJws(certificateClaims(facts, { impressao, codigo }, now));
  }

  function findByChave(chave: string) {
    const symbols = normalizeChave(chave);
    return async (tx: Tx) => (symbols ? findLicencaByHmac(tx.db, keyring.lookup('licenca', symbols)) : null);
  }

  return {
    /**
     * Activates by key. Asked twice for a fingerprint, it answers the same machine and token and takes no second seat.
     * @throws Problem NAO_ENCONTRADA, CANCELADA, CLIENTE_BLOQUEADO, BLOQUEADA, AINDA_NAO_VIGENTE, EXPIRADA,
     * PRODUTO_DIFERENTE, MAQUINA_BLOQUEADA, LIMITE_DE_MAQUINAS, IMPRESSAO_INVALIDA
     */
    async ativar(actor: Actor, chave: string, description: MachineDescription): Promise<Activation> {
      return activate(actor, findByChave(chave), description);
    },

    /** Activates by the licence's id, for administrators; permission is checked by the caller's service. */
    async ativarPorId(actor: Actor, licencaId: string, description: MachineDescription): Promise<Activation> {
      return activate(actor, (tx) => findLicenca(tx.db, licencaId), description);
    },

    /** Frees the seat and ends the machine's credential. @throws Problem NAO_ENCONTRADA, MAQUINA_NAO_ATIVADA */
    async desativar(
      actor: Actor,
      chave: string,
      impressaoText: string,
    ): Promise<{ maquina: Maquina; facts: LicenceFacts }> {
      const impressao = checkImpressao(impressaoText);
      return work.write(actor, async (tx) => {
        const facts = await findByChave(chave)(tx);
        if (!facts) throw new Problem('NAO_ENCONTRADA');
        const antes = await findMaquinaByImpressao(tx.db, facts.licenca.id, impressao);
        if (!antes) throw new Problem('MAQUINA_NAO_ATIVADA');
        if (!antes.ativa) return { maquina: antes, facts };
        const { token: _, ...kept } = newMachineToken(keyring);
        const maquina: Maquina = {
          ...antes,
          ...kept,
          ativa: false,
          revisao: antes.revisao + 1,
          ...noProgress,
          atualizado_em: tx.now,
          rev: antes.rev + 1,
        };
        await updateMaquina(tx.db, maquina);
        await addSeats(tx.db, facts.licenca.id, -1);
        await freeSeat(tx.db, maquina.id, facts.licenca.id);
        const after = { ...facts, licenca: { ...facts.licenca, maquinas_ativas: facts.licenca.maquinas_ativas - 1 } };
        await tx.record({
          acao: 'desativar',
          entidade: 'maquina',
          entidadeId: maquina.id,
          antes,
          depois: maquina,
          eventos: [
            {
              tipo: 'licenca.desativada',
              entidade: 'licenca',
              entidadeId: facts.licenca.id,
              dados: { ...licencaEventData(after), maquina_id: maquina.id },
            },
          ],
        });
        return { maquina, facts: after };
      });
    },
  };
}

async function recordActivation(tx: Tx, antes: Maquina | null, maquina: Maquina, facts: LicenceFacts): Promise<void> {
  const { maquinas_ativas, limite_maquinas } = facts.licenca;
  const dados = { ...licencaEventData(facts), maquina_id: maquina.id, nome: maquina.nome };
  await tx.record({
    acao: 'ativar',
    entidade: 'maquina',
    entidadeId: maquina.id,
    antes,
    depois: maquina,
    eventos: [
      ...(antes ? [] : [{ tipo: 'maquina.registrada' as const, entidade: 'maquina', entidadeId: maquina.id, dados }]),
      { tipo: 'licenca.ativada', entidade: 'licenca', entidadeId: facts.licenca.id, dados },
      ...(!facts.licenca.flutuante && maquinas_ativas > limite_maquinas
        ? [
            {
              tipo: 'licenca.limite_excedido' as const,
              entidade: 'licenca',
              entidadeId: facts.licenca.id,
              dados: { ...dados, maquinas_ativas, limite_maquinas },
            },
          ]
        : []),
    ],
  });
}

/** @throws Problem with the first code that applies, the seat apart. */
function refuseUnfit(
  facts: LicenceFacts,
  existing: Maquina | null,
  description: MachineDescription,
  impressao: string,
  now: number,
): void {
  const failures = validationFailures(
    facts,
    existing,
    { produto: description.produto, versao: description.versao, impressao },
    now,
  );
  // Not being active yet is what activation is for.
  const failure = failures.find(({ codigo }) => codigo !== 'MAQUINA_NAO_ATIVADA');
  if (!failure) return;
  const { codigo, detalhe } = failure;
  if (codigo === 'RECURSO_AUSENTE' || codigo === 'IMPRESSAO_NECESSARIA') {
    throw new Error(`activation does not ask for ${codigo}`);
  }
  throw new Problem(codigo, { detalhe });
}

function describe(description: MachineDescription, ip: string | null) {
  const { hostname, so, arquitetura, versao } = description;
  return {
    nome: description.nome?.trim() || hostname?.trim() || 'Máquina sem nome',
    hostname: hostname ?? null,
    so: so ?? null,
    arquitetura: arquitetura ?? null,
    versao: versao ?? null,
    ip,
  };
}

function newMaquina(
  id: string,
  { licenca }: LicenceFacts,
  impressao: string,
  described: Pick<
    Maquina,
    'nome' | 'hostname' | 'so' | 'arquitetura' | 'versao' | 'ip' | 'token_hmac' | 'token_selado'
  >,
  now: number,
): Maquina {
  return {
    id,
    cliente_id: licenca.cliente_id,
    licenca_id: licenca.id,
    ...described,
    impressao,
    conexao: 'nunca_vista',
    ativa: true,
    bloqueada: false,
    motivo_bloqueio: null,
    revisao: 1,
    ...noProgress,
    ausente_desde: null,
    criado_em: now,
    atualizado_em: now,
    rev: 1,
  };
}
