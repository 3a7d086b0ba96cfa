/** Tells of alerts by mail and by event: those of one rule in one mail, and none while the rule is silent. */

import type { Tx } from '../../storage/sqlite/unit-of-work';
import { recordAlerta } from './abertura.service';
import type { Alerta } from './alertas.model';
import { membrosOf, updateAlerta } from './alertas.store';
import { type Regra, type Severidade, silentUntil } from './regras.model';

const linesMax = 50;
/** In English, for mails in that language. */
const severity: Readonly<Record<Severidade, string>> = { info: 'info', aviso: 'warning', critico: 'critical' };

/** What this module needs of mail. */
export interface Correio {
  destinatarios: string;
  enfileirar(tx: Tx, email: { para: string; modelo: string; dados: Readonly<Record<string, unknown>> }): Promise<void>;
}

export type Avisos = ReturnType<typeof createAvisos>;

export function createAvisos(correio: Correio, timeZone: string) {
  async function mail(tx: Tx, regra: Regra, alertas: readonly Alerta[]): Promise<void> {
    const [first] = alertas;
    if (!first) return;
    const { primeiros, total: members } = await membrosOf(tx.db, first.id);
    const several = alertas.length > 1;
    const linhas = alertas.slice(0, linesMax).map(({ regra: rotulo, titulo: valor }) => ({ rotulo, valor }));
    await correio.enfileirar(tx, {
      para: correio.destinatarios,
      modelo: regra.evento === null ? 'alerta' : `alerta.${regra.evento}`,
      dados: {
        severidade: regra.severidade,
        severity: severity[regra.severidade],
        titulo: several ? `${alertas.length} alertas: ${regra.nome}` : first.titulo,
        detalhe: several ? '' : first.detalhe,
        nome: primeiros[0]?.nome ?? '',
        total: several ? alertas.length : members,
        ...(several ? { linhas } : {}),
      },
    });
  }

  return {
    /** Tells of alerts that are due. */
    async avisar(tx: Tx, due: readonly Alerta[], regras: ReadonlyMap<string, Regra>): Promise<void> {
      for (const [regraId, ofOne] of Map.groupBy(due, ({ regra_id }) => regra_id)) {
        const regra = regras.get(regraId);
        const until = regra ? silentUntil(regra.silencio, tx.now, timeZone) : null;
        const told = ofOne.map((alerta): Alerta => ({ ...alerta, notificar_em: until }));
        for (const alerta of told) await updateAlerta(tx.db, alerta);
        if (!regra || until !== null) continue;
        for (const alerta of told) await recordAlerta(tx, 'avisar', alerta, 'alerta.aberto', regra.canais);
        // Somebody who has acknowledged it knows.
        const news = told.filter(({ status }) => status === 'aberto');
        if (regra.canais.includes('email')) await mail(tx, regra, news);
      }
    },
  };
}
