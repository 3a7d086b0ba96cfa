/** What the server has logged over the last days, and how much it logs from now on. */

import { type Actor, authorize } from '../../core/actor';
import { invalidField, Problem } from '../../core/problem';
import { linesBackwards, logFileNames } from '../../storage/files/log-files';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { type Linha, type LinhaFilter, type LinhaNivel, matches, readLinha } from './linha.model';

/** A page ends after so much was read, with fewer lines and a cursor: a search for what is rare takes several. */
const bytesPerPageMax = 8 * 1024 * 1024;
const modulosMax = 50;
const moduloPattern = /^[a-z][a-z0-9-]{0,31}$/;

interface Niveis {
  padrao?: LinhaNivel | undefined;
  modulos?: Record<string, LinhaNivel | null> | undefined;
}

interface Dependencies {
  work: UnitOfWork;
  /** Where the files are. */
  folder: string;
  parts: {
    niveis(): { padrao: string; modulos: Record<string, string> };
    mudar(changes: Niveis): void;
  };
}

export interface LinhaPage {
  itens: (Linha & { id: string })[];
  proximo_cursor: string | null;
}

export type Logs = ReturnType<typeof createLogs>;

export function createLogs({ work, folder, parts }: Dependencies) {
  return {
    /** Newest first. @throws Problem CURSOR_INVALIDO */
    async listar(actor: Actor, filter: LinhaFilter, limite: number, cursor: string | null): Promise<LinhaPage> {
      authorize(actor, 'logs:ler');
      const from = cursor === null ? null : readCursor(cursor);
      const names = await logFileNames(folder);
      // A file that was removed since has no lines any more; those after it follow.
      const wanted = from ? names.filter((name) => name === from.name || isOlder(name, from.name)) : names;
      const itens: LinhaPage['itens'] = [];
      let read = 0;
      for (const name of wanted) {
        const before = from?.name === name ? from.before : null;
        for await (const { text, start } of linesBackwards(folder, name, before)) {
          read += text.length;
          const linha = readLinha(text);
          const id = cursorOf(name, start);
          if (linha && matches(linha, text, filter)) itens.push({ id, ...linha });
          if (itens.length >= limite || read > bytesPerPageMax) return { itens, proximo_cursor: id };
          if (linha && filter.desde !== undefined && Date.parse(linha.em) < filter.desde) {
            return { itens, proximo_cursor: null };
          }
        }
      }
      return { itens, proximo_cursor: null };
    },

    niveis(actor: Actor) {
      authorize(actor, 'logs:ler');
      return parts.niveis();
    },

    /** Holds until the server stops: a level that fills the disk is not for ever. @throws Problem VALIDACAO */
    async mudarNiveis(actor: Actor, changes: Niveis) {
      authorize(actor, 'logs:editar');
      const names = Object.keys(changes.modulos ?? {});
      if (names.length > modulosMax) throw invalidField('modulos', `no máximo ${modulosMax} de uma vez`);
      const wrong = names.find((name) => !moduloPattern.test(name));
      if (wrong !== undefined) throw invalidField(`modulos.${wrong}`, 'não é o nome de uma parte');
      const antes = parts.niveis();
      parts.mudar(changes);
      const depois = parts.niveis();
      await work.write(actor, (tx) =>
        tx.record({ acao: 'editar', entidade: 'logs', entidadeId: 'niveis', antes, depois, eventos: [] }),
      );
      return depois;
    },
  };
}

/** The next page ends where this line begins. */
function cursorOf(name: string, start: number): string {
  return Buffer.from(`${name}:${start}`).toString('base64url');
}

function readCursor(cursor: string): { name: string; before: number } {
  const [, name, start] =
    /^(narcidi\.[\d-]{10}\.\d{1,6}\.log):(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (name === undefined) throw new Problem('CURSOR_INVALIDO');
  return { name, before: Number(start) };
}

function isOlder(name: string, than: string): boolean {
  const key = (one: string): string => {
    const [, day = '', number = ''] = one.split('.');
    return `${day}.${number.padStart(8, '0')}`;
  };
  return key(name) < key(than);
}
