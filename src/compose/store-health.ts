/** How the stores are: what `/readyz` looks at, and how damage is told to those who must act. */

import { systemActor } from '../core/actor';
import type { HealthCheck } from '../transport/http/system.routes';
import type { Adapters } from './adapters';

/** Machine ids are UUIDs: this one is nobody's. */
const nobody = '00000000-0000-7000-8000-000000000000';

/** The stores' part of `/readyz`: each table answers, and nothing has been found damaged since the start. */
export function storeChecks({ sqlite, series }: Pick<Adapters, 'sqlite' | 'series'>): HealthCheck[] {
  const { readerHandle, damage } = sqlite;
  // Prepared when somebody asks first: a start does not wait for it, nor fail with a damaged list of tables.
  let firstRows: { get(): unknown }[] | null = null;
  return [
    {
      nome: 'sqlite',
      check: () => {
        firstRows ??= readerHandle
          .query<{ name: string }, []>(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'",
          )
          .all()
          .map(({ name }) => readerHandle.query(`SELECT 1 FROM "${name}" NOT INDEXED LIMIT 1`));
        for (const firstRow of firstRows) firstRow.get();
        const known = damage.known();
        if (known !== null) throw new Error(known);
      },
    },
    { nome: 'lmdb', check: () => void series.lastSeen(nobody) },
  ];
}

/** Tells of a store of heartbeats that this start has replaced: in the log, the audit and by alert. */
export async function tellSetAside({ setAside, log, work }: Adapters): Promise<void> {
  if (!setAside) return;
  const { detalhe, pasta } = setAside;
  log.error({ detalhe, pasta }, 'the store of heartbeats is damaged: it was set aside, and a new one begun');
  await tell(work, 'heartbeats', `O histórico de heartbeats está danificado (${detalhe}); foi guardado em ${pasta}.`);
}

/** Tells of damage in the database, once. */
export function tellDamage({ sqlite, work, log, onError }: Adapters): void {
  sqlite.damage.onFirst((detalhe) => {
    log.error({ detalhe }, 'the database is damaged: run doctor, and restore the newest backup');
    tell(work, 'banco', `O banco de dados está danificado (${detalhe}): restaure um backup.`).catch(onError('banco'));
  });
}

function tell(work: Adapters['work'], parte: string, detalhe: string): Promise<void> {
  const dados = { parte, detalhe };
  return work.write(systemActor('doctor'), (tx) =>
    tx.record({
      acao: 'falhar',
      entidade: 'sistema',
      entidadeId: parte,
      antes: null,
      depois: dados,
      eventos: [{ tipo: 'sistema.erro', entidade: 'sistema', entidadeId: parte, dados }],
    }),
  );
}
