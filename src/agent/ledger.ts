/**
 * Commands on the disk: what was received and how far each went, one JSON line a step. A command is acknowledged to the
 * server once it is here, and here it is known when it comes a second time.
 */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { type Static, Type } from '@sinclair/typebox';
import { ownerOnlyMode, parseJson, writeDurably } from './files';

/** A command that comes again after so many others would be carried out again; its time is long over then. */
const commandsKeptMax = 1_000;
const linesMax = 4_000;

export const commandSchema = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_-]+$' }),
  tipo: Type.String({ maxLength: 32 }),
  dados: Type.Record(Type.String(), Type.Unknown()),
  expira_em: Type.String(),
});
export type Command = Static<typeof commandSchema>;

const answerSchema = Type.Object({
  resultado: Type.Union([Type.Literal('aplicado'), Type.Literal('recusado'), Type.Literal('erro')]),
  detalhe: Type.Union([Type.String(), Type.Null()]),
});
/** How a command ended. */
export type Answer = Static<typeof answerSchema>;

const entrySchema = Type.Object({
  comando: commandSchema,
  passo: Type.Union(['recebido', 'executando', 'concluido', 'respondido'].map((passo) => Type.Literal(passo))),
  resposta: Type.Optional(answerSchema),
});

export interface Entry {
  comando: Command;
  passo: 'recebido' | 'executando' | 'concluido' | 'respondido';
  resposta?: Answer;
}

export type Ledger = ReturnType<typeof openLedger>;

export function openLedger(path: string) {
  const entries = new Map<string, Entry>();
  let lines = 0;
  if (existsSync(path)) {
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const entry = readEntry(line);
      if (entry) note(entry);
      lines += 1;
    }
    compact();
  }

  function note(entry: Entry): void {
    // The newest is the last of the map, so that the oldest are let go.
    entries.delete(entry.comando.id);
    entries.set(entry.comando.id, entry);
    for (const id of entries.keys()) {
      if (entries.size <= commandsKeptMax) break;
      entries.delete(id);
    }
  }

  function compact(): void {
    const kept = [...entries.values()].map((entry) => `${JSON.stringify(entry)}\n`);
    writeDurably(path, kept.join(''));
    lines = kept.length;
  }

  return {
    get: (id: string): Entry | undefined => entries.get(id),

    /** Notes a step; on the disk when this returns. */
    write(entry: Entry): void {
      if (lines >= linesMax) compact();
      const file = openSync(path, 'a', ownerOnlyMode);
      try {
        // A line of its own, whatever a crash left of the one before.
        writeSync(file, `${lines === 0 ? '' : '\n'}${JSON.stringify(entry)}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      lines += 1;
      note(entry);
    },

    /** In the order they last took a step. */
    all: (): Entry[] => [...entries.values()],
  };
}

function readEntry(line: string): Entry | null {
  const read = parseJson(line, entrySchema);
  if (!read) return null;
  const { comando, passo, resposta } = read;
  return isStep(passo) ? { comando, passo, ...(resposta ? { resposta } : {}) } : null;
}

function isStep(text: string): text is Entry['passo'] {
  return ['recebido', 'executando', 'concluido', 'respondido'].includes(text);
}
