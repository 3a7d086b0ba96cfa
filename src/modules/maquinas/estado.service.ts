/**
 * The desired state of each machine: computed from what is committed, never kept twice. What the machine has been sent,
 * has received and has applied is recorded by revision.
 */

import { type Actor, systemActor } from '../../core/actor';
import { type Clock, rfc3339 } from '../../core/clock';
import type { CommittedEvent } from '../../core/events';
import type { Keyring } from '../../storage/keys/keyring';
import { prepareRead } from '../../storage/sqlite/fast-read';
import type { Sqlite } from '../../storage/sqlite/open';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { certificateClaims } from '../licencas/certificado.model';
import type { LicenceReader } from '../licencas/licencas.facts';
import { type Efeito, type MaquinaComLicenca, machineEffect } from './maquinas.model';
import { maquinaEventData } from './maquinas.service';
import { getMaquina, type MaquinaRow, markProgress, selectMaquinas, toMaquinaComLicenca } from './maquinas.store';

/** The payload of `N/estado`. */
export interface EstadoPayload {
  bloqueada: boolean;
  codigo: Efeito['codigo'];
  motivo: string | null;
  revisao: number;
  em: string;
  certificado: string;
}

interface Dependencies {
  sqlite: Pick<Sqlite, 'reader' | 'readerHandle'>;
  work: UnitOfWork;
  licences: LicenceReader;
  keyring: Keyring;
  clock: Clock;
  onError(error: unknown): void;
}

type ProgressStep = 'bloqueio_enviado_em' | 'bloqueio_entregue_em';

export type Estado = ReturnType<typeof createEstado>;

const machinesPerBatch = 500;
const progressDelayMs = 20;

export function createEstado({ sqlite, work, licences, keyring, clock, onError }: Dependencies) {
  const { reader, readerHandle } = sqlite;
  const byId = prepareRead<MaquinaRow>(readerHandle, selectMaquinas(reader).where('maquinas.id', '=', '').compile());
  const byToken = prepareRead<MaquinaRow>(
    readerHandle,
    selectMaquinas(reader).where('maquinas.token_hmac', '=', '').compile(),
  );

  /** Without giving way to other work: what is published next rests on nothing older than the last commit. */
  function load(maquinaId: string): MaquinaComLicenca | null {
    const row = byId(maquinaId);
    return row ? toMaquinaComLicenca(row) : null;
  }

  /** What machines were sent and have received, noted faster than each could have its own transaction. */
  let noted: { maquinaId: string; revisao: number; step: ProgressStep; at: number }[] = [];
  let flushing: Promise<void> | null = null;

  async function flushSoon(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, progressDelayMs));
    const batch = noted;
    noted = [];
    flushing = null;
    try {
      await work.write(systemActor('estado'), async (tx) => {
        for (const { maquinaId, revisao, step, at } of batch) await markProgress(tx.db, maquinaId, revisao, step, at);
      });
    } catch (error) {
      onError(error);
    }
  }

  return {
    load,

    /** The machine of a credential, if it is still active. */
    byToken(tokenHmac: string): MaquinaComLicenca | null {
      const row = byToken(tokenHmac);
      return row && row.ativa === 1 ? toMaquinaComLicenca(row) : null;
    },

    /** What the machine should be told now; null when there is no such machine. */
    current(maquinaId: string): { payload: EstadoPayload; maquina: MaquinaComLicenca['maquina'] } | null {
      const found = load(maquinaId);
      if (!found) return null;
      const now = clock.now();
      const efeito = machineEffect(found, now);
      return {
        maquina: found.maquina,
        payload: {
          bloqueada: efeito.bloqueada,
          codigo: efeito.codigo,
          motivo: efeito.motivo,
          revisao: found.maquina.revisao,
          em: rfc3339(now),
          certificado: this.certificate(found, efeito, now),
        },
      };
    },

    /** The machine's own certificate under what is in effect. */
    certificate(found: MaquinaComLicenca, efeito: Efeito, now: number): string {
      const facts = licences.byId(found.maquina.licenca_id);
      if (!facts) throw new Error(`the licence of machine ${found.maquina.id} is missing`);
      return keyring.signJws(
        certificateClaims(facts, { impressao: found.maquina.impressao, codigo: efeito.codigo }, now),
      );
    },

    /** The machines whose desired state an event may have changed, in batches by id. */
    async *affectedBy(event: CommittedEvent): AsyncGenerator<string[]> {
      if (event.entidade === 'maquina') {
        yield [event.entidadeId];
        return;
      }
      const { entidade, entidadeId } = event;
      let last = '';
      while (true) {
        const ids = reader
          .selectFrom('maquinas')
          .select('id')
          .where('id', '>', last)
          .orderBy('id')
          .limit(machinesPerBatch);
        const ofPlano = reader.selectFrom('licencas').select('id').where('plano_id', '=', entidadeId);
        const of = { cliente: ids.where('cliente_id', '=', entidadeId), plano: ids.where('licenca_id', 'in', ofPlano) };
        const affected =
          entidade === 'cliente' || entidade === 'plano' ? of[entidade] : ids.where('licenca_id', '=', entidadeId);
        const rows = await affected.execute();
        if (rows.length === 0) return;
        yield rows.map((row) => row.id);
        last = rows.at(-1)?.id ?? last;
      }
    },

    /** Notes that a revision was sent to, or received by, the machine; written soon, many in one transaction. */
    progress(maquinaId: string, revisao: number, step: ProgressStep): void {
      noted.push({ maquinaId, revisao, step, at: clock.now() });
      flushing ??= flushSoon();
    },

    /** Waits until what was noted is written. */
    async settled(): Promise<void> {
      await flushing;
    },

    /** Records the machine's own word that a revision is in effect there; said twice, it is recorded once. */
    async applied(actor: Actor, maquinaId: string, revisao: number): Promise<void> {
      await work.write(actor, async (tx) => {
        await markProgress(tx.db, maquinaId, revisao, 'bloqueio_entregue_em', tx.now);
        if (!(await markProgress(tx.db, maquinaId, revisao, 'bloqueio_aplicado_em', tx.now))) return;
        const { maquina } = await getMaquina(tx.db, maquinaId);
        await tx.record({
          acao: 'aplicar_estado',
          entidade: 'maquina',
          entidadeId: maquinaId,
          antes: null,
          depois: { revisao, bloqueada: maquina.bloqueada, aplicado_em: rfc3339(tx.now) },
          eventos: [
            {
              tipo: 'maquina.bloqueio_aplicado',
              entidade: 'maquina',
              entidadeId: maquinaId,
              dados: maquinaEventData(maquina),
            },
          ],
        });
      });
    },
  };
}
