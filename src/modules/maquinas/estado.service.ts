/**
 * The desired state of each machine: computed from what is committed, never kept twice. What the machine has been sent,
 * has received and has applied is recorded by revision.
 */

import type { Actor } from '../../core/actor';
import { type Clock, rfc3339 } from '../../core/clock';
import type { CommittedEvent } from '../../core/events';
import type { Keyring } from '../../storage/keys/keyring';
import { prepareRead } from '../../storage/sqlite/fast-read';
import type { Sqlite } from '../../storage/sqlite/open';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { certificateClaims } from '../licencas/certificado.model';
import type { LicenceReader } from '../licencas/licencas.facts';
import { createAndamento } from './andamento.service';
import { type Efeito, type MaquinaComLicenca, machineEffect } from './maquinas.model';
import { maquinaEventData } from './maquinas.service';
import {
  getMaquina,
  type MaquinaRow,
  markAnswer,
  markProgress,
  type StateAnswer,
  selectMaquinas,
  toMaquinaComLicenca,
} from './maquinas.store';

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

export function createEstado({ sqlite, work, licences, keyring, clock, onError }: Dependencies) {
  const { reader, readerHandle } = sqlite;
  const byId = prepareRead<MaquinaRow>(readerHandle, selectMaquinas(reader).where('maquinas.id', '=', '').compile());
  const byToken = prepareRead<MaquinaRow>(
    readerHandle,
    selectMaquinas(reader).where('maquinas.token_hmac', '=', '').compile(),
  );

  const progressOf = prepareRead<Pick<MaquinaRow, 'revisao' | ProgressStep>>(
    readerHandle,
    reader
      .selectFrom('maquinas')
      .select(['revisao', 'bloqueio_enviado_em', 'bloqueio_entregue_em'])
      .where('id', '=', '')
      .compile(),
  );

  /** Without giving way to other work: what is published next rests on nothing older than the last commit. */
  function load(maquinaId: string): MaquinaComLicenca | null {
    const row = byId(maquinaId);
    return row ? toMaquinaComLicenca(row) : null;
  }

  const andamento = createAndamento<{ maquinaId: string; revisao: number; step: ProgressStep; at: number }>({
    work,
    nome: 'estado',
    key: ({ step, revisao }) => `${step} ${revisao}`,
    write: async (tx, notes) => {
      const [first] = notes;
      if (!first) return;
      const ids = notes.map(({ maquinaId }) => maquinaId);
      await markProgress(tx.db, ids, first.revisao, first.step, first.at);
    },
    onError,
  });

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

    /** The machine's own certificate under what is in effect: with it the machine proves its state and its revision. */
    certificate(found: MaquinaComLicenca, efeito: Efeito, now: number): string {
      const facts = licences.byId(found.maquina.licenca_id);
      if (!facts) throw new Error(`the licence of machine ${found.maquina.id} is missing`);
      const { id, impressao, revisao } = found.maquina;
      const { bloqueada, codigo, motivo } = efeito;
      const proved = { maquina_id: id, bloqueada, revisao, motivo };
      return keyring.signJws(certificateClaims(facts, { impressao, codigo, estado: proved }, now));
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
      // Every reconnection sends the same state again: what is known already is not worth the write lock.
      const row = progressOf(maquinaId);
      if (!row || row.revisao !== revisao || row[step] !== null) return;
      andamento.note({ maquinaId, revisao, step, at: clock.now() });
    },

    /** Waits until what was noted is written. */
    settled: () => andamento.settled(),
    stats: () => ({ anotacoes: andamento.pending() }),

    /** Records the machine's own word on a revision; of one that has passed, or said twice, nothing is recorded. */
    async answered(actor: Actor, maquinaId: string, answer: StateAnswer): Promise<void> {
      const { revisao, resultado, detalhe } = answer;
      if (resultado === 'recebido') {
        this.progress(maquinaId, revisao, 'bloqueio_entregue_em');
        return;
      }
      await work.write(actor, async (tx) => {
        await markProgress(tx.db, [maquinaId], revisao, 'bloqueio_entregue_em', tx.now);
        if (!(await markAnswer(tx.db, maquinaId, answer, tx.now))) return;
        const { maquina } = await getMaquina(tx.db, maquinaId);
        const aplicado = resultado === 'aplicado';
        await tx.record({
          acao: aplicado ? 'aplicar_estado' : 'recusar_estado',
          entidade: 'maquina',
          entidadeId: maquinaId,
          antes: null,
          depois: { revisao, bloqueada: maquina.bloqueada, resultado, detalhe, em: rfc3339(tx.now) },
          eventos: [
            {
              tipo: aplicado ? 'maquina.bloqueio_aplicado' : 'maquina.bloqueio_recusado',
              entidade: 'maquina',
              entidadeId: maquinaId,
              dados: { ...maquinaEventData(maquina), resultado, detalhe },
            },
          ],
        });
      });
    },
  };
}
