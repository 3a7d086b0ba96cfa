/**
 * Commands: kept, acknowledged, carried out one after another, answered. Each is carried out once, whatever restarts: one
 * that may have restarted the machine is not begun again.
 */

import type { Logger } from 'pino';
import { type Clock, parseRfc3339 } from '../core/clock';
import { parseJson } from './files';
import { type Answer, type Command, commandSchema, type Entry, type Ledger } from './ledger';

/** So many may wait here; the server keeps what does not fit. */
const waitingMax = 100;
const detalheCharactersMax = 2_000;

/** What carries out one kind of command. */
export interface Handler {
  /** @returns how it ended; null when that will be known after the agent has started again. */
  run(comando: Command): Promise<Answer | null>;
  /** What became of it when the agent ended in the middle; null to begin again. */
  interrupted(comando: Command): Answer | null;
}

export interface CommandAnswer {
  comando_id: string;
  resultado: 'recebido' | Answer['resultado'];
  detalhe: string | null;
}

interface Dependencies {
  ledger: Ledger;
  handlers: ReadonlyMap<string, Handler>;
  /** False while a new version is on probation: then commands are kept for the one that will run. */
  executes: boolean;
  clock: Clock;
  /** @throws Error when the server does not hear it. */
  answer(resposta: CommandAnswer): Promise<void>;
  log: Logger;
}

export function createCommands({ ledger, handlers, executes, clock, answer, log }: Dependencies) {
  const queue: Command[] = [];
  let working = Promise.resolve();
  let stopped = false;

  function enqueue(comando: Command): void {
    queue.push(comando);
    working = working
      .then(async () => {
        if (stopped || !executes) return;
        const next = queue.shift();
        if (next) await carryOut(next);
      })
      .catch((error: unknown) => log.error({ err: error }, 'a command could not be carried out'));
  }

  async function carryOut(comando: Command): Promise<void> {
    await tell({ comando_id: comando.id, resultado: 'recebido', detalhe: null });
    const resposta = await outcomeOf(comando);
    if (!resposta) return;
    log.info({ comando: comando.id, tipo: comando.tipo, ...resposta }, 'command done');
    await conclude(comando, resposta);
  }

  async function outcomeOf(comando: Command): Promise<Answer | null> {
    const handler = handlers.get(comando.tipo);
    if (!handler) return { resultado: 'recusado', detalhe: `este agente não conhece o comando ${comando.tipo}` };
    if (isExpired(comando))
      return { resultado: 'recusado', detalhe: 'o prazo do comando passou antes de ser executado' };
    const began = ledger.get(comando.id)?.passo === 'executando';
    const known = began ? handler.interrupted(comando) : null;
    if (known) return known;
    ledger.write({ comando, passo: 'executando' });
    try {
      return await handler.run(comando);
    } catch (error) {
      log.error({ err: error, comando: comando.id }, 'the command failed');
      return { resultado: 'erro', detalhe: `falhou: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  function isExpired({ expira_em }: Command): boolean {
    const at = parseRfc3339(expira_em);
    return at === null || clock.now() >= at;
  }

  async function conclude(comando: Command, { resultado, detalhe }: Answer): Promise<void> {
    const resposta: Answer = { resultado, detalhe: detalhe?.slice(0, detalheCharactersMax) ?? null };
    const entry: Entry = { comando, passo: 'concluido', resposta };
    ledger.write(entry);
    await deliver(entry);
  }

  /** Tells the server how a command ended; what it does not hear now it hears with the next connection. */
  async function deliver({ comando, resposta }: Entry): Promise<void> {
    if (!resposta) return;
    if (await tell({ comando_id: comando.id, ...resposta })) ledger.write({ comando, passo: 'respondido', resposta });
  }

  async function tell(resposta: CommandAnswer): Promise<boolean> {
    try {
      await answer(resposta);
      return true;
    } catch {
      return false;
    }
  }

  return {
    /** Takes up what was under way when the agent last ended. */
    start(): void {
      for (const { comando, passo } of ledger.all())
        if (passo === 'recebido' || passo === 'executando') enqueue(comando);
    },

    /** Tells the server what it has not heard yet. */
    connected(): void {
      working = working.then(async () => {
        for (const entry of ledger.all()) if (entry.passo === 'concluido' && !stopped) await deliver(entry);
      });
    },

    /**
     * Takes a command from the server; kept when this returns.
     * @throws Error when it cannot be kept, or too many wait: the server will send it again.
     */
    receive(payload: string): void {
      const comando = parseJson(payload, commandSchema);
      if (!comando) {
        log.error('a command that is not as the contract says was dropped');
        return;
      }
      const known = ledger.get(comando.id);
      if (known) {
        log.info({ comando: comando.id, passo: known.passo }, 'a command that came again is not carried out again');
        if (known.resposta) void deliver(known);
        return;
      }
      if (queue.length >= waitingMax) throw new Error('too many commands wait');
      ledger.write({ comando, passo: 'recebido' });
      log.info({ comando: comando.id, tipo: comando.tipo }, 'command received');
      enqueue(comando);
    },

    /** Lets the command under way end. */
    async stop(): Promise<void> {
      stopped = true;
      await working;
    },
  };
}
