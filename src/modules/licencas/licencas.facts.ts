/** What verification, heartbeats and connecting machines ask thousands of times a second: licences and machines by prepared reads. */

import { prepareRead } from '../../storage/sqlite/fast-read';
import type { Sqlite } from '../../storage/sqlite/open';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { type LicencaRow, toFacts } from './licencas.store';
import type { LicenceFacts, MachineFacts } from './validacao.model';

export interface LicenceReader {
  byChaveHmac(hmac: string): LicenceFacts | null;
  byId(id: string): LicenceFacts | null;
  /** The machine of a fingerprint on a licence. */
  machine(licencaId: string, impressao: string): (MachineFacts & { id: string }) | null;
}

/** Prepared reads on the reader's handle: each sees everything committed before it, and takes a few microseconds. */
export function createLicenceReader({ reader, readerHandle }: Pick<Sqlite, 'reader' | 'readerHandle'>): LicenceReader {
  const byHmac = prepareRead<LicencaRow>(
    readerHandle,
    selectFacts(reader).where('licencas.chave_hmac', '=', '').compile(),
  );
  const byId = prepareRead<LicencaRow>(readerHandle, selectFacts(reader).where('licencas.id', '=', '').compile());
  const machine = prepareRead<{
    id: string;
    ativa: number;
    bloqueada: number;
    motivo_bloqueio: string | null;
    assento_ate: number | null;
  }>(
    readerHandle,
    reader
      .selectFrom('maquinas')
      .select(['id', 'ativa', 'bloqueada', 'motivo_bloqueio'])
      .select((from) =>
        from
          .selectFrom('assentos')
          .select('assentos.expira_em')
          .whereRef('assentos.licenca_id', '=', 'maquinas.licenca_id')
          .whereRef('assentos.maquina_id', '=', 'maquinas.id')
          .$asScalar()
          .as('assento_ate'),
      )
      .where('licenca_id', '=', '')
      .where('impressao', '=', '')
      .compile(),
  );
  return {
    byChaveHmac: (hmac) => nullable(byHmac(hmac)),
    byId: (id) => nullable(byId(id)),
    machine: (licencaId, impressao) => {
      const row = machine(licencaId, impressao);
      return row ? { ...row, ativa: row.ativa === 1, bloqueada: row.bloqueada === 1 } : null;
    },
  };
}

/** The columns of `selectLicencas` without its joins: bun:sqlite reads a joined row in 21 µs, this one in 8. */
function selectFacts(db: Db) {
  return db
    .selectFrom('licencas')
    .selectAll('licencas')
    .select((from) => [
      from
        .selectFrom('clientes')
        .select('clientes.status')
        .whereRef('clientes.id', '=', 'licencas.cliente_id')
        .$asScalar()
        .$notNull()
        .as('cliente_status'),
      from
        .selectFrom('clientes')
        .select('clientes.motivo_bloqueio')
        .whereRef('clientes.id', '=', 'licencas.cliente_id')
        .$asScalar()
        .as('cliente_motivo'),
      from
        .selectFrom('produtos')
        .select('produtos.slug')
        .whereRef('produtos.id', '=', 'licencas.produto_id')
        .$asScalar()
        .$notNull()
        .as('produto_slug'),
    ]);
}

function nullable(row: LicencaRow | null): LicenceFacts | null {
  return row ? toFacts(row) : null;
}
