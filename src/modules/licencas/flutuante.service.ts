/**
 * Floating licences: more machines may be registered than run at once. A heartbeat leases a seat for two intervals, so a
 * machine that misses one frees it.
 */

import { systemActor } from '../../core/actor';
import type { Clock } from '../../core/clock';
import type { Commit, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { bumpDesiredState } from '../maquinas/maquinas.store';
import { leaseSeat } from './assentos.store';
import type { LicenceReader } from './licencas.facts';
import { seatsMax } from './licencas.model';
import { findLicenca, floatingLicencas } from './licencas.store';

const intervalsLeased = 2;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  licences: LicenceReader;
  heartbeatIntervalMs: number;
  /** The licence of a machine, which never changes. */
  licencaOf(maquinaId: string): string | null;
}

export function createFlutuante({ work, clock, licences, heartbeatIntervalMs, licencaOf }: Dependencies) {
  const actor = systemActor('assentos');
  /** Which licences are floating: asked at every heartbeat, so known by heart. */
  let floating = new Set<string>();
  const licencaByMaquina = new Map<string, string>();
  /** Which machines were granted a seat at their last heartbeat. */
  const granted = new Map<string, boolean>();

  function floatingLicenca(maquinaId: string): string | null {
    if (floating.size === 0) return null;
    const licencaId = licencaByMaquina.get(maquinaId) ?? licencaOf(maquinaId);
    if (licencaId === null) return null;
    licencaByMaquina.set(maquinaId, licencaId);
    return floating.has(licencaId) ? licencaId : null;
  }

  return {
    async start(): Promise<void> {
      const rows = await floatingLicencas(work.reader);
      floating = new Set(rows);
    },

    onCommit({ events }: Commit): void {
      for (const { entidade, entidadeId } of events) {
        if (entidade !== 'licenca') continue;
        if (licences.byId(entidadeId)?.licenca.flutuante) floating.add(entidadeId);
        else floating.delete(entidadeId);
      }
    },

    /** How long a seat taken now is held, epoch milliseconds. */
    leasedUntil: (now: number): number => now + intervalsLeased * heartbeatIntervalMs,

    /** A machine was heard: its seat is extended, or taken if one is free. Nothing for a machine of another licence. */
    async heard(maquinaId: string): Promise<void> {
      const licencaId = floatingLicenca(maquinaId);
      if (licencaId === null) return;
      const now = clock.now();
      await work.write(actor, async (tx) => {
        const facts = await findLicenca(tx.db, licencaId);
        if (!facts) return;
        const lease = { seats: seatsMax(facts.licenca), now, until: this.leasedUntil(now) };
        const seated = await leaseSeat(tx.db, licencaId, maquinaId, lease);
        tx.touch(maquinaId);
        if (granted.get(maquinaId) === seated) return;
        granted.set(maquinaId, seated);
        await bumpDesiredState(tx.db, { id: maquinaId });
        const dados = { maquina_id: maquinaId, licenca_id: licencaId, assento: seated };
        await tx.record({
          acao: seated ? 'tomar_assento' : 'ficar_sem_assento',
          entidade: 'maquina',
          entidadeId: maquinaId,
          antes: null,
          depois: dados,
          eventos: [{ tipo: 'maquina.atualizada', entidade: 'maquina', entidadeId: maquinaId, dados }],
        });
      });
    },
  };
}
