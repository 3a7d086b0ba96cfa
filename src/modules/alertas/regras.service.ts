/** What can be done with alert rules. */

import { type Actor, authorize } from '../../core/actor';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { Db, Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import type { Abertura } from './abertura.service';
import { getAlerta, openAlertasOf } from './alertas.store';
import { deleteEsperasOf } from './esperas.store';
import { checkRegra, type Regra, type RegraFields } from './regras.model';
import {
  activeRegras,
  countRegras,
  deleteRegra,
  ensureRegras,
  getRegra,
  insertRegra,
  listRegras,
  updateRegra,
} from './regras.store';
import type { Vigia } from './vigia.service';

const regrasMax = 200;

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
  abertura: Abertura;
  watcher: Pick<Vigia, 'expect' | 'reload'>;
}

export type Regras = ReturnType<typeof createRegras>;

export function createRegras({ work, ids, abertura, watcher }: Dependencies) {
  /** What a rule watched is watched no more: its alerts have nothing left to end them. */
  async function letGo(tx: Tx, regra: Regra): Promise<void> {
    for (const id of await openAlertasOf(tx.db, regra.id)) {
      await abertura.resolver(tx, await getAlerta(tx.db, id), regra.canais);
    }
    await deleteEsperasOf(tx.db, regra.id);
  }

  function record(tx: Tx, acao: string, antes: Regra | null, depois: Regra | null): Promise<void> {
    const entidadeId = (depois ?? antes)?.id ?? '';
    return tx.record({ acao, entidade: 'regra_de_alerta', entidadeId, antes, depois, eventos: [] });
  }

  return {
    /** @throws Problem VALIDACAO, NOME_DUPLICADO, CONFLITO when there are as many as there may be. */
    async criar(actor: Actor, fields: RegraFields): Promise<Regra> {
      authorize(actor, 'alertas:criar');
      checkRegra(fields);
      const regra = await work.write(actor, async (tx) => {
        if ((await countRegras(tx.db)) >= regrasMax) {
          throw new Problem('CONFLITO', { detalhe: `São no máximo ${regrasMax} regras.` });
        }
        const created: Regra = {
          ...fields,
          id: ids.next(tx.now),
          embutida: false,
          criado_em: tx.now,
          atualizado_em: tx.now,
          rev: 1,
        };
        watcher.expect(created);
        await insertRegra(tx.db, created);
        await record(tx, 'criar', null, created);
        return created;
      });
      await watcher.reload();
      return regra;
    },

    async listar(actor: Actor, page: PageRequest): Promise<Page<Regra>> {
      authorize(actor, 'alertas:ler');
      return listRegras(work.reader, page);
    },

    async obter(actor: Actor, id: string): Promise<Regra> {
      authorize(actor, 'alertas:ler');
      return getRegra(work.reader, id);
    },

    /** Where it changes what is watched, its open alerts are closed. */
    async atualizar(actor: Actor, id: string, edit: Partial<RegraFields>, esperada: number | null): Promise<Regra> {
      authorize(actor, 'alertas:editar');
      const regra = await work.write(actor, async (tx) => {
        const antes = await getRegra(tx.db, id);
        if (esperada !== null && antes.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        const depois: Regra = { ...antes, ...edit, atualizado_em: tx.now, rev: antes.rev + 1 };
        checkRegra(depois);
        watcher.expect(depois);
        await updateRegra(tx.db, depois);
        if (watches(antes) !== watches(depois)) await letGo(tx, antes);
        await record(tx, 'editar', antes, depois);
        return depois;
      });
      await watcher.reload();
      return regra;
    },

    /** @throws Problem CONFLITO for one that came built in: it can be switched off. */
    async excluir(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'alertas:excluir');
      await work.write(actor, async (tx) => {
        const antes = await getRegra(tx.db, id);
        if (antes.embutida) {
          throw new Problem('CONFLITO', { detalhe: 'Esta regra vem de fábrica: desative-a com {"ativa": false}.' });
        }
        await letGo(tx, antes);
        await deleteRegra(tx.db, id);
        await record(tx, 'excluir', antes, null);
      });
      await watcher.reload();
    },
  };
}

/** What a rule watches, to be compared. */
function watches({ ativa, evento, metrica, condicao, limite, agrupar_por }: Regra): string {
  return JSON.stringify([ativa, evento, metrica, condicao, limite, agrupar_por]);
}

type BuiltIn = Pick<Regra, 'nome' | 'severidade'> & Partial<Regra>;

/** In this order since ever: the place of a rule is its id. */
const builtIn: readonly BuiltIn[] = [
  { nome: 'Cliente novo', evento: 'cliente.criado', severidade: 'info' },
  { nome: 'Licença expirada', evento: 'licenca.expirada', severidade: 'aviso' },
  { nome: 'Máquina offline', evento: 'maquina.offline', severidade: 'aviso', agrupar_por: 'cliente' },
  { nome: 'Atividade suspeita', evento: 'seguranca.suspeita', severidade: 'critico' },
  { nome: 'Pagamento pendente', evento: 'fatura.pendente', severidade: 'aviso' },
  { nome: 'Webhook desativado', evento: 'webhook.desativado', severidade: 'critico' },
  { nome: 'Backup falhou', evento: 'backup.falhou', severidade: 'critico' },
  { nome: 'Erro do sistema', evento: 'sistema.erro', severidade: 'critico' },
  // While there is still room to write the alert itself, and to clear up.
  {
    nome: 'Disco quase cheio',
    metrica: 'sistema.disco_livre_mb',
    condicao: 'menor',
    limite: 512,
    limite_retorno: 1_024,
    severidade: 'critico',
  },
];

/** The rules every installation begins with, on; whoever has changed one keeps the change. */
export async function ensureRegrasEmbutidas(db: Db, now: number): Promise<void> {
  const regras = builtIn.map(
    (rule, index): Regra => ({
      id: `00000000-0000-7000-8000-0000000000a${index + 1}`,
      embutida: true,
      ativa: true,
      evento: null,
      metrica: null,
      condicao: null,
      limite: null,
      limite_retorno: null,
      por_minutos: 0,
      canais: ['email', 'webhook', 'ui'],
      silencio: null,
      agrupar_por: 'entidade',
      criado_em: now,
      atualizado_em: now,
      rev: 1,
      ...rule,
    }),
  );
  const known = new Set((await activeRegras(db)).map(({ id }) => id));
  const missing = regras.filter(({ id }) => !known.has(id));
  if (missing.length > 0) await ensureRegras(db, missing);
}
