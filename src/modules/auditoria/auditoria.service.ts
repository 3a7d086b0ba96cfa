/** The audit: read, exported, and verified from its first link to its last. */

import { type Actor, authorize } from '../../core/actor';
import { everyItem, type Page, type PageRequest } from '../../core/page';
import type { Keyring } from '../../storage/keys/keyring';
import { auditHash, auditSeal, type UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { type AuditFilter, type AuditRow, listAuditoria, readChain, readChainEnd } from './auditoria.store';

/** Rows hashed in one go, some 4 ms, before others have their turn. */
const chainRowsPerTurn = 500;

export interface Verdict {
  integra: boolean;
  /** Rows from the beginning that are as they were written. */
  verificados: number;
  /** The id of the first row that is not, or after which rows are missing. */
  quebra_em: string | null;
  /** Where that row stands in the chain, counted from 1. */
  posicao: number | null;
  motivo: string | null;
}

interface Dependencies {
  work: Pick<UnitOfWork, 'reader'>;
  keyring: Keyring;
}

export type Auditoria = ReturnType<typeof createAuditoria>;

export function createAuditoria({ work, keyring }: Dependencies) {
  let running: Promise<Verdict> | null = null;

  async function walk(): Promise<Verdict> {
    let last: Pick<AuditRow, 'seq' | 'id' | 'hash'> = { seq: 0, id: '', hash: '' };
    let verificados = 0;
    const broken = ({ id, seq }: Pick<AuditRow, 'id' | 'seq'>, motivo: string): Verdict => ({
      integra: false,
      verificados,
      quebra_em: id,
      posicao: seq,
      motivo,
    });
    while (true) {
      const rows = await readChain(work.reader, last.seq, chainRowsPerTurn);
      for (const row of rows) {
        if (row.hash_anterior !== last.hash)
          return broken(row, 'não continua a linha anterior: falta ou mudou uma linha');
        if (auditHash(row) !== row.hash) return broken(row, 'o conteúdo não é o que foi gravado');
        last = row;
        verificados += 1;
      }
      if (rows.length > 0) {
        // Others have their turn.
        await new Promise<void>((resolve) => setImmediate(resolve));
        continue;
      }
      const { ultima, selo } = await readChainEnd(work.reader);
      if (ultima && ultima.seq > last.seq) continue;
      if (!selo && !ultima) break;
      if (!selo || selo.selo !== auditSeal(keyring, selo)) return broken(last, 'o selo do fim da cadeia não confere');
      if (selo.seq !== last.seq || selo.hash !== last.hash) return broken(last, 'faltam linhas depois desta');
      break;
    }
    return { integra: true, verificados, quebra_em: null, posicao: null, motivo: null };
  }

  return {
    async listar(actor: Actor, page: PageRequest, filter: AuditFilter): Promise<Page<AuditRow>> {
      authorize(actor, 'auditoria:ler');
      return listAuditoria(work.reader, page, filter);
    },

    /** Every row, oldest first, read only as fast as the caller takes them. */
    exportar(actor: Actor, filter: AuditFilter): AsyncGenerator<AuditRow> {
      authorize(actor, 'auditoria:ler');
      return everyItem('em', (page) => listAuditoria(work.reader, page, filter));
    },

    /** Walks the whole chain; whoever asks meanwhile gets the same answer. */
    async verificar(actor: Actor): Promise<Verdict> {
      authorize(actor, 'auditoria:ler');
      running ??= walk().finally(() => {
        running = null;
      });
      return running;
    },
  };
}
