/** Tells of alerts by mail and by event: those of one rule in one mail, and none while the rule is silent. */

import { secondMs } from '../../core/clock';
import { changesTogetherMax, type Tx } from '../../storage/sqlite/unit-of-work';
import { alertaChange } from './abertura.service';
import type { Alerta } from './alertas.model';
import { alertasToNotify, membrosOf, postponeNotices, settleNotices } from './alertas.store';
import { type Regra, type Severidade, silentUntil } from './regras.model';

const linesMax = 50;
/** Between two mails of one rule; what comes meanwhile is told of together. */
const gapMs = 15 * secondMs;
/** Of more alerts at once only the mail tells, by their number. */
const eventsMax = 1_000;
/** In English, for mails in that language. */
const severity: Readonly<Record<Severidade, string>> = { info: 'info', aviso: 'warning', critico: 'critical' };

/** What this module needs of mail. */
export interface Correio {
  destinatarios: string;
  enfileirar(tx: Tx, email: { para: string; modelo: string; dados: Readonly<Record<string, unknown>> }): Promise<void>;
}

export type Avisos = ReturnType<typeof createAvisos>;

export function createAvisos(correio: Correio, timeZone: string) {
  /** When each rule was last told of. */
  const toldAt = new Map<string, number>();

  async function mail(tx: Tx, regra: Regra, alertas: readonly Alerta[], total: number): Promise<void> {
    const [first] = alertas;
    if (!first) return;
    const { primeiros, total: members } = await membrosOf(tx.db, first.id);
    const several = total > 1;
    const linhas = alertas.slice(0, linesMax).map(({ regra: rotulo, titulo: valor }) => ({ rotulo, valor }));
    await correio.enfileirar(tx, {
      para: correio.destinatarios,
      modelo: regra.evento === null ? 'alerta' : `alerta.${regra.evento}`,
      dados: {
        severidade: regra.severidade,
        severity: severity[regra.severidade],
        titulo: several ? `${total} alertas: ${regra.nome}` : first.titulo,
        detalhe: several ? '' : first.detalhe,
        nome: primeiros[0]?.nome ?? '',
        total: several ? total : members,
        ...(several ? { linhas } : {}),
      },
    });
  }

  return {
    /** Tells of everything that is due for one rule: in one mail, however much it is. */
    async avisar(tx: Tx, regraId: string, regra: Regra | undefined): Promise<void> {
      const silent = regra ? silentUntil(regra.silencio, tx.now, timeZone) : null;
      const until = silent ?? (toldAt.get(regraId) ?? Number.NEGATIVE_INFINITY) + gapMs;
      if (regra && until > tx.now) return postponeNotices(tx.db, regraId, tx.now, until);
      const due = await alertasToNotify(tx.db, regraId, tx.now, eventsMax);
      const total = await settleNotices(tx.db, regraId, tx.now);
      if (!regra) return;
      toldAt.set(regraId, tx.now);
      for (let from = 0; from < due.length; from += changesTogetherMax) {
        const told = due.slice(from, from + changesTogetherMax);
        await tx.recordAll(told.map((alerta) => alertaChange('avisar', alerta, 'alerta.aberto', regra.canais)));
      }
      // Somebody who has acknowledged it knows.
      const news = due.filter(({ status }) => status === 'aberto');
      if (regra.canais.includes('email')) await mail(tx, regra, news, total - (due.length - news.length));
    },
  };
}
