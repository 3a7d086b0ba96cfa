/** The commands an agent carries out, updates apart. */

import { mkdirSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Logger } from 'pino';
import { type Clock, rfc3339 } from '../core/clock';
import type { Handler } from './commands';
import { machineFacts } from './facts';
import { writeDurably } from './files';
import { runHook } from './hook';
import { pause } from './limit';

const messagesKeptMax = 100;

export interface HandlerOptions {
  aoReiniciar: string;
  aoReceberMensagem: string;
  limiteMs: number;
  /** Where messages are put for the software to show, and their mode. */
  mensagens: string;
  modo: number;
  versoes(): Record<string, string>;
  clock: Clock;
  signal: AbortSignal;
  log: Logger;
}

const restartSchema = Type.Object({
  atraso_s: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
  motivo: Type.Optional(Type.String()),
});

/** Runs the configured command. It may well restart the agent itself: having ended in the middle is how that looks. */
export function restartHandler({ aoReiniciar, limiteMs, signal, log }: HandlerOptions): Handler {
  return {
    run: async ({ id, dados }) => {
      if (aoReiniciar === '') return { resultado: 'recusado', detalhe: 'nenhum comando de reinício está configurado' };
      const { atraso_s = 0, motivo = '' } = Value.Check(restartSchema, dados) ? dados : {};
      await pause(atraso_s * 1_000, signal);
      if (signal.aborted) return { resultado: 'erro', detalhe: 'o agente foi encerrado antes do reinício' };
      const env = { NARCIDI_COMANDO_ID: id, NARCIDI_MOTIVO: motivo };
      const { ok, detalhe } = await runHook({ command: aoReiniciar, env, limitMs: limiteMs, log });
      return { resultado: ok ? 'aplicado' : 'erro', detalhe };
    },
    interrupted: () => ({ resultado: 'aplicado', detalhe: 'o agente voltou depois do reinício' }),
  };
}

/** Answers with facts about the machine. */
export function collectHandler({ versoes }: HandlerOptions): Handler {
  return {
    run: async () => ({ resultado: 'aplicado', detalhe: JSON.stringify(await machineFacts(versoes())) }),
    interrupted: () => null,
  };
}

/** Puts a message where the software finds it, and tells a command. */
export function messageHandler({ mensagens, modo, aoReceberMensagem, limiteMs, clock, log }: HandlerOptions): Handler {
  return {
    run: async ({ id, dados }) => {
      mkdirSync(mensagens, { recursive: true });
      const file = join(mensagens, `${id}.json`);
      writeDurably(file, `${JSON.stringify({ id, recebida_em: rfc3339(clock.now()), ...dados }, null, 2)}\n`, modo);
      forgetOldest(mensagens);
      if (aoReceberMensagem === '') return { resultado: 'aplicado', detalhe: 'escrita em arquivo' };
      const said = (name: string): string => (typeof dados[name] === 'string' ? dados[name] : '');
      const { ok, detalhe } = await runHook({
        command: aoReceberMensagem,
        env: {
          NARCIDI_COMANDO_ID: id,
          NARCIDI_TITULO: said('titulo'),
          NARCIDI_TEXTO: said('texto'),
          NARCIDI_NIVEL: said('nivel'),
          NARCIDI_MENSAGEM_ARQUIVO: file,
        },
        limitMs: limiteMs,
        log,
      });
      return { resultado: ok ? 'aplicado' : 'erro', detalhe };
    },
    interrupted: () => null,
  };
}

/** Names are ids that grow with time, so the first are the oldest. */
function forgetOldest(folder: string): void {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort();
  for (const name of names.slice(0, Math.max(0, names.length - messagesKeptMax))) unlinkSync(join(folder, name));
}
