/** What machines say over MQTT, taken to the services. */

import { createHash } from 'node:crypto';
import { systemActor } from '../../core/actor';
import { invalidField, Problem } from '../../core/problem';
import { resultados } from '../../modules/maquinas/comandos.model';
import type { Comandos } from '../../modules/maquinas/comandos.service';
import type { Estado } from '../../modules/maquinas/estado.service';
import type { Presenca } from '../../modules/maquinas/presenca.service';

/** One handler for each topic a machine may publish to; a Problem means the message is to be dropped. */
export interface MachineMessages {
  heartbeat(maquinaId: string, payload: Buffer | string): Promise<void>;
  respostas(maquinaId: string, payload: Buffer | string): Promise<void>;
  /**
   * @param testamento whether the broker says it for a machine whose connection broke.
   * @returns false when it should go no further: the will of a session that another has replaced.
   */
  conexao(maquinaId: string, payload: Buffer | string, testamento: boolean): Promise<boolean>;
}

interface Dependencies {
  presenca: Presenca;
  estado: Estado;
  comandos: Comandos;
  onInvalid(maquinaId: string, topic: keyof MachineMessages, problem: Problem): void;
}

export function createMachineMessages({ presenca, estado, comandos, onInvalid }: Dependencies): MachineMessages {
  async function reported<T>(maquinaId: string, topic: keyof MachineMessages, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Problem) onInvalid(maquinaId, topic, error);
      throw error;
    }
  }

  return {
    heartbeat: (maquinaId, payload) =>
      reported(maquinaId, 'heartbeat', async () => {
        await presenca.heartbeat(maquinaId, parse(payload));
      }),

    respostas: (maquinaId, payload) =>
      reported(maquinaId, 'respostas', async () => {
        const { comando_id, revisao, resultado, detalhe } = record(parse(payload));
        const known = resultados.find((word) => word === resultado);
        if (known === undefined) throw invalidField('resultado', `deve ser um destes: ${resultados.join(', ')}`);
        const words = detailOf(detalhe);
        if (comando_id !== undefined && comando_id !== null) {
          if (typeof comando_id !== 'string') throw invalidField('comando_id', 'deve ser um texto');
          await comandos.responder(machineActor(maquinaId), maquinaId, comando_id, known, words);
        }
        if (revisao === undefined || revisao === null) return;
        if (typeof revisao !== 'number' || !Number.isSafeInteger(revisao))
          throw invalidField('revisao', 'deve ser um inteiro');
        await estado.answered(machineActor(maquinaId), maquinaId, { revisao, resultado: known, detalhe: words });
      }),

    // The message itself is retained by the broker.
    conexao: (maquinaId, payload, testamento) =>
      reported(maquinaId, 'conexao', async () => {
        const text = messageText(payload);
        if (text === '') return true;
        const { conectada, sessao } = record(parse(payload));
        if (typeof conectada !== 'boolean') throw invalidField('conectada', 'deve ser true ou false');
        if (sessao !== undefined && sessao !== null && typeof sessao !== 'string' && typeof sessao !== 'number') {
          throw invalidField('sessao', 'deve ser um texto');
        }
        const named = sessao === undefined || sessao === null ? null : sessionMark(String(sessao));
        return presenca.conexao(maquinaId, { conectada, sessao: named, testamento });
      }),
  };
}

/** The text of a payload; what is not UTF-8 will not parse as JSON either. */
export function messageText(payload: Buffer | string): string {
  return typeof payload === 'string' ? payload : payload.toString('utf8');
}

/** @throws Problem JSON_INVALIDO */
function parse(payload: Buffer | string): unknown {
  try {
    return JSON.parse(messageText(payload));
  } catch {
    throw new Problem('JSON_INVALIDO');
  }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalidField('', 'deve ser um objeto');
  return { ...value };
}

const sessaoCharactersMax = 64;

/** A session's name as it is remembered: a long one by its hash. */
function sessionMark(sessao: string): string {
  return sessao.length <= sessaoCharactersMax ? sessao : createHash('sha256').update(sessao).digest('base64url');
}

const detalheCharactersMax = 2_000;

/** What the machine adds to its answer, cut to what is kept. */
function detailOf(detalhe: unknown): string | null {
  if (detalhe === undefined || detalhe === null) return null;
  return (typeof detalhe === 'string' ? detalhe : JSON.stringify(detalhe)).slice(0, detalheCharactersMax);
}

function machineActor(maquinaId: string) {
  return { ...systemActor('mqtt'), tipo: 'maquina' as const, id: maquinaId, permissoes: [] };
}
