/**
 * What was known of customers at a moment: the present one for scoring, past ones for training, by the same queries, so that
 * a model is asked what it was taught.
 */

import { dayMs } from '../../core/clock';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { monthlyCentavos, monthsOfPeriod } from '../planos/planos.store';
import { compareVersions } from '../versoes/semver.model';
import type { Activity } from './atividade.model';
import type { Retrato } from './caracteristicas.model';
import type { Comportamento } from './comportamento.model';

/** Customers of one call: their ids go into the query. */
export const retratosMax = 500;
const monthMs = 30.44 * dayMs;
const refusalsMs = 30 * dayMs;

interface Dependencies {
  /** How much a machine was heard in the weeks before a moment. */
  activity(maquinaId: string, at: number): Promise<Activity>;
}

interface Machine {
  id: string;
  cliente_id: string;
  produto_id: string;
  versao: string | null;
}

/**
 * The customers as they were known at a moment.
 * @param ids at most `retratosMax`.
 * @param medianCentavos the median monthly price, by which prices become comparable.
 */
export async function retratosAt(
  db: Db,
  ids: readonly string[],
  at: number,
  medianCentavos: number,
  { activity }: Dependencies,
): Promise<Map<string, Retrato>> {
  if (ids.length === 0) return new Map();
  const [clientes, contracts, invoices, refusals, machines] = await Promise.all([
    db.selectFrom('clientes').select(['id', 'criado_em']).where('id', 'in', ids).execute(),
    contractsAt(db, ids, at),
    invoicesAt(db, ids, at),
    refusalsAt(db, ids, at),
    machinesAt(db, ids, at),
  ]);
  const behind = await versionsBehind(db, machines, at);
  const ofCliente = Map.groupBy(machines, ({ cliente_id }) => cliente_id);
  const result = new Map<string, Retrato>();
  for (const { id, criado_em } of clientes) {
    const contract = contracts.get(id);
    const own = ofCliente.get(id) ?? [];
    result.set(id, {
      tempo_meses: (at - criado_em) / monthMs,
      contrato_meses: contract?.months ?? Number.NaN,
      preco_relativo: contract && medianCentavos > 0 ? contract.monthlyCentavos / medianCentavos : Number.NaN,
      pagamento_automatico: contract ? Number(contract.automatic) : Number.NaN,
      extras: contract ? Math.max(0, contract.features - 1) : Number.NaN,
      comportamento: {
        ...(await useOf(own, at, activity)),
        faturas_vencidas: invoices.get(id)?.count ?? 0,
        dias_de_atraso: invoices.get(id)?.days ?? 0,
        versoes_atras: Math.max(0, ...own.map((machine) => behind.get(machine.id) ?? 0)),
        recusas: refusals.get(id) ?? 0,
      },
    });
  }
  return result;
}

/** The median monthly price of the subscriptions there are; 0 without any. */
export async function medianMonthlyCentavos(db: Db): Promise<number> {
  const priced = db
    .selectFrom('licencas')
    .innerJoin('planos', 'planos.id', 'licencas.plano_id')
    .where('licencas.situacao', '<>', 'cancelada');
  const { total } = await priced.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  if (Number(total) === 0) return 0;
  const row = await priced
    .select(monthlyCentavos.as('centavos'))
    .orderBy('centavos')
    .offset(Math.floor(Number(total) / 2))
    .limit(1)
    .executeTakeFirst();
  return row?.centavos ?? 0;
}

interface Contract {
  months: number;
  monthlyCentavos: number;
  automatic: boolean;
  features: number;
}

async function contractsAt(db: Db, ids: readonly string[], at: number): Promise<Map<string, Contract>> {
  const rows = await db
    .selectFrom('licencas')
    .leftJoin('planos', 'planos.id', 'licencas.plano_id')
    .select(['licencas.cliente_id', 'licencas.recursos', 'licencas.renovacao_automatica'])
    .select([monthsOfPeriod.as('months'), monthlyCentavos.as('centavos'), 'licencas.plano_id'])
    .where('licencas.cliente_id', 'in', ids)
    .where('licencas.criado_em', '<=', at)
    .execute();
  const result = new Map<string, Contract>();
  for (const row of rows) {
    const before = result.get(row.cliente_id) ?? { months: 0, monthlyCentavos: 0, automatic: false, features: 0 };
    const planned = row.plano_id !== null;
    result.set(row.cliente_id, {
      months: Math.max(before.months, planned ? row.months : 1),
      monthlyCentavos: before.monthlyCentavos + (planned ? row.centavos : 0),
      automatic: before.automatic || row.renovacao_automatica === 1,
      features: before.features + (JSON.parse(row.recursos) as unknown[]).length,
    });
  }
  return result;
}

