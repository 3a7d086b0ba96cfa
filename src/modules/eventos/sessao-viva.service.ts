/**
 * Who is behind a connection of the live feed, asked again while it lasts: it ends with the token or the session, and
 * follows the permissions as they change.
 */

import { type Actor, authorize } from '../../core/actor';
import { secondMs } from '../../core/clock';
import type { EventType } from '../../core/events';
import { Problem } from '../../core/problem';
import type { Commit } from '../../storage/sqlite/unit-of-work';
import { audibleTypes, typesOf } from './eventos.model';

const recheckMs = 5 * secondMs;
const checksAtOnceMax = 20;

export interface SessaoViva {
  /** The event names the caller may hear of among some patterns. */
  tiposDe(padroes: readonly string[]): ReadonlySet<EventType>;
  fim(): void;
}

interface Open {
  actor: Actor;
  authenticate(): Promise<Actor>;
  /** The permissions have changed. */
  changed(): void;
  /** The token no longer holds, or no longer allows to listen. */
  over(): void;
}

export type SessoesVivas = ReturnType<typeof createSessoesVivas>;

export function createSessoesVivas({ onError }: { onError(error: unknown): void }) {
  const open = new Set<Open>();
  let timer: ReturnType<typeof setInterval> | null = null;
  let checking = false;

  async function check(session: Open): Promise<void> {
    try {
      const actor = await session.authenticate();
      authorize(actor, 'eventos:ler');
      const same = actor.permissoes.join(' ') === session.actor.permissoes.join(' ');
      session.actor = actor;
      if (!same && open.has(session)) session.changed();
    } catch (error) {
      if (!(error instanceof Problem)) return onError(error);
      if (open.delete(session)) session.over();
    }
  }

  async function checkAll(): Promise<void> {
    if (checking) return;
    checking = true;
    const waiting = [...open];
    const lane = async (): Promise<void> => {
      for (let one = waiting.pop(); one; one = waiting.pop()) await check(one);
    };
    await Promise.all(Array.from({ length: Math.min(checksAtOnceMax, waiting.length) }, lane));
    checking = false;
  }

  return {
    start(): void {
      timer = setInterval(() => void checkAll(), recheckMs);
    },
    stop(): void {
      if (timer) clearInterval(timer);
    },

    /** A commit that touches a user is looked at at once. */
    onCommit({ ids }: Commit): void {
      for (const session of open) if (session.actor.id !== null && ids.has(session.actor.id)) void check(session);
    },

    /**
     * Begins a connection. @throws Problem TOKEN_INVALIDO, SEM_PERMISSAO
     * @param authenticate finds the actor of the connection's token, anew at each call.
     */
    async abrir(
      authenticate: () => Promise<Actor>,
      { changed, over }: { changed(): void; over(): void },
    ): Promise<SessaoViva> {
      const actor = await authenticate();
      authorize(actor, 'eventos:ler');
      const session: Open = { actor, authenticate, changed, over };
      open.add(session);
      return {
        tiposDe: (padroes) => {
          const meant = typesOf(padroes);
          return new Set(audibleTypes(session.actor).filter((tipo) => meant.has(tipo)));
        },
        fim: () => {
          open.delete(session);
        },
      };
    },
  };
}
