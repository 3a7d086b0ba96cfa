/** What administrators do with licences. */

import { randomBytes } from 'node:crypto';
import { type Actor, authorize, can } from '../../core/actor';
import { type Clock, rfc3339OrNull } from '../../core/clock';
import type { EventType } from '../../core/events';
import type { Ids } from '../../core/ids';
import { checkMetadados } from '../../core/metadados';
import type { Page, PageRequest } from '../../core/page';
import { invalidField, Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { findCliente } from '../clientes/clientes.store';
import { getProdutoBySlugOrId, produtoPadrao } from '../produtos/produtos.store';
import { buildChave, chavePrefixo, normalizeChave } from './chave.model';
import {
  blockLicenca,
  cancelLicenca,
  type Licenca,
  type LicencaTerms,
  licencaPeriod,
  offlineDiasDefault,
  renewLicenca,
  touched,
} from './licencas.model';
import { getLicenca, insertLicenca, type LicencaFilter, listLicencas, updateLicenca } from './licencas.store';
import type { LicenceFacts } from './validacao.model';

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  ids: Ids;
  keyring: Keyring;
  /** Gives every machine of a licence a new desired state, inside the transaction that changes the licence. */
  touchMachines(tx: Tx, licencaId: string): Promise<void>;
}

export interface NewLicenca extends LicencaTerms {
  cliente_id: string;
  produto?: string | undefined;
  plano_id?: string | null | undefined;
  limite_maquinas?: number | undefined;
  recursos?: string[] | undefined;
  renovacao_automatica?: boolean | undefined;
  offline_dias?: number | undefined;
  metadados?: Record<string, unknown> | undefined;
}

export type LicencaEdit = Partial<
  Pick<Licenca, 'limite_maquinas' | 'recursos' | 'renovacao_automatica' | 'offline_dias' | 'metadados'>
>;

/** A licence as it is shown: with its key whole only to whoever may see it. */
export interface LicencaShown {
  facts: LicenceFacts;
  chave: string | null;
}

export type Licencas = ReturnType<typeof createLicencas>;

const sealPurpose = 'licenca.chave';

