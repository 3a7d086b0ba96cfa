/** Machines in the database. Every row passes one mapper. */

import { type Selectable, sql } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { foldText } from '../../core/text';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { MaquinaTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { ClienteEfeito, LicencaTermos, LicencaTipo, Situacao } from '../licencas/licencas.model';
import { noteRunning } from '../versoes/adocao.store';
import type { Resultado } from './comandos.model';
import { fromMaquinas, type MaquinaFilter, matching } from './frota.store';
import { type Conexao, type Maquina, type MaquinaComLicenca, noProgress } from './maquinas.model';

export const maquinaSortable = ['criado_em', 'atualizado_em', 'nome'] as const;

/** The columns of a machine with those of its licence and customer that decide whether it may work. */
export function selectMaquinas(db: Db) {
  return fromMaquinas(db)
    .selectAll('maquinas')
    .select([
      'licencas.tipo as licenca_tipo',
      'licencas.flutuante as licenca_flutuante',
      'licencas.situacao as licenca_situacao',
      'licencas.motivo_bloqueio as licenca_motivo',
      'licencas.inadimplente as licenca_inadimplente',
      'licencas.inicia_em as licenca_inicia_em',
      'licencas.expira_em as licenca_expira_em',
      'licencas.carencia_dias as licenca_carencia_dias',
      'assentos.expira_em as assento_ate',
      'clientes.status as cliente_status',
      'clientes.motivo_bloqueio as cliente_motivo',
    ]);
}

export type MaquinaRow = Selectable<MaquinaTable> & {
  licenca_tipo: string;
  licenca_flutuante: number;
  assento_ate: number | null;
  licenca_situacao: string;
  licenca_motivo: string | null;
  licenca_inadimplente: number;
  licenca_inicia_em: number;
  licenca_expira_em: number | null;
  licenca_carencia_dias: number;
  cliente_status: string;
  cliente_motivo: string | null;
};

export async function findMaquina(db: Db, id: string): Promise<MaquinaComLicenca | null> {
  const row = await selectMaquinas(db).where('maquinas.id', '=', id).executeTakeFirst();
  return row ? toMaquinaComLicenca(row) : null;
}

/** @throws Problem NAO_ENCONTRADO */
export async function getMaquina(db: Db, id: string): Promise<MaquinaComLicenca> {
  const found = await findMaquina(db, id);
  if (!found) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há máquina com este id.' });
  return found;
}

export async function findMaquinaByImpressao(db: Db, licencaId: string, impressao: string): Promise<Maquina | null> {
  const row = await db
    .selectFrom('maquinas')
    .selectAll()
    .where('licenca_id', '=', licencaId)
    .where('impressao', '=', impressao)
    .executeTakeFirst();
  return row ? toMaquina(row) : null;
}

/** Which of these machines exist. */
export async function existingMaquinas(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db.selectFrom('maquinas').select('id').where('id', 'in', ids).execute();
  return new Set(rows.map(({ id }) => id));
}

export async function maquinasByIds(db: Db, ids: readonly string[]): Promise<Maquina[]> {
  return (await db.selectFrom('maquinas').selectAll().where('id', 'in', ids).execute()).map(toMaquina);
}

/** Blocks or unblocks machines as `blockMaquina` does, all in one statement. */
export async function blockMaquinas(
  db: Db,
  ids: readonly string[],
  { bloquear, motivo, now }: { bloquear: boolean; motivo: string | null; now: number },
): Promise<void> {
  if (ids.length === 0) return;
  await db
    .updateTable('maquinas')
    .set({
      bloqueada: bloquear ? 1 : 0,
      motivo_bloqueio: motivo,
      revisao: sql<number>`revisao + 1`,
      ...noProgress,
      atualizado_em: now,
      rev: sql<number>`rev + 1`,
    })
    .where('id', 'in', ids)
    .execute();
}

export async function insertMaquina(db: Db, maquina: Maquina): Promise<void> {
  await db.insertInto('maquinas').values(toRow(maquina)).execute();
  await noteRunning(db, maquina.id, maquina.versao, maquina.atualizado_em);
}

/** Saves over the revision before. @throws Problem VERSAO_DESATUALIZADA */
export async function updateMaquina(db: Db, maquina: Maquina): Promise<void> {
  const { id, ...row } = toRow(maquina);
  const result = await db
    .updateTable('maquinas')
    .set(row)
    .where('id', '=', id)
    .where('rev', '=', maquina.rev - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new Problem('VERSAO_DESATUALIZADA');
  await noteRunning(db, id, maquina.versao, maquina.atualizado_em);
}

/** Takes from a customer's machines what tells of people, out of the search as well. */
export async function anonymizeMaquinas(db: Db, clienteId: string): Promise<void> {
  const rows = await db.selectFrom('maquinas').selectAll().where('cliente_id', '=', clienteId).execute();
  for (const maquina of rows.map(toMaquina)) {
    const busca = buscaOf({ ...maquina, hostname: null });
    await db.updateTable('maquinas').set({ hostname: null, ip: null, busca }).where('id', '=', maquina.id).execute();
  }
}

export async function deleteMaquina(db: Db, id: string): Promise<void> {
  await db.deleteFrom('maquinas').where('id', '=', id).execute();
}

export async function listMaquinas(
  db: Db,
  page: PageRequest,
  filter: MaquinaFilter,
  now: number,
): Promise<Page<MaquinaComLicenca>> {
  const query = matching(selectMaquinas(db), { ...filter, busca: page.busca ?? undefined }, now);
  return keysetPage(query, {
    page,
    columns: { criado_em: 'maquinas.criado_em', atualizado_em: 'maquinas.atualizado_em', nome: 'maquinas.nome' },
    idColumn: 'maquinas.id',
    sortValue: (row) => {
      const campo = maquinaSortable.find((name) => name === page.ordem.campo) ?? 'criado_em';
      return row[campo];
    },
    id: (row) => row.id,
    map: toMaquinaComLicenca,
  });
}

/** Gives machines a new desired state: a new revision, not yet sent, delivered or applied. */
export async function bumpDesiredState(
  db: Db,
  which: { cliente_id: string } | { licenca_id: string } | { plano_id: string } | { id: string },
): Promise<void> {
  let update = db.updateTable('maquinas').set({
    revisao: sql<number>`revisao + 1`,
    ...noProgress,
  });
  if ('cliente_id' in which) update = update.where('cliente_id', '=', which.cliente_id);
  else if ('id' in which) update = update.where('id', '=', which.id);
  else if ('licenca_id' in which) update = update.where('licenca_id', '=', which.licenca_id);
  else {
    const ofPlano = db.selectFrom('licencas').select('id').where('plano_id', '=', which.plano_id);
    update = update.where('licenca_id', 'in', ofPlano);
  }
  await update.execute();
}

/** Records how far the present desired state of machines has come; a revision that has passed changes nothing. */
export async function markProgress(
  db: Db,
  ids: readonly string[],
  revisao: number,
  step: 'bloqueio_enviado_em' | 'bloqueio_entregue_em',
  now: number,
): Promise<void> {
  await db
    .updateTable('maquinas')
    .set({ [step]: now })
    .where('id', 'in', ids)
    .where('revisao', '=', revisao)
    .where(step, 'is', null)
    .execute();
}

/** Machines that went offline and were last heard at that moment or before. */
export async function absentSince(db: Db, epochMs: number, limit: number): Promise<Maquina[]> {
  const rows = await db
    .selectFrom('maquinas')
    .selectAll()
    .where('conexao', '=', 'offline')
    .where('ausente_desde', '<=', epochMs)
    .orderBy('ausente_desde')
    .limit(limit)
    .execute();
  return rows.map(toMaquina);
}

/** What a machine says of a revision of its desired state, once it has done something about it. */
export interface StateAnswer {
  revisao: number;
  resultado: Resultado;
  detalhe: string | null;
}

/** Records the machine's word on its present desired state. @returns whether it says anything new of that revision. */
export async function markAnswer(
  db: Db,
  id: string,
  { revisao, resultado, detalhe }: StateAnswer,
  now: number,
): Promise<boolean> {
  const step = resultado === 'aplicado' ? 'bloqueio_aplicado_em' : 'bloqueio_recusado_em';
  const result = await db
    .updateTable('maquinas')
    .set({ [step]: now, bloqueio_resultado: resultado, bloqueio_detalhe: detalhe })
    .where('id', '=', id)
    .where('revisao', '=', revisao)
    // What was applied stays applied; what was refused may yet be applied.
    .where('bloqueio_aplicado_em', 'is', null)
    .where((is) => is.or([is('bloqueio_resultado', 'is', null), is('bloqueio_resultado', '<>', resultado)]))
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export function toMaquinaComLicenca(row: MaquinaRow): MaquinaComLicenca {
  const licenca: LicencaTermos = {
    tipo: row.licenca_tipo as LicencaTipo,
    situacao: row.licenca_situacao as Situacao,
    motivo_bloqueio: row.licenca_motivo,
    inadimplente: row.licenca_inadimplente === 1,
    inicia_em: row.licenca_inicia_em,
    expira_em: row.licenca_expira_em,
    carencia_dias: row.licenca_carencia_dias,
  };
  return {
    maquina: toMaquina(row),
    licenca,
    cliente: row.cliente_status as ClienteEfeito,
    motivoCliente: row.cliente_motivo,
    ...(row.licenca_flutuante === 1 ? { assento: { ate: row.assento_ate } } : {}),
  };
}

function toMaquina(row: Selectable<MaquinaTable>): Maquina {
  return {
    id: row.id,
    cliente_id: row.cliente_id,
    licenca_id: row.licenca_id,
    nome: row.nome,
    impressao: row.impressao,
    hostname: row.hostname,
    so: row.so,
    arquitetura: row.arquitetura,
    versao: row.versao,
    ip: row.ip,
    conexao: row.conexao as Conexao,
    ativa: row.ativa === 1,
    bloqueada: row.bloqueada === 1,
    motivo_bloqueio: row.motivo_bloqueio,
    revisao: row.revisao,
    bloqueio_enviado_em: row.bloqueio_enviado_em,
    bloqueio_entregue_em: row.bloqueio_entregue_em,
    bloqueio_aplicado_em: row.bloqueio_aplicado_em,
    bloqueio_recusado_em: row.bloqueio_recusado_em,
    bloqueio_resultado: row.bloqueio_resultado as Resultado | null,
    bloqueio_detalhe: row.bloqueio_detalhe,
    ausente_desde: row.ausente_desde,
    token_hmac: row.token_hmac,
    token_selado: row.token_selado,
    criado_em: row.criado_em,
    atualizado_em: row.atualizado_em,
    rev: row.rev,
  };
}

function toRow(maquina: Maquina): Selectable<MaquinaTable> {
  return {
    ...maquina,
    ativa: maquina.ativa ? 1 : 0,
    bloqueada: maquina.bloqueada ? 1 : 0,
    busca: buscaOf(maquina),
  };
}

/** The text a machine is searched by. */
export function buscaOf({ nome, hostname, impressao, so, versao }: Maquina): string {
  return foldText([nome, hostname, impressao.slice(0, 200), so, versao].filter(Boolean).join(' '));
}
