/**
 * Who this machine is: a fingerprint made of identifiers that stay, kept in the state folder so that a new network card
 * does not make it another machine. Containers share the identifiers of their host, and get a random one.
 */

import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Type } from '@sinclair/typebox';
import si from 'systeminformation';
import { isBlankIdentifier, isGenericIdentifier } from '../core/identifiers';
import { readJsonFile, writeDurably } from './files';
import { withLimit } from './limit';
import type { StateFolder } from './state-folder';

const identifierCharactersMin = 6;
const readLimitMs = 15_000;

/** Identifiers as they were read; hashed before they are kept, for they are nobody else's business. */
export interface Identifiers {
  hardware?: string | undefined;
  sistema?: string | undefined;
  mac?: string | undefined;
}

const identitySchema = Type.Object({
  impressao: Type.String({ minLength: 1 }),
  partes: Type.Object({
    hardware: Type.Optional(Type.String()),
    sistema: Type.Optional(Type.String()),
    mac: Type.Optional(Type.String()),
  }),
});

type Identity = typeof identitySchema.static;

/**
 * The fingerprint of this machine: the kept one while it is still the same machine, else a new one.
 * @returns also whether the kept one was another machine's: a state folder that was copied with its disk.
 */
export async function machineFingerprint(folder: StateFolder): Promise<{ impressao: string; copied: boolean }> {
  const partes = hashed(usable(await readIdentifiers()));
  const kept = readJsonFile(folder.identity, identitySchema);
  if (kept && isSameMachine(kept.partes, partes)) return { impressao: kept.impressao, copied: false };
  const identity: Identity = { impressao: fingerprintOf(partes), partes };
  writeDurably(folder.identity, JSON.stringify(identity));
  return { impressao: identity.impressao, copied: kept !== null };
}

/** Hashes the parts into one fingerprint; without any part it is random. */
function fingerprintOf(partes: Identity['partes']): string {
  const known = Object.values(partes).filter((part) => part !== undefined);
  if (known.length === 0) return `nca1-${randomBytes(32).toString('hex')}`;
  return `nca1-${createHash('sha256').update(known.join('\n')).digest('hex')}`;
}

/**
 * The hardware's own number decides where both know it; else one part in common is enough. What knows nothing of itself (a
 * container) is what it was.
 */
export function isSameMachine(kept: Identity['partes'], now: Identity['partes']): boolean {
  if (kept.hardware && now.hardware) return kept.hardware === now.hardware;
  const names = (['hardware', 'sistema', 'mac'] as const).filter((name) => kept[name] && now[name]);
  return names.length === 0 || names.some((name) => kept[name] === now[name]);
}

/** Leaves out what many machines have alike. */
export function usable(identifiers: Identifiers): Identifiers {
  const fit = (text: string | undefined): string | undefined => {
    const identifier = text?.trim().toLowerCase() ?? '';
    const unfit =
      identifier.length < identifierCharactersMin || isBlankIdentifier(identifier) || isGenericIdentifier(identifier);
    return unfit ? undefined : identifier;
  };
  return { hardware: fit(identifiers.hardware), sistema: fit(identifiers.sistema), mac: fit(identifiers.mac) };
}

function hashed(identifiers: Identifiers): Identity['partes'] {
  return Object.fromEntries(
    Object.entries(identifiers)
      .filter((entry): entry is [string, string] => typeof entry[1] === 'string')
      .map(([name, value]) => [name, createHash('sha256').update(`narcidi\0${name}\0${value}`).digest('hex')]),
  );
}

async function readIdentifiers(): Promise<Identifiers> {
  if (inContainer()) return {};
  const [uuid, board] = await Promise.all([
    withLimit(() => si.uuid(), readLimitMs),
    withLimit(() => si.baseboard(), readLimitMs),
  ]);
  const boardSerial = [board?.manufacturer, board?.model, board?.serial].every(Boolean)
    ? `${board?.manufacturer} ${board?.model} ${board?.serial}`
    : undefined;
  const hardware = usable({ hardware: uuid?.hardware }).hardware ?? boardSerial;
  return { hardware, sistema: uuid?.os, mac: uuid?.macs.filter(isBurnedIn).sort()[0] };
}

/** Whether a MAC is the maker's: a locally administered one is made up anew by hypervisors and privacy settings. */
export function isBurnedIn(mac: string): boolean {
  const first = Number.parseInt(mac.slice(0, 2), 16);
  return /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac) && (first & 0b11) === 0 && !isBlankIdentifier(mac);
}

function inContainer(): boolean {
  return existsSync('/.dockerenv') || existsSync('/run/.containerenv') || Boolean(process.env.container);
}
