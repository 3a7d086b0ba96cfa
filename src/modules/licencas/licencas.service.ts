/** What administrators do with licences. */

import { randomBytes } from 'node:crypto';
import { validRange } from 'semver';
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
import { licenceGraceDays, type Plano } from '../planos/planos.model';
import { findPlano } from '../planos/planos.store';
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
  /** Bills the first period of a subscription; answers the licence as it then is. */
  billFirst(tx: Tx, licenca: Licenca, plano: Plano): Promise<Licenca>;
}

export interface NewLicenca extends LicencaTerms {
  cliente_id: string;
  produto?: string | undefined;
  plano_id?: string | null | undefined;
  limite_maquinas?: number | undefined;
  recursos?: string[] | undefined;
  renovacao_automatica?: boolean | undefined;
  offline_dias?: number | undefined;
  flutuante?: boolean | undefined;
  versoes?: string | null | undefined;
  atualizacoes_ate?: number | null | undefined;
  excedente_pct?: number | undefined;
  metadados?: Record<string, unknown> | undefined;
}

export type LicencaEdit = Partial<
  Pick<
    Licenca,
    | 'limite_maquinas'
    | 'recursos'
    | 'versoes'
    | 'atualizacoes_ate'
    | 'excedente_pct'
    | 'renovacao_automatica'
    | 'offline_dias'
    | 'metadados'
  >
>;

/** A licence as it is shown: with its key whole only to whoever may see it. */
export interface LicencaShown {
  facts: LicenceFacts;
  chave: string | null;
}

export type Licencas = ReturnType<typeof createLicencas>;

const sealPurpose = 'licenca.chave';

export function createLicencas({ work, clock, ids, keyring, touchMachines, billFirst }: Dependencies) {
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

  async function createIn(tx: Tx, input: NewLicenca): Promise<LicencaShown> {
    const chave = buildChave(randomBytes(24));
    const symbols = normalizeChave(chave);
    if (!symbols) throw new Error('a key that was just built does not read back');
    const cliente = await findCliente(tx.db, input.cliente_id);
    if (!cliente) throw invalidField('cliente_id', 'não há cliente com este id');
    if (cliente.status === 'cancelado') throw invalidField('cliente_id', 'o cliente está cancelado');
    const plano = input.plano_id ? await planoOf(tx, input.plano_id) : null;
    const produto = await getProdutoBySlugOrId(tx.db, input.produto ?? plano?.produto_id ?? produtoPadrao);
    if (plano && plano.produto_id !== produto.id) throw invalidField('plano_id', 'o plano é de outro produto');
    if (input.versoes) checkVersoes(input.versoes);
    // A subscription with a plan bills itself; its end is then the end of the billed period.
    const billed = input.tipo === 'assinatura' && plano !== null && input.dias === undefined && !input.expira_em;
    const renovacao = input.renovacao_automatica ?? billed;
    const { iniciaEm, expiraEm } = billed
      ? { iniciaEm: input.inicia_em ?? tx.now, expiraEm: null }
      : licencaPeriod(input, tx.now);
    const draft: Licenca = {
      id: ids.next(tx.now),
      chave_hmac: keyring.lookup('licenca', symbols),
      chave_selada: keyring.seal(sealPurpose, chave),
      chave_prefixo: chavePrefixo(chave),
      cliente_id: cliente.id,
      produto_id: produto.id,
      plano_id: plano?.id ?? null,
      tipo: input.tipo,
      situacao: 'ativa',
      motivo_bloqueio: null,
      limite_maquinas: input.limite_maquinas ?? plano?.limite_maquinas ?? 1,
      maquinas_ativas: 0,
      recursos: input.recursos ?? plano?.recursos ?? [],
      inicia_em: iniciaEm,
      expira_em: expiraEm,
      carencia_dias: plano ? licenceGraceDays(plano, renovacao) : 0,
      renovacao_automatica: renovacao,
      offline_dias: input.offline_dias ?? offlineDiasDefault,
      metadados: checkMetadados(input.metadados ?? {}),
      inicio_registrado: iniciaEm <= tx.now,
      fim_registrado: false,
      herda_limite: plano !== null && input.limite_maquinas === undefined,
      herda_recursos: plano !== null && input.recursos === undefined,
      versoes: input.versoes ?? null,
      atualizacoes_ate: input.atualizacoes_ate ?? null,
      excedente_pct: input.excedente_pct ?? 0,
      inadimplente: false,
      flutuante: input.flutuante ?? false,
      cobranca_desde: billed ? iniciaEm : null,
      cobranca_periodos: 0,
      criado_em: tx.now,
      atualizado_em: tx.now,
      rev: 1,
    };
    await insertLicenca(tx.db, draft);
    const licenca = billed && plano ? await billFirst(tx, draft, plano) : draft;
    if (licenca !== draft) await updateLicenca(tx.db, { ...licenca, rev: 2 });
    const facts: LicenceFacts = {
      licenca: licenca === draft ? draft : { ...licenca, rev: 2 },
      cliente: cliente.status,
      motivoCliente: cliente.motivo_bloqueio,
      produtoSlug: produto.slug,
    };
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
  }

  return {
    /** Issues a licence with a new key, whole in the answer. @throws Problem VALIDACAO */
    async criar(actor: Actor, input: NewLicenca): Promise<LicencaShown> {
      authorize(actor, 'licencas:criar');
      return work.write(actor, (tx) => createIn(tx, input));
    },

    /** The same inside a transaction of the caller's, who has asked for the permission. */
    criarEm: createIn,

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
      const { plano_id } = (await getLicenca(work.reader, id)).licenca;
      const plano = plano_id === null ? null : await findPlano(work.reader, plano_id);
      return change(actor, id, 'editar', 'licenca.atualizada', (licenca, now) => {
        if (esperada !== null && licenca.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        return editLicenca(licenca, edit, plano, now);
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

async function planoOf(tx: Tx, planoId: string): Promise<Plano> {
  const plano = await findPlano(tx.db, planoId);
  if (!plano) throw invalidField('plano_id', 'não há plano com este id');
  return plano;
}

/** A semver range, as node-semver reads it. @throws Problem VALIDACAO */
function checkVersoes(versoes: string): void {
  if (validRange(versoes) === null) throw invalidField('versoes', 'deve ser uma faixa semver, como >=4.0.0 <5.0.0');
}

/** The licence with fields of its own; what it is given here it no longer takes from the plan. */
function editLicenca(licenca: Licenca, edit: LicencaEdit, plano: Plano | null, now: number): Licenca {
  if (edit.metadados !== undefined) checkMetadados(edit.metadados);
  if (edit.versoes) checkVersoes(edit.versoes);
  const renovacao = edit.renovacao_automatica ?? licenca.renovacao_automatica;
  return {
    ...touched(licenca, now),
    ...withoutUndefined(edit),
    herda_limite: licenca.herda_limite && edit.limite_maquinas === undefined,
    herda_recursos: licenca.herda_recursos && edit.recursos === undefined,
    carencia_dias: plano ? licenceGraceDays(plano, renovacao) : licenca.carencia_dias,
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
