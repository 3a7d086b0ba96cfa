/** Registering: the key once, and from then on the credential that came for it. */

import { existsSync } from 'node:fs';
import { type Static, Type } from '@sinclair/typebox';
import type { Logger } from 'pino';
import si from 'systeminformation';
import { OperationalError } from '../core/operational-error';
import { readJsonFile, writeDurably } from './files';
import { machineFingerprint } from './fingerprint';
import { backoffMs, pause, withLimit } from './limit';
import { activationSchema, jwkSchema, machineDescription, Refusal, type ServerApi } from './server-api';
import type { StateFolder } from './state-folder';

const retryLongestMs = 60_000;
const readLimitMs = 10_000;

const credentialSchema = Type.Object({
  servidor: Type.String(),
  impressao: Type.String(),
  ativacao: activationSchema,
  chaves: Type.Array(jwkSchema, { minItems: 1 }),
  intervalo_s: Type.Integer({ minimum: 1 }),
});
export type Credential = Static<typeof credentialSchema>;

/** Until the server has said otherwise; its own default. */
const intervalSecondsDefault = 60;

/** @returns null when this machine has not registered. @throws OperationalError when the file is damaged. */
export function loadCredential(folder: StateFolder): Credential | null {
  const credential = readJsonFile(folder.credential, credentialSchema);
  if (!credential && existsSync(folder.credential)) {
    throw new OperationalError(`${folder.credential} is damaged: remove it and start with --chave`);
  }
  return credential;
}

export function saveCredential(folder: StateFolder, credential: Credential): void {
  writeDurably(folder.credential, JSON.stringify(credential));
}

export interface RegistrationOptions {
  folder: StateFolder;
  api: ServerApi;
  chave: string;
  nome: string;
  /** Of the software looked after, or the agent's own. */
  versao: string;
  produto: string;
  log: Logger;
  signal: AbortSignal;
}

/**
 * The credential of this machine: the kept one, or one by the key. Waits for a server that cannot be reached.
 * @throws OperationalError when there is neither, or the server refuses the key.
 */
export async function ensureRegistered(options: RegistrationOptions): Promise<Credential | null> {
  const { folder, api, chave, log, signal } = options;
  const { impressao, copied } = await machineFingerprint(folder);
  const kept = loadCredential(folder);
  if (kept && kept.impressao === impressao) return { ...kept, servidor: api.base.href };
  if (copied) log.warn('the state folder is from another machine: registering this one');
  if (chave === '')
    throw new OperationalError(
      'this machine is not registered yet: give the licence key with --chave or NARCIDI_CHAVE',
    );
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      return await register(options, impressao);
    } catch (error) {
      if (error instanceof Refusal && !error.passing) {
        throw new OperationalError(`the server refuses to register this machine: ${error.message}`);
      }
      const waitMs = retryWait(error, failures);
      log.warn({ err: error, espera_ms: waitMs }, 'the server cannot be reached: registering later');
      await pause(waitMs, signal);
    }
  }
  return null;
}

/** Asks the server for the credential. @throws Refusal, or what the network has to say. */
export async function register(
  options: Omit<RegistrationOptions, 'log' | 'signal'>,
  impressao: string,
): Promise<Credential> {
  const { folder, api, chave, nome, versao, produto } = options;
  const os = await withLimit(() => si.osInfo(), readLimitMs);
  const so = os ? `${os.distro} ${os.release}`.trim() : process.platform;
  // The keys first: a registration is complete or it has not happened.
  const chaves = await api.keys();
  if (chaves.length === 0) throw new Error('the server has no Ed25519 key to trust');
  const ativacao = await api.activate(chave, {
    ...machineDescription(nome, versao, so),
    impressao,
    ...(produto === '' ? {} : { produto }),
  });
  const known = loadCredential(folder);
  const credential: Credential = {
    servidor: api.base.href,
    impressao,
    ativacao,
    chaves,
    intervalo_s: known?.intervalo_s ?? intervalSecondsDefault,
  };
  saveCredential(folder, credential);
  return credential;
}

/** Milliseconds to wait after a failure: what the server asked for, or ever longer. */
function retryWait(error: unknown, failures: number): number {
  const asked = error instanceof Refusal ? error.retryAfterSeconds : null;
  return asked === null ? backoffMs(failures, retryLongestMs) : Math.min(asked * 1_000, retryLongestMs);
}
