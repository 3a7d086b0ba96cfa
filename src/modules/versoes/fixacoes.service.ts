/** Holding a customer's or a machine's software at a version, and letting it go. */

import { type Actor, authorize } from '../../core/actor';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { invalidField, Problem } from '../../core/problem';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { findCliente } from '../clientes/clientes.store';
import { getLicenca } from '../licencas/licencas.store';
import { findMaquina } from '../maquinas/maquinas.store';
import { findUsoGeral, getProdutoBySlugOrId, produtoPadrao } from '../produtos/produtos.store';
import {
  type Alvo,
  deleteFixacao,
  type Fixacao,
  type FixacaoFilter,
  findFixacao,
  listFixacoes,
  putFixacao,
} from './fixacoes.store';
import { checkSemver } from './semver.model';

export interface NovaFixacao {
  alvo: Alvo;
  alvo_id: string;
  produto?: string | undefined;
  versao: string;
  motivo?: string | undefined;
}

export type Fixacoes = ReturnType<typeof createFixacoes>;

export function createFixacoes({ work, ids }: { work: UnitOfWork; ids: Ids }) {
  return {
    /** Pins, in place of the pin there was. @throws Problem VALIDACAO */
    async fixar(actor: Actor, input: NovaFixacao): Promise<Fixacao> {
      authorize(actor, 'uploads:editar');
      const versao = checkSemver('versao', input.versao);
      return work.write(actor, async (tx) => {
        const { alvo, alvo_id } = input;
        const maquina = alvo === 'maquina' ? await findMaquina(tx.db, alvo_id) : null;
        const found = maquina ?? (alvo === 'cliente' ? await findCliente(tx.db, alvo_id) : null);
        if (!found) throw invalidField('alvo_id', `não há ${alvo} com este id`);
        // A machine runs one product, and tools for every licence; of a customer it has to be said which.
        const geral = maquina && input.produto ? await findUsoGeral(tx.db, input.produto) : null;
        const produto_id = maquina
          ? (geral ?? (await getLicenca(tx.db, maquina.maquina.licenca_id)).licenca.produto_id)
          : (await getProdutoBySlugOrId(tx.db, input.produto ?? produtoPadrao)).id;
        const motivo = input.motivo ?? null;
        const fixacao: Fixacao = { id: ids.next(tx.now), alvo, alvo_id, produto_id, versao, motivo, criado_em: tx.now };
        await putFixacao(tx.db, fixacao);
        await tx.record({
          ...{ acao: 'fixar', entidade: 'fixacao', entidadeId: fixacao.id },
          ...{ antes: null, depois: fixacao, eventos: [] },
        });
        tx.touch(alvo_id);
        return fixacao;
      });
    },

    async listar(actor: Actor, page: PageRequest, filter: FixacaoFilter): Promise<Page<Fixacao>> {
      authorize(actor, 'uploads:ler');
      return listFixacoes(work.reader, page, filter);
    },

    async soltar(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'uploads:editar');
      await work.write(actor, async (tx) => {
        const antes = await findFixacao(tx.db, id);
        if (!antes) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há fixação com este id.' });
        await deleteFixacao(tx.db, id);
        await tx.record({
          ...{ acao: 'soltar', entidade: 'fixacao', entidadeId: id },
          ...{ antes, depois: null, eventos: [] },
        });
        tx.touch(antes.alvo_id);
      });
    },
  };
}