export function createLicencas({ work, clock, ids, keyring, touchMachines }: Dependencies) {
  /** One change of an existing licence: load, decide, save, tell. */
  async function change(
    actor: Actor,
    id: string,
    acao: string,
    evento: EventType,
    decide: (licenca: Licenca, now: number) => Licenca | null,
  ): Promise<LicencaShown> {
    return work.write(actor, async (tx) => {
      const antes = await getLicenca(tx.db, id);
      const depois = decide(antes.licenca, tx.now);
      if (!depois) return show(actor, antes);
      const facts = { ...antes, licenca: depois };
      await updateLicenca(tx.db, depois);
      await touchMachines(tx, id);
      await tx.record({
        acao,
        entidade: 'licenca',
        entidadeId: id,
        antes: antes.licenca,
        depois,
        eventos: [{ tipo: evento, entidade: 'licenca', entidadeId: id, dados: licencaEventData(facts) }],
      });
      return show(actor, facts);
    });
  }

  /** The key is shown to whoever could change the licence, to nobody else. */
  function show(actor: Actor, facts: LicenceFacts): LicencaShown {
    return {
      facts,
      chave: can(actor, 'licencas:editar') ? keyring.open(sealPurpose, facts.licenca.chave_selada) : null,
    };
  }

  return {
    /** Issues a licence with a new key, whole in the answer. @throws Problem VALIDACAO */
    async criar(actor: Actor, input: NewLicenca): Promise<LicencaShown> {
      authorize(actor, 'licencas:criar');
      const chave = buildChave(randomBytes(24));
      const symbols = normalizeChave(chave);
      if (!symbols) throw new Error('a key that was just built does not read back');
      return work.write(actor, async (tx) => {
        const cliente = await findCliente(tx.db, input.cliente_id);
        if (!cliente) throw invalidField('cliente_id', 'não há cliente com este id');
        if (cliente.status === 'cancelado') throw invalidField('cliente_id', 'o cliente está cancelado');
        if (input.plano_id) throw invalidField('plano_id', 'não há plano com este id');
        const produto = await getProdutoBySlugOrId(tx.db, input.produto ?? produtoPadrao);
        const { iniciaEm, expiraEm } = licencaPeriod(input, tx.now);
        const licenca: Licenca = {
          id: ids.next(tx.now),
          chave_hmac: keyring.lookup('licenca', symbols),
          chave_selada: keyring.seal(sealPurpose, chave),
          chave_prefixo: chavePrefixo(chave),
          cliente_id: cliente.id,
          produto_id: produto.id,
          plano_id: null,
          tipo: input.tipo,
          situacao: 'ativa',
          motivo_bloqueio: null,
          limite_maquinas: input.limite_maquinas ?? 1,
          maquinas_ativas: 0,
          recursos: input.recursos ?? [],
          inicia_em: iniciaEm,
          expira_em: expiraEm,
          carencia_dias: 0,
          renovacao_automatica: input.renovacao_automatica ?? false,
          offline_dias: input.offline_dias ?? offlineDiasDefault,
          metadados: checkMetadados(input.metadados ?? {}),
          inicio_registrado: iniciaEm <= tx.now,
          fim_registrado: false,
          criado_em: tx.now,
          atualizado_em: tx.now,
          rev: 1,
        };
        const facts: LicenceFacts = {
          licenca,
          cliente: cliente.status,
          motivoCliente: cliente.motivo_bloqueio,
          produtoSlug: produto.slug,
        };
        await insertLicenca(tx.db, licenca);
        await tx.record({
          acao: 'criar',
          entidade: 'licenca',
          entidadeId: licenca.id,
          antes: null,
          depois: licenca,
          eventos: [
            { tipo: 'licenca.criada', entidade: 'licenca', entidadeId: licenca.id, dados: licencaEventData(facts) },
          ],
        });
        return { facts, chave };
      });
    },

    async listar(actor: Actor, page: PageRequest, filter: LicencaFilter): Promise<Page<LicenceFacts>> {
      authorize(actor, 'licencas:ler');
      return listLicencas(work.reader, page, filter, clock.now());
    },

    async obter(actor: Actor, id: string): Promise<LicencaShown> {
      authorize(actor, 'licencas:ler');
      return show(actor, await getLicenca(work.reader, id));
    },

    /** @param esperada the revision the caller has seen, or null for any. */
    async atualizar(actor: Actor, id: string, edit: LicencaEdit, esperada: number | null): Promise<LicencaShown> {
      authorize(actor, 'licencas:editar');
      return change(actor, id, 'editar', 'licenca.atualizada', (licenca, now) => {
        if (esperada !== null && licenca.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        if (edit.metadados) checkMetadados(edit.metadados);
        return { ...touched(licenca, now), ...withoutUndefined(edit) };
      });
    },

    async bloquear(actor: Actor, id: string, motivo: string): Promise<LicencaShown> {
      authorize(actor, 'licencas:bloquear');
      return change(actor, id, 'bloquear', 'licenca.bloqueada', (licenca, now) =>
        blockLicenca(licenca, true, motivo, now),
      );
    },

    async desbloquear(actor: Actor, id: string): Promise<LicencaShown> {
      authorize(actor, 'licencas:bloquear');
      return change(actor, id, 'desbloquear', 'licenca.desbloqueada', (licenca, now) =>
        blockLicenca(licenca, false, null, now),
      );
    },

    async cancelar(actor: Actor, id: string): Promise<LicencaShown> {
      authorize(actor, 'licencas:excluir');
      return change(actor, id, 'cancelar', 'licenca.cancelada', cancelLicenca);
    },

    async renovar(
      actor: Actor,
      id: string,
      terms: { dias?: number | undefined; expira_em?: number | undefined },
    ): Promise<LicencaShown> {
      authorize(actor, 'licencas:editar');
      return change(actor, id, 'renovar', 'licenca.renovada', (licenca, now) => renewLicenca(licenca, terms, now));
    },
  };
}

/** What an event tells of a licence; never its key. */
export function licencaEventData({ licenca, produtoSlug }: LicenceFacts): Record<string, unknown> {
  return {
    licenca_id: licenca.id,
    cliente_id: licenca.cliente_id,
    produto: produtoSlug,
    chave_prefixo: licenca.chave_prefixo,
    tipo: licenca.tipo,
    situacao: licenca.situacao,
    motivo_bloqueio: licenca.motivo_bloqueio,
    expira_em: rfc3339OrNull(licenca.expira_em),
  };
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Partial<T>;
}
