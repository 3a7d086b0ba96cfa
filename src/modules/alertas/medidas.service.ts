/**
 * Watches the metrics of machines, value by value as heartbeats are stored. Where every metric stands is in memory, and
 * only what begins or ends is written, so that a heartbeat costs next to nothing.
 */

import { systemActor } from '../../core/actor';
import { type Clock, secondMs } from '../../core/clock';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import type { Abertura } from './abertura.service';
import type { Causa } from './alertas.model';
import { findMembro, membrosOfRegras } from './alertas.store';
import { deleteEspera, esperasOfRegras, saveEspera } from './esperas.store';
import { type Medida, type Regra, step } from './regras.model';

const watchedMax = 200_000;
const perTransaction = 200;
const systemEveryMs = 30 * secondMs;
const systemEntity = 'sistema';

/** A heartbeat as it was stored. */
export interface Ponto {
  em: number;
  cpu: number;
  memoria: number;
  disco: number;
  extras?: Readonly<Record<string, number>>;
}

/** The server's own metrics, by the name after `sistema.`. */
export type Sistema = () => Promise<Readonly<Record<string, number>>>;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  abertura: Abertura;
}

interface Watched {
  regra: Regra;
  entidadeId: string;
  medida: Medida;
}

const quiet: Medida = { desde: null, aberto: false };

export type Medidas = ReturnType<typeof createMedidas>;

export function createMedidas({ work, clock, abertura }: Dependencies) {
  let regras: Regra[] = [];
  let ofMachines: Regra[] = [];
  let ofSystem: Regra[] = [];
  /** Only what is beyond its threshold or has an alert open. */
  let watched = new Map<string, Watched>();
  let changed = new Map<string, Watched>();
  let systemDueAt = 0;

  function observe(regra: Regra, entidadeId: string, valor: number | undefined, em: number): void {
    if (valor === undefined) return;
    const key = `${regra.id} ${entidadeId}`;
    const before = watched.get(key);
    const { medida } = step(regra, before?.medida ?? quiet, valor, em);
    const idle = medida.desde === null && !medida.aberto;
    if (idle && !before) return;
    if (before && before.medida.desde === medida.desde && before.medida.aberto === medida.aberto) return;
    if (!before && watched.size >= watchedMax) return;
    const now = { regra, entidadeId, medida };
    if (idle) watched.delete(key);
    else watched.set(key, now);
    changed.set(key, now);
  }

  /** Brings the database to where a metric stands. */
  async function save(tx: Tx, { regra, entidadeId, medida }: Watched): Promise<void> {
    if (medida.aberto) {
      await deleteEspera(tx.db, regra.id, entidadeId);
      if (await findMembro(tx.db, regra.id, entidadeId)) return;
      const causa = await causaOfMetric(tx, regra, entidadeId, medida.desde ?? tx.now);
      const joined = causa ? await abertura.abrir(tx, regra, causa) : null;
      if (joined !== null) await abertura.descrever(tx, regra, joined);
      return;
    }
    const open = await abertura.fechar(tx, regra, entidadeId);
    if (open !== null) await abertura.descrever(tx, regra, open);
    if (medida.desde === null) return deleteEspera(tx.db, regra.id, entidadeId);
    const { desde } = medida;
    const espera = { regra_id: regra.id, entidade_id: entidadeId, desde, ocorrencias: 1, vence_em: null };
    await saveEspera(tx.db, { ...espera, causa: null });
  }

  async function observeSystem(sistema: Sistema): Promise<void> {
    if (ofSystem.length === 0 || clock.now() < systemDueAt) return;
    systemDueAt = clock.now() + systemEveryMs;
    const values = await sistema();
    for (const regra of ofSystem) {
      observe(regra, systemEntity, values[regra.metrica?.slice(systemEntity.length + 1) ?? ''], clock.now());
    }
  }

  return {
    /** Takes heartbeats that have been stored. */
    observar(maquinaId: string, pontos: readonly Ponto[]): void {
      if (ofMachines.length === 0) return;
      for (const ponto of pontos) {
        for (const regra of ofMachines) observe(regra, maquinaId, measured(ponto, regra.metrica ?? ''), ponto.em);
      }
    },

    /** From now on these rules hold; where their metrics stand is taken up from the database. */
    async use(next: Regra[]): Promise<void> {
      regras = next;
      ofSystem = next.filter(({ metrica }) => metrica?.startsWith(`${systemEntity}.`));
      ofMachines = next.filter((regra) => !ofSystem.includes(regra));
      const ids = regras.map(({ id }) => id);
      const byId = new Map(regras.map((regra) => [regra.id, regra]));
      const found = new Map<string, Watched>();
      const put = (regraId: string, entidadeId: string, medida: Medida): void => {
        const regra = byId.get(regraId);
        if (regra) found.set(`${regraId} ${entidadeId}`, { regra, entidadeId, medida });
      };
      for (const { regra_id, entidade_id, desde } of await esperasOfRegras(work.reader, ids)) {
        put(regra_id, entidade_id, { desde, aberto: false });
      }
      for (const { regra_id, entidade_id, desde } of await membrosOfRegras(work.reader, ids)) {
        put(regra_id, entidade_id, { desde, aberto: true });
      }
      // What has changed since the last writing is newer than the database, where its rule is still the same.
      for (const [key, one] of changed) {
        if (byId.get(one.regra.id)?.rev !== one.regra.rev) changed.delete(key);
        else if (one.medida.desde === null) found.delete(key);
        else found.set(key, one);
      }
      watched = found;
    },

    /** A machine is no more. */
    forget(maquinaId: string): void {
      for (const { id } of regras) watched.delete(`${id} ${maquinaId}`);
      for (const { id } of regras) changed.delete(`${id} ${maquinaId}`);
    },

    /** Writes what has begun and what has ended since the last time. */
    async gravar(sistema: Sistema): Promise<void> {
      await observeSystem(sistema);
      const batch = [...changed];
      changed = new Map();
      let from = 0;
      try {
        for (; from < batch.length; from += perTransaction) {
          await work.write(systemActor('alertas'), async (tx) => {
            for (const [, one] of batch.slice(from, from + perTransaction)) await save(tx, one);
          });
        }
      } finally {
        // What a full disk refused is written as soon as it can be, unless it has changed since.
        for (const [key, one] of batch.slice(from)) if (!changed.has(key)) changed.set(key, one);
      }
    },
  };
}

function measured(ponto: Ponto, metrica: string): number | undefined {
  if (metrica === 'cpu' || metrica === 'memoria' || metrica === 'disco') return ponto[metrica];
  return ponto.extras?.[metrica.slice('extras.'.length)];
}

async function causaOfMetric(tx: Tx, regra: Regra, entidadeId: string, em: number): Promise<Causa | null> {
  const detalhe = `${regra.metrica} ${regra.condicao} ${regra.limite} por ${regra.por_minutos} min`;
  if (entidadeId === systemEntity) {
    return { entidade: systemEntity, entidadeId, nome: 'narcidicontrol', clienteId: null, em, detalhe };
  }
  const maquina = await tx.db
    .selectFrom('maquinas')
    .select(['nome', 'cliente_id'])
    .where('id', '=', entidadeId)
    .executeTakeFirst();
  if (!maquina) return null;
  return { entidade: 'maquina', entidadeId, nome: maquina.nome, clienteId: maquina.cliente_id, em, detalhe };
}
