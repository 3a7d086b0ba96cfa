/**
 * Fetching a version: resumed where it was cut off, and given out only once its length, its SHA-256 and its signature are
 * what was announced. Until then it has a name nobody runs. What its errors say reaches the administrators: in Portuguese.
 */

import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { ownerOnlyMode, syncFolder } from '../files';
import { backoffMs, pause } from '../limit';
import { type Offer, Refusal, type ServerApi } from '../server-api';
import type { Trust } from '../trust';

const attemptsMax = 8;
const retryLongestMs = 30_000;
const stallMsMax = 30_000;
/** What is left free for everybody else. */
const spareBytesMin = 64 * 1024 * 1024;

/** What was fetched is not what was announced: it is thrown away, and not tried again on its own. */
export class Unverified extends Error {}

export interface DownloadOptions {
  api: Pick<ServerApi, 'base' | 'tls'>;
  token: string;
  offer: Offer;
  url: string;
  folder: string;
  trust: Pick<Trust, 'signed'>;
  log: Logger;
  signal: AbortSignal;
}

/**
 * @returns the path of the verified file.
 * @throws Unverified; Refusal when the server does not give it; Error when it could not be fetched in a few attempts.
 */
export async function download(options: DownloadOptions): Promise<string> {
  const { offer, folder, log, signal } = options;
  const file = join(folder, offer.sha256.toLowerCase());
  if (existsSync(file)) {
    await verifyFile(file, options);
    return file;
  }
  const part = `${file}.part`;
  for (let failures = 0; ; ) {
    try {
      if (sizeOf(part) < offer.tamanho) await fetchRest(part, options);
      if (sizeOf(part) >= offer.tamanho) break;
      throw new Error('o download terminou antes do fim');
    } catch (error) {
      const hopeless = error instanceof Unverified || (error instanceof Refusal && !error.passing);
      failures += 1;
      if (hopeless || failures >= attemptsMax || signal.aborted) throw error;
      log.warn({ err: error, bytes: sizeOf(part), de: offer.tamanho }, 'the download was interrupted: resuming');
      await pause(backoffMs(failures, retryLongestMs), signal);
    }
  }
  await verifyFile(part, options);
  renameSync(part, file);
  syncFolder(folder);
  forgetEtag(part);
  return file;
}

/** Asks for what is missing; `If-Range` makes a file that changed meanwhile come whole. */
async function fetchRest(part: string, { api, token, offer, url, folder, signal }: DownloadOptions): Promise<void> {
  const have = sizeOf(part);
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < offer.tamanho - have + spareBytesMin)
    throw new Unverified('não há espaço em disco para a atualização');
  const etag = readEtag(part);
  const headers = new Headers({ 'accept-encoding': 'identity' });
  // The token is for the server only, wherever the address may lead.
  if (new URL(url).origin === api.base.origin) headers.set('authorization', `Bearer ${token}`);
  if (have > 0 && etag !== null) {
    headers.set('range', `bytes=${have}-`);
    headers.set('if-range', etag);
  }
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(new Error('o download parou')), stallMsMax);
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.any([signal, stalled.signal]), ...api.tls });
    if (response.status === 416) {
      rmSync(part, { force: true });
      throw new Error('o servidor não conhece esse trecho: recomeça do início');
    }
    if (response.status !== 200 && response.status !== 206) {
      await response.body?.cancel();
      throw new Refusal(response.status, 'DOWNLOAD', response.statusText, null);
    }
    const resumes = response.status === 206 && startOf(response) === have;
    if (response.status === 206 && !resumes) throw new Error('o servidor mandou outro trecho que não o pedido');
    writeFileSync(`${part}.etag`, strongEtag(response) ?? '', { mode: ownerOnlyMode });
    const file = openSync(part, resumes ? 'a' : 'w', ownerOnlyMode);
    try {
      let bytes = resumes ? have : 0;
      for await (const chunk of response.body ?? []) {
        clearTimeout(timer);
        timer = setTimeout(() => stalled.abort(new Error('o download parou')), stallMsMax);
        bytes += chunk.length;
        if (bytes > offer.tamanho) break;
        for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
      }
      fsyncSync(file);
      if (bytes > offer.tamanho) {
        rmSync(part, { force: true });
        throw new Unverified(`vieram mais que os ${offer.tamanho} bytes anunciados`);
      }
    } finally {
      closeSync(file);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** @throws Unverified, having removed the file. */
async function verifyFile(file: string, { offer, trust }: DownloadOptions): Promise<void> {
  const digest = await sha256Of(file);
  const length = sizeOf(file);
  const fault =
    length !== offer.tamanho
      ? `${length} bytes em vez de ${offer.tamanho}`
      : digest.toString('hex') !== offer.sha256.toLowerCase()
        ? 'o SHA-256 é outro'
        : (await trust.signed(digest, offer.assinatura))
          ? null
          : 'a assinatura não é de uma chave de confiança';
  if (fault === null) return;
  rmSync(file, { force: true });
  forgetEtag(file);
  throw new Unverified(`o arquivo da versão ${offer.versao} foi jogado fora: ${fault}`);
}

/** Read in pieces: a version may be larger than the memory. */
export async function sha256Of(file: string): Promise<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of Bun.file(file).stream()) hash.update(chunk);
  return hash.digest();
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0;
}

function startOf(response: Response): number {
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? Number.NaN);
}

/** A weak validator does not promise the same bytes (RFC 9110, 13.1.5). */
function strongEtag(response: Response): string | null {
  const etag = response.headers.get('etag');
  return etag?.startsWith('"') ? etag : null;
}

function readEtag(part: string): string | null {
  return existsSync(`${part}.etag`) ? readFileSync(`${part}.etag`, 'utf8') || null : null;
}

function forgetEtag(part: string): void {
  rmSync(`${part}.etag`, { force: true });
}
