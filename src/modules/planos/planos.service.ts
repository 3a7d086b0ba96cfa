/** What can be done with plans. Licences that took their limit or features from the plan follow its changes. */

import { type Actor, authorize } from '../../core/actor';
import type { Clock } from '../../core/clock';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { licencaStatusAt } from '../licencas/licencas.model';
import { followPlano, licencasOfPlano } from '../licencas/licencas.store';
import type { LicenceFacts } from '../licencas/validacao.model';
import { getProdutoBySlugOrId, produtoPadrao } from '../produtos/produtos.store';
import { licenceGraceDays, type Plano, type PlanoEdit } from './planos.model';
import { deletePlano, getPlano, insertPlano, listPlanos, updatePlano } from './planos.store';

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  ids: Ids;
  /** Gives every machine of a plan's licences a new desired state, in the transaction that changes the plan. */
  touchMachines(tx: Tx, planoId: string): Promise<void>;
}

export type NewPlano = Pick<Plano, 'nome' | 'preco_centavos' | 'periodo'> &
  PlanoEdit & { produto?: string | undefined };

export interface Simulacao {
  licencas: number;
  licencas_afetadas: number;
  maquinas_afetadas: number;
  exemplos: {
    licenca_id: string;
    cliente_id: string;
    maquinas_ativas: number;
    mudancas: string[];
    antes: SimulatedState;
    depois: SimulatedState;
  }[];
}

interface SimulatedState {
  status: string;
  limite_maquinas: number;
  recursos: string[];
}

const exemplosMax = 10;

export type Planos = ReturnType<typeof createPlanos>;

export function createPlanos({ work, clock, ids, touchMachines }: Dependencies) {
  return {
    /** @throws Problem NOME_DUPLICADO, VALIDACAO for an unknown product. */
    async criar(actor: Actor, input: NewPlano): Promise<Plano> {
      authorize(actor, 'planos:criar');
      return work.write(actor, async (tx) => {
        const produto = await getProdutoBySlugOrId(tx.db, input.produto ?? produtoPadrao);
        const plano: Plano = {
          id: ids.next(tx.now),
          nome: input.nome.trim(),
          produto_id: produto.id,
          preco_centavos: input.preco_centavos,
          periodo: input.periodo,
          limite_maquinas: input.limite_maquinas ?? 1,
          recursos: input.recursos ?? [],
          carencia_dias: input.carencia_dias ?? 0,
          criado_em: tx.now,
          atualizado_em: tx.now,
          rev: 1,
        };
        await insertPlano(tx.db, plano);
        await tx.record({
          acao: 'criar',
          entidade: 'plano',
          entidadeId: plano.id,
          antes: null,
          depois: plano,
          eventos: [],
        });
        return plano;
      });
    },

    async listar(actor: Actor, page: PageRequest, produtoId: string | undefined): Promise<Page<Plano>> {
      authorize(actor, 'planos:ler');
      return listPlanos(work.reader, page, produtoId);
    },

    async obter(actor: Actor, id: string): Promise<Plano> {
      authorize(actor, 'planos:ler');
      return getPlano(work.reader, id);
    },

    /** A new price holds from the next invoice on. */
    async atualizar(actor: Actor, id: string, edit: PlanoEdit, esperada: number | null): Promise<Plano> {
      authorize(actor, 'planos:editar');
      return work.write(actor, async (tx) => {
        const antes = await getPlano(tx.db, id);
        if (esperada !== null && antes.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        const depois: Plano = { ...antes, ...edit, atualizado_em: tx.now, rev: antes.rev + 1 };
        await updatePlano(tx.db, depois);
        await followPlano(tx.db, depois, tx.now);
        await touchMachines(tx, id);
        await tx.record({
          acao: 'editar',
          entidade: 'plano',
          entidadeId: id,
          antes,
          depois,
          eventos: [
            { tipo: 'plano.atualizado', entidade: 'plano', entidadeId: id, dados: { plano_id: id, nome: depois.nome } },
          ],
        });
        return depois;
      });
    },

    async excluir(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'planos:excluir');
      await work.write(actor, async (tx) => {
        const antes = await getPlano(tx.db, id);
        await deletePlano(tx.db, id);
        await tx.record({ acao: 'excluir', entidade: 'plano', entidadeId: id, antes, depois: null, eventos: [] });
      });
    },

    /** What would change for today's licences and machines if the plan were edited so. Nothing is saved. */
    async simular(actor: Actor, id: string, edit: PlanoEdit): Promise<Simulacao> {
      authorize(actor, 'planos:ler');
      const plano = await getPlano(work.reader, id);
      const changed: Plano = { ...plano, ...edit };
      const now = clock.now();
      const result: Simulacao = { licencas: 0, licencas_afetadas: 0, maquinas_afetadas: 0, exemplos: [] };
      for await (const facts of licencasOfPlano(work.reader, id)) {
        result.licencas += 1;
        const { licenca } = facts;
        const antes = stateOf(facts, now);
        const depois = stateOf(underPlano(facts, changed), now);
        const mudancas = differences(antes, depois, licenca.maquinas_ativas);
        if (mudancas.length === 0) continue;
        result.licencas_afetadas += 1;
        result.maquinas_afetadas += licenca.maquinas_ativas;
        if (result.exemplos.length >= exemplosMax) continue;
        const { maquinas_ativas, cliente_id } = licenca;
        result.exemplos.push({ licenca_id: licenca.id, cliente_id, maquinas_ativas, mudancas, antes, depois });
      }
      return result;
    },
  };
}

/** A licence as it would be under a plan: its own values stay, the inherited ones follow. */
function underPlano(facts: LicenceFacts, plano: Plano): LicenceFacts {
  const { licenca } = facts;
  return {
    ...facts,
    licenca: {
      ...licenca,
      limite_maquinas: licenca.herda_limite ? plano.limite_maquinas : licenca.limite_maquinas,
      recursos: licenca.herda_recursos ? plano.recursos : licenca.recursos,
      carencia_dias: licenceGraceDays(plano, licenca.renovacao_automatica),
    },
  };
}

function stateOf({ licenca, cliente }: LicenceFacts, now: number): SimulatedState {
  return {
    status: licencaStatusAt(licenca, cliente, now),
    limite_maquinas: licenca.limite_maquinas,
    recursos: licenca.recursos,
  };
}

/** In words, what a caller of verification or activation would notice. */
function differences(antes: SimulatedState, depois: SimulatedState, maquinas: number): string[] {
  const changes: string[] = [];
  if (antes.status !== depois.status) changes.push(`o status passaria de ${antes.status} a ${depois.status}`);
  const lost = antes.recursos.filter((recurso) => !depois.recursos.includes(recurso));
  const gained = depois.recursos.filter((recurso) => !antes.recursos.includes(recurso));
  if (lost.length > 0) changes.push(`perderia ${lost.join(', ')}: RECURSO_AUSENTE`);
  if (gained.length > 0) changes.push(`ganharia ${gained.join(', ')}`);
  if (depois.limite_maquinas < antes.limite_maquinas && maquinas >= depois.limite_maquinas) {
    changes.push(`novas máquinas seriam recusadas: LIMITE_DE_MAQUINAS (${maquinas} de ${depois.limite_maquinas})`);
  }
  if (depois.limite_maquinas > antes.limite_maquinas && maquinas >= antes.limite_maquinas) {
    changes.push(`novas máquinas seriam aceitas (${maquinas} de ${depois.limite_maquinas})`);
  }
  return changes;
}
