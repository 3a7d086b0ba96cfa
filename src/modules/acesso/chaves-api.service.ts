/**
 * API keys, for programs. A key may do what was granted to it and, at every moment, no more than the person who answers
 * for it: whoever made it, or granted its permissions last. It ends with that person's account.
 */

import { randomBytes } from 'node:crypto';
import { type Actor, authorize, authorizeGrant } from '../../core/actor';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { invalidField, Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { cleanEnderecos } from './chaves-api.model';
import {
  type ChaveApi,
  deleteChaveApi,
  findChaveApi,
  getChaveApi,
  listChavesApi,
  saveChaveApi,
} from './chaves-api.store';
import { cleanPermissoes } from './perfis.model';

const secretBytes = 32;

/** The purpose under which secrets of API keys are looked up. */
export const chaveApiPurpose = 'acesso.chave-api';

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
  keyring: Keyring;
}

export interface ChaveApiInput {
  nome: string;
  permissoes: string[];
  expira_em?: number | null | undefined;
  enderecos?: string[] | undefined;
  ativa?: boolean | undefined;
}

export type ChavesApi = ReturnType<typeof createChavesApi>;

export function createChavesApi({ work, ids, keyring }: Dependencies) {
  /** A new secret, which is shown once and kept as its HMAC. */
  function newSecret(): { segredo: string; segredo_hmac: string } {
    const segredo = `nk_${randomBytes(secretBytes).toString('base64url')}`;
    return { segredo, segredo_hmac: keyring.lookup(chaveApiPurpose, segredo) };
  }

  return {
    /** @throws Problem SEM_PERMISSAO for a permission the actor lacks, VALIDACAO */
    async criar(actor: Actor, input: ChaveApiInput): Promise<{ chave: ChaveApi; segredo: string }> {
      authorize(actor, 'chaves-api:criar');
      const permissoes = cleanPermissoes(input.permissoes);
      authorizeGrant(actor, permissoes);
      const { segredo, segredo_hmac } = newSecret();
      const chave = await work.write(actor, async (tx) => {
        refusePast(input.expira_em, tx.now);
        const made: ChaveApi = {
          id: ids.next(tx.now),
          nome: input.nome.trim(),
          segredo_hmac,
          permissoes,
          enderecos: cleanEnderecos(input.enderecos ?? []),
          responsavel_id: await responsavel(tx, actor),
          ativa: input.ativa ?? true,
          expira_em: input.expira_em ?? null,
          usada_em: null,
          usada_de: null,
          criado_em: tx.now,
          atualizado_em: tx.now,
          rev: 1,
        };
        await saveChaveApi(tx.db, made);
        const change = { acao: 'criar', entidade: 'chave_api', entidadeId: made.id };
        await tx.record({ ...change, antes: null, depois: made, eventos: [] });
        return made;
      });
      return { chave, segredo };
    },

    async listar(actor: Actor, page: PageRequest): Promise<Page<ChaveApi>> {
      authorize(actor, 'chaves-api:ler');
      return listChavesApi(work.reader, page);
    },

    /** @throws Problem NAO_ENCONTRADO */
    async obter(actor: Actor, id: string): Promise<ChaveApi> {
      authorize(actor, 'chaves-api:ler');
      return getChaveApi(work.reader, id);
    },

    /** Granting permissions makes the actor the one who answers for the key. @throws Problem as `criar`, VERSAO_DESATUALIZADA */
    async atualizar(
      actor: Actor,
      id: string,
      edit: Partial<ChaveApiInput>,
      esperada: number | null,
    ): Promise<ChaveApi> {
      authorize(actor, 'chaves-api:editar');
      return work.write(actor, async (tx) => {
        const antes = await getChaveApi(tx.db, id);
        authorizeGrant(actor, antes.permissoes);
        if (esperada !== null && antes.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        const granted = edit.permissoes === undefined ? null : cleanPermissoes(edit.permissoes);
        if (granted) authorizeGrant(actor, granted);
        if (edit.expira_em !== antes.expira_em) refusePast(edit.expira_em, tx.now);
        const depois: ChaveApi = {
          ...antes,
          nome: edit.nome?.trim() ?? antes.nome,
          permissoes: granted ?? antes.permissoes,
          enderecos: edit.enderecos ? cleanEnderecos(edit.enderecos) : antes.enderecos,
          responsavel_id: granted ? await responsavel(tx, actor) : antes.responsavel_id,
          ativa: edit.ativa ?? antes.ativa,
          expira_em: edit.expira_em === undefined ? antes.expira_em : edit.expira_em,
          atualizado_em: tx.now,
          rev: antes.rev + 1,
        };
        await saveChaveApi(tx.db, depois);
        await tx.record({ acao: 'editar', entidade: 'chave_api', entidadeId: id, antes, depois, eventos: [] });
        return depois;
      });
    },

    /** A new secret; the old one opens nothing from now on. */
    async rotacionar(actor: Actor, id: string): Promise<{ chave: ChaveApi; segredo: string }> {
      authorize(actor, 'chaves-api:editar');
      const { segredo, segredo_hmac } = newSecret();
      const chave = await work.write(actor, async (tx) => {
        const antes = await getChaveApi(tx.db, id);
        authorizeGrant(actor, antes.permissoes);
        const depois: ChaveApi = { ...antes, segredo_hmac, atualizado_em: tx.now, rev: antes.rev + 1 };
        await saveChaveApi(tx.db, depois);
        await tx.record({ acao: 'rotacionar', entidade: 'chave_api', entidadeId: id, antes, depois, eventos: [] });
        return depois;
      });
      return { chave, segredo };
    },

    /** Access tokens that the key has obtained end with it. */
    async excluir(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'chaves-api:excluir');
      await work.write(actor, async (tx) => {
        const antes = await getChaveApi(tx.db, id);
        authorizeGrant(actor, antes.permissoes);
        await deleteChaveApi(tx.db, id);
        await tx.record({ acao: 'excluir', entidade: 'chave_api', entidadeId: id, antes, depois: null, eventos: [] });
      });
    },
  };
}

/** The person behind the actor: itself, or whoever answers for the key that asks. */
async function responsavel({ db }: Tx, actor: Actor): Promise<string> {
  if (actor.tipo === 'usuario' && actor.id !== null) return actor.id;
  const key = actor.tipo === 'chave_api' && actor.id !== null ? await findChaveApi(db, actor.id) : null;
  if (!key)
    throw new Problem('SEM_PERMISSAO', { detalhe: 'Uma chave de API precisa de uma pessoa que responda por ela.' });
  return key.responsavel_id;
}

function refusePast(expiraEm: number | null | undefined, now: number): void {
  if (typeof expiraEm === 'number' && expiraEm <= now) throw invalidField('expira_em', 'já passou');
}
