/**
 * Takes heartbeats from the spool to the server, oldest first and one list at a time: over MQTT, or over HTTP while MQTT
 * cannot be reached. Only what the server has acknowledged leaves the spool.
 */

import { Type } from '@sinclair/typebox';
import type { Logger } from 'pino';
import { type Clock, minuteMs, parseRfc3339 } from '../core/clock';
import type { Connection } from './connection';
import { parseJson } from './files';
import { type HeartbeatAnswer, Refusal } from './server-api';
import { createSpell } from './spell';
import type { Batch, Spool } from './spool';

/** The contract takes a thousand in a list; smaller lists share the broker with ten thousand machines. */
const heartbeatsPerListMax = 500;
/** The server refuses a list for one heartbeat more than five minutes ahead of its clock. */
const aheadMsMax = 4 * minuteMs;

export type Way = 'mqtt' | 'http';

interface Dependencies {
  spool: Spool;
  connection: Pick<Connection, 'connected' | 'unreachable' | 'publish'>;
  heartbeatTopic(): string;
  /** Sends over HTTP. @throws Refusal */
  post(body: unknown): Promise<HeartbeatAnswer>;
  clock: Clock;
  onDelivered(way: Way): void;
  log: Logger;
}

const timeSchema = Type.Object({ em: Type.String() });

export function createDelivery({ spool, connection, heartbeatTopic, post, clock, onDelivered, log }: Dependencies) {
  let running: Promise<void> | null = null;
  let way: Way | null = null;
  let wanted = false;
  let stopped = false;
  const trouble = createSpell(log, 'heartbeats could not be delivered', 'heartbeats are delivered again');

  async function drain(): Promise<void> {
    while (!stopped) {
      wanted = false;
      const batch = spool.next(heartbeatsPerListMax);
      if (!batch) return;
      const next = connection.connected() ? 'mqtt' : connection.unreachable() ? 'http' : null;
      if (next === null) return;
      say(next);
      const lines = batch.lines.filter(isPast);
      if (lines.length < batch.lines.length) {
        log.warn(
          { descartados: batch.lines.length - lines.length },
          'heartbeats from the future were dropped: the clock was wrong',
        );
      }
      if (lines.length > 0) await (next === 'mqtt' ? publish(lines) : send(lines));
      spool.acknowledge(batch);
      trouble.well();
      if (lines.length > 0) onDelivered(next);
    }
  }

  function say(next: Way): void {
    if (next === way) return;
    if (next === 'http') log.warn('MQTT cannot be reached: heartbeats go over HTTP');
    else if (way === 'http') log.info('heartbeats go over MQTT again');
    way = next;
  }

  function isPast(line: string): boolean {
    const em = parseRfc3339(parseJson(line, timeSchema)?.em ?? '');
    return em !== null && em <= clock.now() + aheadMsMax;
  }

  async function publish(lines: Batch['lines']): Promise<void> {
    await connection.publish(heartbeatTopic(), lines.length === 1 && lines[0] ? lines[0] : `[${lines.join(',')}]`);
  }

  /** A list is all or nothing: what the server will never take is found by halves, told and left out. */
  async function send(lines: Batch['lines']): Promise<void> {
    try {
      await post(lines.map((line): unknown => JSON.parse(line)));
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 422) throw error;
      if (lines.length === 1) {
        log.warn({ err: error, heartbeat: lines[0] }, 'the server does not take a heartbeat: it was dropped');
        return;
      }
      const half = Math.ceil(lines.length / 2);
      await send(lines.slice(0, half));
      await send(lines.slice(half));
    }
  }

  return {
    /** Sends what waits, unless that is under way; what fails stays for the next time. */
    kick(): void {
      wanted = true;
      running ??= drain()
        .catch((error: unknown) => trouble.failed({ err: error, pendentes: spool.waiting() }))
        .finally(() => {
          running = null;
          if (wanted && !stopped && connection.connected()) this.kick();
        });
    },

    async stop(): Promise<void> {
      stopped = true;
      await running;
    },
  };
}
