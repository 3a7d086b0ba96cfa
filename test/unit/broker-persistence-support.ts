/** A broker persistence on a scratch environment, and aedes' own in memory to compare it with. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { RootDatabase } from 'lmdb';
import { type BrokerPersistence, createBrokerPersistence } from '../../src/storage/lmdb/broker-persistence';
import { openLmdb } from '../../src/storage/lmdb/open';

type Options = Omit<Parameters<typeof createBrokerPersistence>[0], 'root' | 'clock'>;

/** A moment that tests call the present. */
export const present = Date.parse('2030-01-01T00:00:00Z');

/** The folder of an environment, and what is open in it. */
export interface Scratch {
  folder: string;
  clock: { epochMs: number; now(): number };
  /** Opens a persistence, closing the one before it as a proper stop would. */
  open(options?: Options, brokerId?: string): Promise<BrokerPersistence>;
  root(): RootDatabase;
  remove(): Promise<void>;
}

export function scratchPersistence(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'narcidi-broker-'));
  const clock = { epochMs: present, now: () => clock.epochMs };
  let current: { root: RootDatabase; persistence: BrokerPersistence } | undefined;

  async function close(): Promise<void> {
    await current?.persistence.destroy();
    await current?.root.close();
    current = undefined;
  }

  return {
    folder,
    clock,
    async open(options = {}, brokerId = crypto.randomUUID()) {
      await close();
      const root = openLmdb(folder);
      const persistence = createBrokerPersistence({ root, clock, ...options });
      current = { root, persistence };
      await persistence.setup({ id: brokerId });
      return persistence;
    },
    root() {
      if (!current) throw new Error('nothing is open');
      return current.root;
    },
    async remove() {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Everything a stream has. */
export async function all<T = Packet>(stream: Readable): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

export type Packet = Parameters<BrokerPersistence['storeRetained']>[0];

/** A QoS 1 publish as the broker `broker` numbers it. */
export function publish(brokerCounter: number, fields: Packet = {}): Packet {
  return {
    cmd: 'publish',
    topic: 'ordem',
    payload: Buffer.from(`n${brokerCounter}`),
    qos: 1,
    retain: false,
    dup: false,
    brokerId: 'broker',
    brokerCounter,
    ...fields,
  };
}

export const payloads = (packets: readonly Packet[]): string[] => packets.map(({ payload }) => String(payload));

const require = createRequire(import.meta.url);

/** What the persistence of this project and that of aedes have in common. */
export type CommonPersistence = Pick<
  BrokerPersistence,
  | 'setup'
  | 'storeRetained'
  | 'createRetainedStream'
  | 'addSubscriptions'
  | 'removeSubscriptions'
  | 'subscriptionsByClient'
  | 'subscriptionsByTopic'
  | 'countOffline'
  | 'cleanSubscriptions'
  | 'outgoingEnqueueCombi'
  | 'outgoingUpdate'
  | 'outgoingClearMessageId'
  | 'outgoingStream'
  | 'incomingStorePacket'
  | 'incomingGetPacket'
  | 'incomingDelPacket'
  | 'cleanIncoming'
  | 'putWill'
  | 'getWill'
  | 'delWill'
  | 'streamWill'
  | 'getClientList'
>;

/** aedes' own persistence, which forgets everything. */
export function memoryPersistence(): CommonPersistence {
  const Memory: new () => CommonPersistence = require('aedes-persistence/asyncPersistence.js');
  return new Memory();
}

/** What a test of aedes' suite uses of node:test. */
export interface SuiteContext {
  plan(assertions: number): void;
  diagnostic(message: string): void;
  assert: Record<'equal' | 'notEqual' | 'deepEqual', (actual: unknown, expected: unknown, message?: string) => void> & {
    ok(value: unknown, message?: string): void;
  };
}

/** The suite that every persistence of aedes must pass. */
export const abstractSuite: (options: {
  test: (name: string, run: (t: SuiteContext) => Promise<void>) => void;
  persistence: () => unknown;
  testAsync: true;
}) => void = require('aedes-persistence/abstract.js');
