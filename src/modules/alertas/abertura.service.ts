/** Opens, joins and closes alerts inside the transaction of whoever found the cause or its end. */

import type { EventType } from '../../core/events';
import type { Ids } from '../../core/ids';
import type { Change, Tx } from '../../storage/sqlite/unit-of-work';
import { type Alerta, type Causa, collectMs, describeAlerta, grupoOf } from './alertas.model';
import {
  deleteMembro,
  deleteMembros,
  findMembro,
  findOpenAlerta,
  getAlerta,
  insertAlerta,
  insertMembro,
  membrosOf,
  nextNotice,
  updateAlerta,
} from './alertas.store';
import { closesAt, type Regra } from './regras.model';

export type Abertura = ReturnType<typeof createAbertura>;

export function createAbertura(ids: Ids) {
  async function newAlerta(tx: Tx, regra: Regra, causa: Causa, grupo: string): Promise<Alerta> {
    const collected = tx.now + collectMs;
    return {
      id: ids.next(tx.now),
      regra_id: regra.id,
      regra: regra.nome,
      severidade: regra.severidade,
      ...describeAlerta(regra, [causa.nome], 1, causa.detalhe),
      entidade: causa.entidade,
      entidade_id: causa.entidadeId,
      cliente_id: causa.clienteId,
      grupo,
      status: 'aberto',
      ocorrencias: 1,
      aberto_em: tx.now,
      ultima_em: tx.now,
      reconhecido_em: null,
      resolvido_em: null,
      fecha_em: closesAt(regra, tx.now),
      notificar_em: (await nextNotice(tx.db, regra.id, tx.now, collected)) ?? collected,
      rev: 1,
    };
  }

  /** Once more the same: no new alert, and none of its causes is lost. */
  async function again(tx: Tx, regra: Regra, alerta: Alerta): Promise<void> {
    const fecha_em = closesAt(regra, tx.now);
    const ocorrencias = alerta.ocorrencias + 1;
    await updateAlerta(tx.db, { ...alerta, ocorrencias, ultima_em: tx.now, fecha_em, rev: alerta.rev + 1 });
  }

  async function resolve(tx: Tx, alerta: Alerta, canais: readonly string[]): Promise<Alerta> {
    const depois: Alerta = {
      ...alerta,
      status: 'resolvido',
      resolvido_em: tx.now,
      fecha_em: null,
      notificar_em: null,
      rev: alerta.rev + 1,
    };
    await deleteMembros(tx.db, alerta.id);
    await updateAlerta(tx.db, depois);
    // What nobody has heard of yet ends in silence.
    const tipo = alerta.notificar_em === null ? 'alerta.resolvido' : null;
    await tx.record(alertaChange('resolver', depois, tipo, canais));
    return depois;
  }

  return {
    /**
     * One more cause of a rule: a new alert, or one more in the alert there is.
     * @returns the alert it joined, whose text has to be made anew once all causes of the transaction are in.
     */
    async abrir(tx: Tx, regra: Regra, causa: Causa): Promise<string | null> {
      const known = await findMembro(tx.db, regra.id, causa.entidadeId);
      if (known) {
        await again(tx, regra, await getAlerta(tx.db, known.alerta_id));
        return null;
      }
      const grupo = grupoOf(regra, causa);
      const open = await findOpenAlerta(tx.db, regra.id, grupo);
      const alerta = open ?? (await newAlerta(tx, regra, causa, grupo));
      if (open) await again(tx, regra, open);
      else await insertAlerta(tx.db, alerta);
      await insertMembro(tx.db, {
        regra_id: regra.id,
        entidade_id: causa.entidadeId,
        alerta_id: alerta.id,
        entidade: causa.entidade,
        nome: causa.nome,
        desde: causa.em,
      });
      return open ? open.id : null;
    },

    /** The end of a cause: with the last of them the alert closes. @returns the alert, if it stays open without it. */
    async fechar(tx: Tx, regra: Regra, entidadeId: string): Promise<string | null> {
      const membro = await findMembro(tx.db, regra.id, entidadeId);
      if (!membro) return null;
      await deleteMembro(tx.db, regra.id, entidadeId);
      const { total } = await membrosOf(tx.db, membro.alerta_id);
      if (total > 0) return membro.alerta_id;
      await resolve(tx, await getAlerta(tx.db, membro.alerta_id), regra.canais);
      return null;
    },

    /** Makes the text of an open alert anew from those it is about now. */
    async descrever(tx: Tx, regra: Regra, alertaId: string): Promise<void> {
      const alerta = await getAlerta(tx.db, alertaId);
      const { total, primeiros } = await membrosOf(tx.db, alertaId);
      const [first] = primeiros;
      if (alerta.status === 'resolvido' || !first) return;
      const several = total > 1 && alerta.cliente_id !== null;
      const nomes = primeiros.map(({ nome }) => nome);
      await updateAlerta(tx.db, {
        ...alerta,
        ...describeAlerta(regra, nomes, total, total > 1 ? '' : alerta.detalhe),
        entidade: several ? 'cliente' : first.entidade,
        entidade_id: several && alerta.cliente_id !== null ? alerta.cliente_id : first.entidade_id,
      });
    },

    resolver: resolve,
  };
}

/** What became of an alert, for the audit, and the event that tells of it. */
export function alertaChange(
  acao: string,
  alerta: Alerta,
  tipo: Extract<EventType, `alerta.${string}`> | null,
  canais: readonly string[],
): Change {
  const { id, regra_id, regra, severidade, titulo, detalhe, entidade, entidade_id, cliente_id, status } = alerta;
  const about = { alerta_id: id, regra_id, regra, severidade, titulo, detalhe, entidade, entidade_id, status };
  const dados = { ...about, ...(cliente_id === null ? {} : { cliente_id }), canais };
  return {
    acao,
    entidade: 'alerta',
    entidadeId: id,
    antes: null,
    depois: { regra, titulo, status },
    eventos: tipo === null ? [] : [{ tipo, entidade: 'alerta', entidadeId: id, dados }],
  };
}
