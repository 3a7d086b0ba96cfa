/**
 * Obeying: the signed state is verified, kept, written where the software reads it, and told to a command; then the server
 * hears that it is in effect. What was kept is carried out after a restart too, with or without the server.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, rfc3339, secondMs } from '../core/clock';
import { disbelief, type Estado, isChange, isStale, type Received, receivedSchema } from './estado.model';
import { readJsonFile, writeDurably } from './files';
import { type Outcome, runHook } from './hook';
import { backoffMs } from './limit';
import type { StateFolder } from './state-folder';
import { KeysUnavailable, type Trust } from './trust';

const retryLongestMs = 600_000;
/** setTimeout counts in 32 bits; a certificate may last longer. */
const timerMsMax = 2 ** 31 - 1;

interface Dependencies {
  folder: StateFolder;
  trust: Trust;
  settings: { arquivo: string; modo: number; aoMudar: string; limiteMs: number };
  impressao: string;
  clock: Clock;
  /** Tells the server what became of a revision. @throws Error when it does not hear. */
  answer(resposta: { revisao: number; resultado: 'aplicado' | 'erro'; detalhe: string | null }): Promise<void>;
  log: Logger;
}

export function createObey({ folder, trust, settings, impressao, clock, answer, log }: Dependencies) {
  let last: Received | null = readJsonFile(folder.state, receivedSchema);
  let failures = 0;
  let stopped = false;
  let working = Promise.resolve();
  let retry: ReturnType<typeof setTimeout> | undefined;
  let expiry: ReturnType<typeof setTimeout> | undefined;

  const isExpired = (received: Received): boolean => clock.now() >= received.exp * secondMs;

  function keep(received: Received): void {
    writeDurably(folder.state, JSON.stringify(received));
    last = received;
  }

  /** Writes the file the software reads; the signed certificate in it is what it should rely on. */
  function tellSoftware({ estado, exp }: Received, vencido: boolean): void {
    mkdirSync(dirname(settings.arquivo), { recursive: true });
    const told = { ...estado, impressao, certificado_expira_em: rfc3339(exp * secondMs), vencido };
    writeDurably(settings.arquivo, `${JSON.stringify(told, null, 2)}\n`, settings.modo);
  }

  async function runCommand({ estado }: Received, vencido: boolean): Promise<Outcome> {
    if (settings.aoMudar === '') return { ok: true, detalhe: 'escrito em arquivo' };
    return runHook({
      command: settings.aoMudar,
      limitMs: settings.limiteMs,
      log,
      env: {
        NARCIDI_BLOQUEADA: String(estado.bloqueada),
        NARCIDI_CODIGO: estado.codigo,
        NARCIDI_MOTIVO: estado.motivo ?? '',
        NARCIDI_REVISAO: String(estado.revisao),
        NARCIDI_VENCIDO: String(vencido),
        NARCIDI_ESTADO_ARQUIVO: settings.arquivo,
      },
    });
  }

  /** Brings the machine to the last state received, and the server to know it. One run at a time, always of the newest. */
  async function settle(): Promise<void> {
    const received = last;
    if (!received || stopped) return;
    const vencido = isExpired(received);
    if (!received.aplicado || (vencido && !received.vencimentoAvisado)) {
      tellSoftware(received, vencido);
      const outcome = await runCommand(received, vencido);
      if (last !== received) return settle();
      if (!outcome.ok) return failed(received, outcome);
      failures = 0;
      keep({ ...received, aplicado: true, vencimentoAvisado: vencido });
      const { bloqueada, codigo, revisao } = received.estado;
      log.warn({ bloqueada, codigo, revisao, vencido }, 'the state is in effect');
    } else if (!existsSync(settings.arquivo)) {
      tellSoftware(received, vencido);
    }
    await confirm(received.estado.revisao);
  }

  async function failed(received: Received, { detalhe }: Outcome): Promise<void> {
    failures += 1;
    const waitMs = backoffMs(failures, retryLongestMs);
    log.error(
      { revisao: received.estado.revisao, detalhe, espera_ms: waitMs },
      'the state could not be applied: trying again',
    );
    clearTimeout(retry);
    retry = setTimeout(work, waitMs);
    await answer({ revisao: received.estado.revisao, resultado: 'erro', detalhe }).catch(() => undefined);
  }

  async function confirm(revisao: number): Promise<void> {
    if (last?.estado.revisao !== revisao || last.confirmado) return;
    try {
      await answer({ revisao, resultado: 'aplicado', detalhe: settings.aoMudar === '' ? 'escrito em arquivo' : null });
      if (last.estado.revisao === revisao) keep({ ...last, confirmado: true });
    } catch {
      // Said again with the next connection.
    }
  }

  function work(): void {
    working = working
      .then(settle)
      .catch((error: unknown) => log.error({ err: error }, 'the state could not be carried out'));
  }

  /** The certificate runs out in silence: the software is told at that moment. */
  function watchExpiry(): void {
    clearTimeout(expiry);
    if (!last || stopped || last.vencimentoAvisado) return;
    const inMs = last.exp * secondMs - clock.now();
    expiry = setTimeout(
      () => {
        if (last && isExpired(last)) {
          log.warn({ exp: rfc3339(last.exp * secondMs) }, 'the certificate has run out without news from the server');
          work();
        } else watchExpiry();
      },
      Math.min(timerMsMax, Math.max(0, inMs)),
    );
  }

  return {
    /** Carries out what was kept, also before there is a connection. */
    start(): void {
      work();
      watchExpiry();
    },

    /** Tries again to tell the server what it has not heard. */
    connected(): void {
      work();
    },

    /**
     * Takes a state, from MQTT or a heartbeat's answer. Once this resolves it is kept and will be carried out, or it was not
     * believed and is told in the log. @throws KeysUnavailable: it has to be sent again.
     */
    async receive(estado: Estado): Promise<void> {
      let claims: Awaited<ReturnType<Trust['claims']>>;
      try {
        claims = await trust.claims(estado.certificado);
      } catch (error) {
        if (error instanceof KeysUnavailable) throw error;
        log.error({ err: error, revisao: estado.revisao }, 'a state whose signature does not verify was ignored');
        return;
      }
      const reason = disbelief(estado, claims, impressao);
      if (reason !== null || isStale(estado, claims, last)) {
        log.error({ revisao: estado.revisao, motivo: reason ?? 'older than the present one' }, 'a state was ignored');
        return;
      }
      const changed = isChange(estado, last);
      const before = last;
      keep({
        estado,
        iat: claims.iat,
        exp: claims.exp,
        aplicado: !changed && (before?.aplicado ?? false),
        confirmado: !changed && (before?.confirmado ?? false),
        vencimentoAvisado: false,
      });
      // A fresh certificate alone is for the file; that it had run out before has to be taken back.
      if (!changed && last) {
        if (before?.vencimentoAvisado) keep({ ...last, aplicado: false });
        tellSoftware(last, isExpired(last));
      }
      watchExpiry();
      work();
    },

    /** Of the certificate in hand: until when it holds, epoch milliseconds; null when there is none. */
    certificateEnd: (): number | null => (last ? last.exp * secondMs : null),

    async stop(): Promise<void> {
      stopped = true;
      clearTimeout(retry);
      clearTimeout(expiry);
      await working;
    },
  };
}
