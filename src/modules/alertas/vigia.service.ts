/** Watches events and the passing of time for what the rules call an alert, and tells those who want to be told. */

import { systemActor } from '../../core/actor';
import { type Clock, minuteMs, secondMs } from '../../core/clock';
import type { CommittedEvent, EventType } from '../../core/events';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import type { Abertura } from './abertura.service';
import { causaOf } from './alertas.model';
import { alertasToClose, findMembro, getAlerta, regrasToNotify } from './alertas.store';
import type { Avisos } from './avisos.service';
import { deleteEspera, dueEsperas, findEspera, saveEspera } from './esperas.store';
import type { Medidas, Sistema } from './medidas.service';
import { isCounted, lasts, type Regra, roleOf, typesOfRegra } from './regras.model';
import { activeRegras } from './regras.store';

const tickMs = secondMs;
const perTransaction = 100;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  abertura: Abertura;
  medidas: Medidas;
  avisos: Avisos;
  sistema: Sistema;
  onError(error: unknown): void;
}

export type Vigia = ReturnType<typeof createVigia>;

export function createVigia({ work, clock, abertura, medidas, avisos, sistema, onError }: Dependencies) {
  const actor = systemActor('alertas');
  let regras = new Map<string, Regra>();
  let byType = new Map<EventType, Regra[]>();
  let stale = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;

  async function reload(): Promise<void> {
    stale = false;
    const active = await activeRegras(work.reader);
    regras = new Map(active.map((regra) => [regra.id, regra]));
    byType = new Map();
    for (const regra of active) {
      for (const tipo of typesOfRegra(regra)) byType.set(tipo, [...(byType.get(tipo) ?? []), regra]);
    }
    await medidas.use(active.filter(({ metrica }) => metrica !== null));
  }

  /** A cause by event: at once, once it has lasted, or once there are enough. @returns the alert it is in. */
  async function cause(tx: Tx, regra: Regra, event: CommittedEvent): Promise<string | null> {
    const causa = causaOf(event);
    const { em, entidadeId } = causa;
    const windowMs = regra.por_minutos * minuteMs;
    const lasting = lasts(regra);
    const counted = isCounted(regra) && (await findMembro(tx.db, regra.id, entidadeId)) === null;
    if (!lasting && !counted) return abertura.abrir(tx, regra, causa);
    const known = await findEspera(tx.db, regra.id, entidadeId);
    const running = known !== null && (lasting || em - known.desde < windowMs);
    const desde = running ? known.desde : em;
    const ocorrencias = running ? known.ocorrencias + 1 : 1;
    if (counted && ocorrencias >= (regra.limite ?? 1)) {
      await deleteEspera(tx.db, regra.id, entidadeId);
      return abertura.abrir(tx, regra, causa);
    }
    const vence_em = lasting ? desde + windowMs : null;
    await saveEspera(tx.db, { regra_id: regra.id, entidade_id: entidadeId, desde, ocorrencias, vence_em, causa });
    return null;
  }

  async function end(tx: Tx, regra: Regra, event: CommittedEvent): Promise<string | null> {
    const { entidadeId } = causaOf(event);
    if (regra.metrica !== null) medidas.forget(entidadeId);
    await deleteEspera(tx.db, regra.id, entidadeId);
    return abertura.fechar(tx, regra, entidadeId);
  }

  async function describeAll(tx: Tx, changed: ReadonlyMap<string, Regra>): Promise<void> {
    for (const [alertaId, regra] of changed) await abertura.descrever(tx, regra, alertaId);
  }

  /** What has lasted long enough by now, or been quiet for long enough. @returns how many there were. */
  async function timePasses(): Promise<number> {
    const now = clock.now();
    const [waiting, closing] = [
      await dueEsperas(work.reader, now, perTransaction),
      await alertasToClose(work.reader, now, perTransaction),
    ];
    if (waiting.length + closing.length === 0) return 0;
    await work.write(actor, async (tx) => {
      const changed = new Map<string, Regra>();
      for (const { regra_id, entidade_id, causa } of await dueEsperas(tx.db, now, perTransaction)) {
        await deleteEspera(tx.db, regra_id, entidade_id);
        const regra = regras.get(regra_id);
        const joined = regra && causa ? await abertura.abrir(tx, regra, causa) : null;
        if (regra && joined !== null) changed.set(joined, regra);
      }
      for (const id of await alertasToClose(tx.db, now, perTransaction)) {
        const alerta = await getAlerta(tx.db, id);
        await abertura.resolver(tx, alerta, regras.get(alerta.regra_id)?.canais ?? []);
      }
      await describeAll(tx, changed);
    });
    return waiting.length + closing.length;
  }

  async function notify(): Promise<void> {
    for (const regraId of await regrasToNotify(work.reader, clock.now())) {
      await work.write(actor, (tx) => avisos.avisar(tx, regraId, regras.get(regraId)));
    }
  }

  async function tick(): Promise<void> {
    if (stale) await reload();
    await medidas.gravar(sistema);
    while (!stopped && (await timePasses()) > 0) {
      // Until nothing is due.
    }
    if (!stopped) await notify();
  }

  function schedule(): void {
    timer = setTimeout(() => {
      running = tick()
        .catch(onError)
        .finally(() => {
          if (!stopped) schedule();
        });
    }, tickMs);
  }

  return {
    /** The consumer of events: causes and their ends. */
    projection: {
      nome: 'alertas',
      durable: true,
      wants: (tipo: EventType) => byType.has(tipo),
      apply: async (tx: Tx, events: readonly CommittedEvent[]): Promise<void> => {
        if (stale) await reload();
        const changed = new Map<string, Regra>();
        for (const event of events) {
          for (const regra of byType.get(event.tipo) ?? []) {
            const role = roleOf(regra, event.tipo);
            const alertaId = role === 'causa' ? await cause(tx, regra, event) : await end(tx, regra, event);
            if (alertaId !== null) changed.set(alertaId, regra);
          }
        }
        await describeAll(tx, changed);
      },
    },

    /** A rule is about to change: its events are kept from the very commit on. */
    expect(regra: Regra): void {
      stale = true;
      if (!regra.ativa) return;
      for (const tipo of typesOfRegra(regra)) if (!byType.has(tipo)) byType.set(tipo, []);
    },

    reload,

    async start(): Promise<void> {
      await reload();
      schedule();
    },

    async stop(): Promise<void> {
      stopped = true;
      if (timer) clearTimeout(timer);
      await running;
    },
  };
}
