/** The history of one record of any module, from the audit: it is written with each change and never altered. */

import { type Actor, authorize } from '../../core/actor';
import type { Page, PageRequest } from '../../core/page';
import { invalidField, Problem } from '../../core/problem';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { type AuditRow, listHistorico, listHistoricoBetween } from './auditoria.store';

/** The modules whose records have a history, and what the audit calls one. */
export const historicos = {
  clientes: 'cliente',
  licencas: 'licenca',
  maquinas: 'maquina',
  produtos: 'produto',
  planos: 'plano',
  faturas: 'fatura',
} as const;
export type ModuloComHistorico = keyof typeof historicos;

/** A comparison reads every change between its ends. */
const changesComparedMax = 1_000;

export type Historico = ReturnType<typeof createHistorico>;

export function createHistorico({ work }: { work: UnitOfWork }) {
  return {
    /** Every change of a record, one that was removed included. @throws Problem NAO_ENCONTRADO for what never was. */
    async listar(actor: Actor, modulo: ModuloComHistorico, id: string, page: PageRequest): Promise<Page<AuditRow>> {
      authorize(actor, `${modulo}:ler`);
      const found = await listHistorico(work.reader, page, historicos[modulo], id);
      if (found.itens.length === 0 && !page.cursor) throw new Problem('NAO_ENCONTRADO');
      return found;
    },

    /**
     * The changes after one audit row up to another, oldest first.
     * @param de id of the row whose outcome is the beginning; null for only the change that `ate` names.
     * @param ate id of the last change; null for the newest.
     * @throws Problem NAO_ENCONTRADO; VALIDACAO for a row of another record, ends in the wrong order or too many changes.
     */
    async entre(
      actor: Actor,
      modulo: ModuloComHistorico,
      id: string,
      { de, ate }: { de: string | null; ate: string | null },
    ): Promise<AuditRow[]> {
      authorize(actor, `${modulo}:ler`);
      const rows = await listHistoricoBetween(work.reader, historicos[modulo], id, { de, ate }, changesComparedMax + 1);
      if (rows.length > changesComparedMax) {
        throw invalidField('de', `há mais de ${changesComparedMax} mudanças entre os dois pontos`);
      }
      const [first] = rows;
      if (!first) throw de === null && ate === null ? new Problem('NAO_ENCONTRADO') : misplaced(de === null);
      if (de === null) return rows.slice(-1);
      if (first.id !== de) throw misplaced(false);
      if (ate !== null && rows.at(-1)?.id !== ate) throw misplaced(true);
      return rows.slice(1);
    },
  };
}

function misplaced(end: boolean): Problem {
  return invalidField(end ? 'ate' : 'de', 'não é uma mudança deste registro, ou o fim vem antes do começo');
}
