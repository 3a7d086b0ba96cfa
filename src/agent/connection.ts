/** The MQTT connection: one at a time, made again with ever longer pauses, and what arrives acknowledged once it is kept. */

import { randomUUID } from 'node:crypto';
import mqtt, { type MqttClient } from 'mqtt';
import type { Logger } from 'pino';
import { backoffMs, pause } from './limit';
import type { Activation } from './server-api';
import { createSpell } from './spell';

const connectLimitMs = 10_000;
const publishLimitMs = 30_000;
const endLimitMs = 3_000;
const keepaliveSeconds = 30;
const retryLongestMs = 60_000;
/** One failure may be a restart of the server; after two the other way is taken. */
const failuresUntilUnreachable = 2;
const notAuthorized = 5;

export interface ConnectionOptions {
  /** Where and as whom to connect; asked before each attempt. */
  access(): Activation['mqtt'];
  ca: string | undefined;
  /** A message; it is acknowledged to the server once this resolves. */
  onMessage(topic: string, payload: Buffer): Promise<void>;
  onConnected(): void;
  /** The credential is no longer accepted. */
  onRefused(): Promise<void>;
  log: Logger;
}

export type Connection = ReturnType<typeof createConnection>;

export function createConnection({ access, ca, onMessage, onConnected, onRefused, log }: ConnectionOptions) {
  const stopping = new AbortController();
  let client: MqttClient | null = null;
  /** Says on the present connection that it ends. */
  let farewell: () => Promise<unknown> = () => Promise.resolve();
  let failures = 0;
  const unreachable = createSpell(log, 'MQTT cannot be reached', 'MQTT can be reached again');
  let running = Promise.resolve();

  /** Connects, and again when the connection is lost, until stopped. */
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const outcome = await session();
      if (stopping.signal.aborted) return;
      failures = outcome.connected ? 1 : failures + 1;
      if (outcome.refused) await onRefused();
      const waitMs = backoffMs(failures, retryLongestMs);
      const fields = { espera_ms: waitMs, motivo: outcome.reason };
      if (outcome.connected) log.warn(fields, 'MQTT connection lost');
      else unreachable.failed(fields);
      await pause(waitMs, stopping.signal);
    }
  }

  /** One connection from its first packet to its end. */
  function session(): Promise<{ connected: boolean; refused: boolean; reason: string }> {
    const { url, client_id, usuario, senha, topicos } = access();
    const sessao = randomUUID();
    const conexao = (conectada: boolean): string => JSON.stringify({ conectada, sessao });
    return new Promise((resolve) => {
      let connected = false;
      let refused = false;
      let reason = 'closed';
      const made = mqtt.connect(url, {
        clientId: client_id,
        username: usuario,
        password: senha,
        // The server keeps commands for this session while it is away.
        clean: false,
        reconnectPeriod: 0,
        connectTimeout: connectLimitMs,
        keepalive: keepaliveSeconds,
        ...(ca === undefined ? {} : { ca }),
        will: { topic: topicos.conexao, payload: Buffer.from(conexao(false)), qos: 1, retain: true },
      });
      client = made;
      // What arrives is acknowledged once it is kept; what could not be kept comes again with the next connection.
      made.handleMessage = (packet, done) => {
        onMessage(packet.topic, Buffer.from(packet.payload)).then(
          () => done(),
          (error: unknown) => {
            log.error({ err: error, topico: packet.topic }, 'a message could not be kept');
            done(error instanceof Error ? error : new Error(String(error)));
            made.stream.destroy();
          },
        );
      };
      made.on('connect', () => {
        connected = true;
        failures = 0;
        subscribe(made, topicos);
        made.publish(topicos.conexao, conexao(true), { qos: 1, retain: true });
        farewell = () => made.publishAsync(topicos.conexao, conexao(false), { qos: 1, retain: true });
        unreachable.well();
        log.info({ url }, 'MQTT connected');
        onConnected();
      });
      made.on('error', (error) => {
        reason = error.message;
        refused = 'code' in error && error.code === notAuthorized;
      });
      made.once('close', () => {
        if (client === made) client = null;
        made.end(true);
        resolve({ connected, refused, reason });
      });
    });
  }

  function subscribe(made: MqttClient, { estado, comandos }: Activation['mqtt']['topicos']): void {
    made.subscribe({ [estado]: { qos: 1 }, [comandos]: { qos: 1 } }, (error) => {
      if (!error) return;
      log.warn({ err: error }, 'the server does not take the subscriptions');
      made.stream.destroy();
    });
  }

  return {
    start(): void {
      running = run();
    },

    connected: (): boolean => client?.connected ?? false,

    /** Whether MQTT has failed often enough to go another way. */
    unreachable: (): boolean => failures >= failuresUntilUnreachable,

    /** Publishes at QoS 1; resolves when the server has acknowledged it. @throws Error when it has not. */
    publish(topic: string, payload: string): Promise<void> {
      const current = client;
      if (!current?.connected) return Promise.reject(new Error('not connected'));
      return new Promise((resolve, reject) => {
        const fail = (error: Error): void => {
          clearTimeout(timer);
          current.off('close', onClose);
          reject(error);
        };
        const onClose = (): void => fail(new Error('the connection ended before the acknowledgement'));
        const timer = setTimeout(() => {
          fail(new Error('no acknowledgement'));
          current.stream.destroy();
        }, publishLimitMs);
        current.once('close', onClose);
        current.publish(topic, payload, { qos: 1 }, (error) => {
          if (error) return fail(error);
          clearTimeout(timer);
          current.off('close', onClose);
          resolve();
        });
      });
    },

    /** Says goodbye: the server does not take it for a lost connection. */
    async stop(): Promise<void> {
      stopping.abort();
      const leaving = client;
      if (leaving?.connected) {
        // A clean end takes the will back, and what is retained would go on saying that the machine is there.
        const end = farewell().then(() => leaving.endAsync(false));
        await Promise.race([end, pause(endLimitMs, new AbortController().signal)]);
      }
      leaving?.end(true);
      await running;
    },
  };
}
