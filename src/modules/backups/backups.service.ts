/**
 * What can be done with backups. The work is done by this program's own commands in another process: the event loop of
 * the server never waits for it.
 */

import { join } from 'node:path';
import { type Actor, authorize } from '../../core/actor';
import { type Clock, hourMs } from '../../core/clock';
import { OperationalError } from '../../core/operational-error';
import { Problem } from '../../core/problem';
import { type BackupRecord, type Check, listBackups, removeBackup, saveRecord } from '../../storage/backup/catalog';
import type { BackupOrigin } from '../../storage/backup/manifest';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { isRecorded } from '../auditoria/auditoria.store';

/** Two nights without a backup are told of. */
const ageHoursMax = 48;

/** Runs a command of this program. @returns what it printed. @throws OperationalError with its one-line reason. */
export type RunCommand = (args: readonly string[], signal: AbortSignal | null) => Promise<string>;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  /** The folder of the catalogue. */
  folder: string;
  run: RunCommand;
}

export type Backups = ReturnType<typeof createBackups>;

export function createBackups({ work, clock, folder, run }: Dependencies) {
  function get(id: string): BackupRecord {
    const record = listBackups(folder).find((one) => one.id === id);
    if (!record) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há backup com este id.' });
    return record;
  }

  async function recordFailure(actor: Actor, id: string, detalhe: string): Promise<void> {
    await work.write(actor, (tx) =>
      tx.record({
        acao: 'falhar',
        entidade: 'backup',
        entidadeId: id,
        antes: null,
        depois: { detalhe },
        eventos: [{ tipo: 'backup.falhou', entidade: 'backup', entidadeId: id, dados: { detalhe } }],
      }),
    );
  }

  /** Tells of a backup that is there: once, whoever made it. */
  async function tell(actor: Actor, record: BackupRecord): Promise<void> {
    const { id, arquivo, tamanho, sha256, cifrado, origem, verificacao } = record;
    const dados = { backup_id: id, arquivo, tamanho, sha256, cifrado, origem };
    await work.write(actor, async (tx) => {
      if (await isRecorded(tx.db, 'backup', id, 'criar')) return;
      await tx.record({
        acao: 'criar',
        entidade: 'backup',
        entidadeId: id,
        antes: null,
        depois: { ...dados, verificacao },
        eventos: [{ tipo: 'backup.concluido', entidade: 'backup', entidadeId: id, dados }],
      });
    });
  }

  /** Keeps the outcome of a check beside the backup, and tells of one that failed. */
  async function keepCheck(
    actor: Actor,
    id: string,
    kind: 'verificacao' | 'simulacro',
    outcome: Omit<Check, 'em'>,
  ): Promise<BackupRecord> {
    const record = { ...get(id), [kind]: { em: clock.now(), ...outcome } };
    saveRecord(folder, record);
    if (!outcome.ok) await recordFailure(actor, id, outcome.detalhe);
    return record;
  }

  async function attempt(args: readonly string[], signal: AbortSignal | null): Promise<Omit<Check, 'em'>> {
    try {
      return { ok: true, detalhe: (await run(args, signal)).trim() };
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      return { ok: false, detalhe: error.message };
    }
  }

  return {
    async listar(actor: Actor): Promise<BackupRecord[]> {
      authorize(actor, 'backups:ler');
      return listBackups(folder);
    },

    /** The newest backup, for those who watch over their age. */
    newest: (): BackupRecord | null => listBackups(folder)[0] ?? null,

    /** @throws Problem NAO_ENCONTRADO */
    async obter(actor: Actor, id: string): Promise<BackupRecord> {
      authorize(actor, 'backups:ler');
      return get(id);
    },

    /**
     * Makes a backup; when this resolves it is on the disk, read back, and told.
     * @throws Problem CONFLITO while another is being made, ARMAZENAMENTO_CHEIO, BACKUP_FALHOU
     */
    async criar(actor: Actor, origem: BackupOrigin, signal: AbortSignal | null = null): Promise<BackupRecord> {
      authorize(actor, 'backups:criar');
      let record: BackupRecord;
      try {
        record = JSON.parse(await run(['backup', 'create', '--origem', origem, '--json'], signal)) as BackupRecord;
      } catch (error) {
        const problem = toProblem(error);
        if (problem.codigo !== 'CONFLITO') {
          // On a full disk the event cannot be written either: whoever asked is told all the same.
          await recordFailure(actor, 'novo', problem.message).catch(() => undefined);
        }
        throw problem;
      }
      await tell(actor, record);
      return record;
    },

    /** Reads it from its first byte to its last. @throws Problem NAO_ENCONTRADO */
    async verificar(actor: Actor, id: string): Promise<BackupRecord> {
      authorize(actor, 'backups:executar');
      const { arquivo } = get(id);
      const { ok, detalhe } = await attempt(['backup', 'verify', join(folder, arquivo)], null);
      const told = ok ? 'todos os bytes são os que foram gravados' : detalhe;
      return keepCheck(actor, id, 'verificacao', { ok, detalhe: told });
    },

    /** Restores the newest into a scratch folder and compares. @throws Problem NAO_ENCONTRADO when there is none. */
    async simular(actor: Actor, signal: AbortSignal | null): Promise<BackupRecord> {
      authorize(actor, 'backups:executar');
      const [newest] = listBackups(folder);
      if (!newest) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Ainda não há backup.' });
      const outcome = await attempt(['backup', 'drill', join(folder, newest.arquivo)], signal);
      return keepCheck(actor, newest.id, 'simulacro', outcome);
    },

    /** Tells of backups made by command meanwhile, and when the newest is too old. @returns in pt-BR how things stand. */
    async conferir(actor: Actor): Promise<string> {
      authorize(actor, 'backups:executar');
      const records = listBackups(folder);
      const [newest] = records;
      if (!newest) return 'ainda não há backup';
      const oldest = clock.now() - ageHoursMax * hourMs;
      for (const record of records.filter(({ criado_em }) => criado_em > oldest)) await tell(actor, record);
      const hours = Math.floor((clock.now() - newest.criado_em) / hourMs);
      const detalhe = `o backup mais novo, ${newest.arquivo}, tem ${hours} horas`;
      if (hours > ageHoursMax) await recordFailure(actor, newest.id, detalhe);
      return detalhe;
    },

    /** The archive itself. It holds every key and every record, so reading is not enough. @throws Problem NAO_ENCONTRADO */
    async baixar(actor: Actor, id: string): Promise<{ record: BackupRecord; path: string }> {
      authorize(actor, 'backups:executar');
      const record = get(id);
      await work.write(actor, (tx) =>
        tx.record({ acao: 'baixar', entidade: 'backup', entidadeId: id, antes: null, depois: null, eventos: [] }),
      );
      return { record, path: join(folder, record.arquivo) };
    },

    /** @throws Problem NAO_ENCONTRADO */
    async excluir(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'backups:excluir');
      const record = get(id);
      removeBackup(folder, record);
      await work.write(actor, (tx) =>
        tx.record({ acao: 'excluir', entidade: 'backup', entidadeId: id, antes: record, depois: null, eventos: [] }),
      );
    },
  };
}

/** The one-line reason of a command, for whoever asked over HTTP. */
function toProblem(error: unknown): Problem {
  const reason = error instanceof Error ? error.message : String(error);
  if (/another backup/.test(reason)) return new Problem('CONFLITO', { detalhe: 'Outro backup está sendo feito.' });
  if (/is full|no room|no space left/i.test(reason)) {
    return new Problem('ARMAZENAMENTO_CHEIO', { detalhe: `Não há espaço em disco para o backup: ${reason}` });
  }
  return new Problem('BACKUP_FALHOU', { detalhe: `O backup não pôde ser feito: ${reason}` });
}
