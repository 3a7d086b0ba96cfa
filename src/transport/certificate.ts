/** The certificate of both ports: read from two PEM files, and again whenever they change, so that renewing needs no restart. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { secondMs } from '../core/clock';
import { OperationalError } from '../core/operational-error';

const pollMs = secondMs;

/** A certificate, with those that vouch for it behind it, and its private key; both PEM. */
export interface KeyPair {
  cert: string;
  key: string;
}

interface Paths {
  certPath: string;
  keyPath: string;
}

interface Watcher {
  /** A new pair is in the files. */
  onChange(pair: KeyPair): void;
  /** What is in the files is no pair; the one before stays in use. */
  onError(error: unknown): void;
}

/** @throws OperationalError when a file cannot be read or the key is not the certificate's. */
export function openCertificate(paths: Paths) {
  let seen = stampOf(paths);
  let pair = readPair(paths);
  let timer: ReturnType<typeof setInterval> | null = null;

  function look({ onChange, onError }: Watcher): void {
    try {
      const stamp = stampOf(paths);
      if (stamp === seen) return;
      seen = stamp;
      const found = readPair(paths);
      if (found.cert === pair.cert && found.key === pair.key) return;
      pair = found;
      onChange(found);
    } catch (error) {
      onError(error);
    }
  }

  return {
    pair: (): KeyPair => pair,

    /** Looks at the files from now on. The two are replaced one after the other: between them they are no pair. */
    watch(watcher: Watcher): void {
      timer = setInterval(() => look(watcher), pollMs);
    },

    stop(): void {
      if (timer) clearInterval(timer);
    },
  };
}

/** Changes whenever one of the files does, through symbolic links too. */
function stampOf({ certPath, keyPath }: Paths): string {
  const parts = [certPath, keyPath].map((path) => {
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    return stat ? `${stat.ino}:${stat.size}:${stat.mtimeNs}` : 'missing';
  });
  return parts.join(' ');
}

function readPair({ certPath, keyPath }: Paths): KeyPair {
  try {
    const cert = readFileSync(certPath, 'utf8');
    const key = readFileSync(keyPath, 'utf8');
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return { cert, key };
  } catch (error) {
    throw new OperationalError(
      `the TLS files cannot be used: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  throw new OperationalError(`the TLS key in ${keyPath} is not the one of the certificate in ${certPath}`);
}
