/** Subscriptions bill themselves: an invoice a period, grace, block for non-payment, payment and release. */

import { type Actor, authorize, systemActor } from '../../core/actor';
import { type Clock, dayMs, rfc3339 } from '../../core/clock';
import type { NewEvent } from '../../core/events';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { type Licenca, touched } from '../licencas/licencas.model';
import { licencaEventData } from '../licencas/licencas.service';
import { getLicenca, licencasToRenew, updateLicenca } from '../licencas/licencas.store';
import type { LicenceFacts } from '../licencas/validacao.model';
import type { Plano } from '../planos/planos.model';
import { getPlano } from '../planos/planos.store';
import { cancelFatura, type Fatura, newFatura, nextPeriod, payFatura } from './faturas.model';
import {
  type FaturaFilter,
  faturasToRemind,
  findPagamento,
  getFatura,
  hasOverdue,
  insertFatura,
  insertPagamento,
  listFaturas,
  nextNumero,
  overdueFaturas,
  periodIsBilled,
  updateFatura,
} from './faturas.store';

const perTransaction = 50;
/** After a year's stop of the server, a monthly subscription has twelve periods to catch up with. */
const periodsAtOnceMax = 120;
const remindAfterMs = dayMs;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  ids: Ids;
  timeZone: string;
  touchMachines(tx: Tx, licencaId: string): Promise<void>;
}

export interface Pagamento {
  fatura_id: string;
  evento: string;
  valor_centavos: number;
  referencia: string;
}

/** How much billing found due. */
export interface Cobranca {
  renovadas: number;
  vencidas: number;
  lembradas: number;
}

export type Faturas = ReturnType<typeof createFaturas>;