async function invoicesAt(
  db: Db,
  ids: readonly string[],
  at: number,
): Promise<Map<string, { count: number; days: number }>> {
  const rows = await db
    .selectFrom('faturas')
    .select(['cliente_id', ({ fn }) => fn.countAll<number>().as('total'), ({ fn }) => fn.min('vence_em').as('oldest')])
    .where('cliente_id', 'in', ids)
    .where('vence_em', '<=', at)
    .where('status', '<>', 'cancelada')
    .where(({ or, eb }) => or([eb('paga_em', 'is', null), eb('paga_em', '>', at)]))
    .groupBy('cliente_id')
    .execute();
  return new Map(
    rows.map((row) => [row.cliente_id, { count: Number(row.total), days: Math.floor((at - row.oldest) / dayMs) }]),
  );
}

async function refusalsAt(db: Db, ids: readonly string[], at: number): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('recusas')
    .innerJoin('licencas', 'licencas.id', 'recusas.licenca_id')
    .select(['licencas.cliente_id', ({ fn }) => fn.sum<number>('recusas.quantidade').as('total')])
    .where('licencas.cliente_id', 'in', ids)
    .where('recusas.dia', '>', at - refusalsMs)
    .where('recusas.dia', '<=', at)
    .groupBy('licencas.cliente_id')
    .execute();
  return new Map(rows.map((row) => [row.cliente_id, Number(row.total)]));
}

/** The machines of then, with the version each ran then. */
async function machinesAt(db: Db, ids: readonly string[], at: number): Promise<Machine[]> {
  return db
    .selectFrom('maquinas')
    .innerJoin('licencas', 'licencas.id', 'maquinas.licenca_id')
    .leftJoin('maquinas_versoes as corria', (join) =>
      join
        .onRef('corria.maquina_id', '=', 'maquinas.id')
        .on('corria.desde', '<=', at)
        .on(({ or, eb }) => or([eb('corria.ate', 'is', null), eb('corria.ate', '>', at)])),
    )
    .select(['maquinas.id', 'maquinas.cliente_id', 'licencas.produto_id', 'corria.versao'])
    .where('maquinas.cliente_id', 'in', ids)
    .where('maquinas.ativa', '=', 1)
    .where('maquinas.criado_em', '<=', at)
    .execute();
}

/** How many stable versions of its product had been published above the one a machine ran. */
async function versionsBehind(db: Db, machines: readonly Machine[], at: number): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('versoes')
    .select(['produto_id', 'versao'])
    .distinct()
    .where('canal', '=', 'estavel')
    .where('status', '=', 'publicada')
    .where('publicada_em', '<=', at)
    .execute();
  const ofProduct = Map.groupBy(rows, ({ produto_id }) => produto_id);
  const known = new Map<string, number>();
  const result = new Map<string, number>();
  for (const { id, produto_id, versao } of machines) {
    if (versao === null) continue;
    const key = `${produto_id} ${versao}`;
    const count =
      known.get(key) ??
      newerThan(
        versao,
        (ofProduct.get(produto_id) ?? []).map((row) => row.versao),
      );
    known.set(key, count);
    result.set(id, count);
  }
  return result;
}

function newerThan(versao: string, published: readonly string[]): number {
  try {
    return new Set(published.filter((other) => compareVersions(other, versao) > 0)).size;
  } catch {
    // A machine may call its version whatever it likes; one that is no semver is not behind anything.
    return 0;
  }
}

type Use = Pick<Comportamento, 'maquinas' | 'maquinas_silenciosas' | 'dias_de_silencio' | 'tendencia'>;
const silentMs = 3 * dayMs;
const weeksBefore = 3;

async function useOf(machines: readonly Machine[], at: number, activity: Dependencies['activity']): Promise<Use> {
  let [silent, longestMs, lastWeek, before] = [0, 0, 0, 0];
  for (const { id } of machines) {
    const { silentForMs, lastWeekCount, weeksBeforeCount } = await activity(id, at);
    lastWeek += lastWeekCount;
    before += weeksBeforeCount;
    if (silentForMs <= silentMs) continue;
    silent += 1;
    longestMs = Math.max(longestMs, silentForMs);
  }
  return {
    maquinas: machines.length,
    maquinas_silenciosas: silent,
    dias_de_silencio: Math.floor(longestMs / dayMs),
    tendencia: before > 0 ? lastWeek / (before / weeksBefore) : null,
  };
}
