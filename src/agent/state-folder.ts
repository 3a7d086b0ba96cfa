/** The agent's state folder: for its owner's eyes, and for one agent at a time. */

import { Database } from 'bun:sqlite';
import { accessSync, chmodSync, constants, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { OperationalError } from '../core/operational-error';
import { ownerOnlyMode } from './files';

export interface StateFolder {
  path: string;
  /** Who this machine is: the fingerprint it registered with. */
  identity: string;
  /** The server, the machine's id and its token. */
  credential: string;
  /** Heartbeats that wait to be sent. */
  spool: string;
  /** The state last received, and how far it was carried out. */
  state: string;
  /** Commands received and what became of them. */
  commands: string;
  /** Downloads, and what is known of installed versions. */
  updates: string;
}

const ownerOnlyFolderMode = 0o700;

/** Makes the folder where it is missing. @throws OperationalError when it cannot be written. */
export function prepareStateFolder(path: string): StateFolder {
  const root = resolve(path);
  const folder: StateFolder = {
    path: root,
    identity: join(root, 'identidade.json'),
    credential: join(root, 'credencial.json'),
    spool: join(root, 'heartbeats'),
    state: join(root, 'recebido.json'),
    commands: join(root, 'comandos.ndjson'),
    updates: join(root, 'atualizacoes'),
  };
  try {
    for (const needed of [root, folder.spool, folder.updates]) {
      mkdirSync(needed, { recursive: true, mode: ownerOnlyFolderMode });
      accessSync(needed, constants.W_OK | constants.X_OK);
      chmodSync(needed, ownerOnlyFolderMode);
    }
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new OperationalError(`the state folder ${root} cannot be written (${reason})`);
  }
  return folder;
}

/**
 * Takes the folder for one agent. The lock is the operating system's, held on an empty SQLite file, so it ends with the
 * process however that ends.
 * @returns a function that gives the folder back.
 * @throws OperationalError when another agent holds it.
 */
export function lockStateFolder({ path }: StateFolder): () => void {
  const file = join(path, 'agent.lock');
  const lock = new Database(file, { create: true, readwrite: true });
  chmodSync(file, ownerOnlyMode);
  try {
    lock.run('PRAGMA locking_mode = EXCLUSIVE');
    lock.run('BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    throw new OperationalError(`another agent is running on the state folder ${path}`);
  }
  return () => lock.close();
}