export function createFaturas({ work, clock, ids, timeZone, touchMachines }: Dependencies) {
  const actor = systemActor('cobranca');

  /** Bills the next period of a licence, unless that period has its invoice already. */
  async function billNext(tx: Tx, licenca: Licenca, plano: Plano): Promise<Licenca> {
    const periodo = nextPeriod(licenca, plano, timeZone);
    if (plano.preco_centavos > 0 && !(await periodIsBilled(tx.db, licenca.id, periodo.inicio))) {
      const fatura = newFatura(
        licenca,
        plano,
        periodo,
        { id: ids.next(tx.now), numero: await nextNumero(tx.db) },
        tx.now,
      );
      await insertFatura(tx.db, fatura);
      await record(tx, 'emitir', null, fatura, [faturaEvent('fatura.criada', fatura)]);
    }
    return {
      ...licenca,
      expira_em: periodo.fim,
      cobranca_periodos: licenca.cobranca_periodos + 1,
      fim_registrado: false,
    };
  }

  /** Continues a licence until its end lies ahead; each period is billed once. */
  async function continueLicence(tx: Tx, facts: LicenceFacts): Promise<void> {
    const { plano_id } = facts.licenca;
    if (plano_id === null) return;
    const plano = await getPlano(tx.db, plano_id);
    let licenca = touched(facts.licenca, tx.now);
    for (let n = 0; n < periodsAtOnceMax && licenca.expira_em !== null && licenca.expira_em <= tx.now; n += 1) {
      licenca = await billNext(tx, licenca, plano);
    }
    await updateLicenca(tx.db, licenca);
    await touchMachines(tx, licenca.id);
    await tx.record({
      acao: 'renovar',
      entidade: 'licenca',
      entidadeId: licenca.id,
      antes: facts.licenca,
      depois: licenca,
      eventos: [
        {
          tipo: 'licenca.renovada',
          entidade: 'licenca',
          entidadeId: licenca.id,
          dados: licencaEventData({ ...facts, licenca }),
        },
      ],
    });
  }

  async function setDelinquent(tx: Tx, licencaId: string, inadimplente: boolean): Promise<void> {
    const facts = await getLicenca(tx.db, licencaId);
    if (facts.licenca.inadimplente === inadimplente) return;
    const licenca: Licenca = { ...touched(facts.licenca, tx.now), inadimplente };
    await updateLicenca(tx.db, licenca);
    await touchMachines(tx, licencaId);
    const tipo = inadimplente ? 'licenca.bloqueada' : 'licenca.desbloqueada';
    const dados = {
      ...licencaEventData({ ...facts, licenca }),
      motivo_bloqueio: inadimplente ? 'fatura vencida' : null,
    };
    await tx.record({
      acao: inadimplente ? 'bloquear_por_falta_de_pagamento' : 'desbloquear_por_pagamento',
      entidade: 'licenca',
      entidadeId: licencaId,
      antes: facts.licenca,
      depois: licenca,
      eventos: [{ tipo, entidade: 'licenca', entidadeId: licencaId, dados }],
    });
  }

  /** What follows when an invoice no longer stands open: the block ends, and periods that went by meanwhile are billed. */
  async function release(tx: Tx, licencaId: string): Promise<void> {
    if (await hasOverdue(tx.db, licencaId)) return;
    await setDelinquent(tx, licencaId, false);
    const facts = await getLicenca(tx.db, licencaId);
    const { expira_em, renovacao_automatica, cobranca_desde, situacao } = facts.licenca;
    const due = expira_em !== null && expira_em <= tx.now && renovacao_automatica && cobranca_desde !== null;
    if (due && situacao !== 'cancelada') await continueLicence(tx, facts);
  }

  async function settle(tx: Tx, antes: Fatura, depois: Fatura, acao: string, eventos: NewEvent[]): Promise<Fatura> {
    await updateFatura(tx.db, depois);
    await record(tx, acao, antes, depois, eventos);
    await release(tx, depois.licenca_id);
    return depois;
  }

  async function pay(tx: Tx, fatura: Fatura): Promise<Fatura> {
    const depois = payFatura(fatura, tx.now);
    return depois ? settle(tx, fatura, depois, 'pagar', [faturaEvent('fatura.paga', depois)]) : fatura;
  }

  async function renewDue(): Promise<number> {
    if ((await licencasToRenew(work.reader, clock.now(), 1)).length === 0) return 0;
    return work.write(actor, async (tx) => {
      const due = await licencasToRenew(tx.db, tx.now, perTransaction);
      for (const facts of due) await continueLicence(tx, facts);
      return due.length;
    });
  }

  async function blockOverdue(): Promise<number> {
    if ((await overdueFaturas(work.reader, clock.now(), 1)).length === 0) return 0;
    return work.write(actor, async (tx) => {
      const overdue = await overdueFaturas(tx.db, tx.now, perTransaction);
      for (const antes of overdue) {
        const depois: Fatura = { ...antes, status: 'vencida', atualizado_em: tx.now, rev: antes.rev + 1 };
        await updateFatura(tx.db, depois);
        await record(tx, 'vencer', antes, depois, [faturaEvent('fatura.vencida', depois)]);
        await setDelinquent(tx, antes.licenca_id, true);
      }
      return overdue.length;
    });
  }

  async function remindPending(): Promise<number> {
    if ((await faturasToRemind(work.reader, clock.now() - remindAfterMs, 1)).length === 0) return 0;
    return work.write(actor, async (tx) => {
      const pending = await faturasToRemind(tx.db, tx.now - remindAfterMs, perTransaction);
      for (const antes of pending) {
        const depois: Fatura = { ...antes, pendencia_avisada: true, atualizado_em: tx.now, rev: antes.rev + 1 };
        await updateFatura(tx.db, depois);
        await record(tx, 'avisar_pendencia', antes, depois, [faturaEvent('fatura.pendente', depois)]);
      }
      return pending.length;
    });
  }

  return {
    /** Bills the first period of a new subscription, in the transaction that creates it. */
    billFirst: billNext,

    /**
     * Bills, renews, blocks and reminds whatever is due. Asked any number of times, each period is billed once and each
     * step taken once.
     */
    async cobrar(): Promise<Cobranca> {
      const total: Cobranca = { renovadas: 0, vencidas: 0, lembradas: 0 };
      // Each step until nothing of it is due, and from the beginning again after each: renewals come before blocks.
      while (true) {
        const renovadas = await renewDue();
        const vencidas = renovadas > 0 ? 0 : await blockOverdue();
        const lembradas = renovadas + vencidas > 0 ? 0 : await remindPending();
        if (renovadas + vencidas + lembradas === 0) return total;
        total.renovadas += renovadas;
        total.vencidas += vencidas;
        total.lembradas += lembradas;
      }
    },

    async listar(caller: Actor, page: PageRequest, filter: FaturaFilter): Promise<Page<Fatura>> {
      authorize(caller, 'faturas:ler');
      return listFaturas(work.reader, page, filter);
    },

    async obter(caller: Actor, id: string): Promise<Fatura> {
      authorize(caller, 'faturas:ler');
      return getFatura(work.reader, id);
    },

    /** Notes that it was paid. Asked twice, it is paid once. */
    async pagar(caller: Actor, id: string): Promise<Fatura> {
      authorize(caller, 'faturas:editar');
      return work.write(caller, async (tx) => pay(tx, await getFatura(tx.db, id)));
    },

    async cancelar(caller: Actor, id: string): Promise<Fatura> {
      authorize(caller, 'faturas:editar');
      return work.write(caller, async (tx) => {
        const antes = await getFatura(tx.db, id);
        const depois = cancelFatura(antes, tx.now);
        return depois ? settle(tx, antes, depois, 'cancelar', [faturaEvent('fatura.cancelada', depois)]) : antes;
      });
    },

    /**
     * A payment that a provider tells of; its signature is verified before. Each reference counts once.
     * @throws Problem NAO_ENCONTRADO, VALOR_DIVERGENTE, REFERENCIA_DIVERGENTE, TRANSICAO_INVALIDA
     */
    async receberPagamento(caller: Actor, pagamento: Pagamento): Promise<Fatura> {
      return work.write(caller, async (tx) => {
        const known = await findPagamento(tx.db, pagamento.referencia);
        if (known && known.fatura_id !== pagamento.fatura_id) throw new Problem('REFERENCIA_DIVERGENTE');
        const fatura = await getFatura(tx.db, pagamento.fatura_id);
        if (known) return fatura;
        if (pagamento.valor_centavos !== fatura.valor_centavos) {
          throw new Problem('VALOR_DIVERGENTE', {
            detalhe: `A fatura é de ${fatura.valor_centavos} centavos, não de ${pagamento.valor_centavos}.`,
          });
        }
        const { fatura_id, valor_centavos, referencia } = pagamento;
        await insertPagamento(tx.db, { referencia, fatura_id, valor_centavos, recebido_em: tx.now });
        return pay(tx, fatura);
      });
    },
  };
}

function record(
  tx: Tx,
  acao: string,
  antes: Fatura | null,
  depois: Fatura,
  eventos: readonly NewEvent[],
): Promise<void> {
  return tx.record({ acao, entidade: 'fatura', entidadeId: depois.id, antes, depois, eventos });
}

function faturaEvent(tipo: NewEvent['tipo'], fatura: Fatura): NewEvent {
  const { id, numero, licenca_id, cliente_id, valor_centavos, status, vence_em } = fatura;
  return {
    tipo,
    entidade: 'fatura',
    entidadeId: id,
    dados: { fatura_id: id, numero, licenca_id, cliente_id, valor_centavos, status, vence_em: rfc3339(vence_em) },
  };
}
