/**
 * Sends the deliveries of webhooks. Each webhook has its own lane with its own limit of requests under way, so that a slow
 * or dead receiver delays nobody else; what came of the attempts is written many to a transaction.
 */

import { type Actor, systemActor } from '../../core/actor';
import { type Clock, secondMs } from '../../core/clock';
import type { CommittedEvent, EventType } from '../../core/events';
import type { Ids } from '../../core/ids';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { typesOf } from '../eventos/eventos.model';
import {
  countEntregas,
  dueEntregas,
  type EntregaDevida,
  type NovaEntrega,
  queueEntregas,
  type Resultado,
  saveResultado,
} from './entregas.store';
import { busyShare, type Pressao } from './pressao.service';
import type { Tentar } from './tentativa.service';
import { afterAttempt, failingMs, selectorOf, type Tentativa, type Webhook } from './webhooks.model';
import type { WebhooksStore } from './webhooks.store';

/** Requests under way to one receiver: as many as it takes gladly. */
const windowMax = 16;
const windowStart = 4;
/** Every receiver may have so many under way, whatever the others do. */
const windowAlways = 2;
/** While requests wait for one another, each receiver is given one delivery in so many milliseconds. */
const crowdedGapMs = 25;
/** Of all receivers together; beyond it only `windowAlways` is granted. Bun has 256 connections for all requests of the process. */
const requestsMax = 100;
const slowMs = 2 * secondMs;
const loadMax = 64;
const pollMs = 250;
const flushMs = 20;
/** A receiver that fails is asked seldom, so that a long queue does not become a flood of failures. */
const pauseMs = [0, 100, 200, 400, 800, secondMs];

interface Lane {
  webhook: Webhook;
  wants(event: CommittedEvent): boolean;
  /** Begun and not yet written. */
  underWay: Set<string>;
  /** Waiting for an answer. */
  requests: number;
  loaded: EntregaDevida[];
  loading: boolean;
  window: number;
  failures: number;
  /** By the monotonic clock: this is about pace, not about time of day. */
  pausedUntil: number;
  lastBegun: number;
}

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  ids: Ids;
  store: WebhooksStore;
  tentar: Tentar;
  /** How much of its speed it may use. */
  pressao: Pick<Pressao, 'share'>;
  backoffSeconds: readonly number[];
  random(): number;
  onError(error: unknown): void;
}

export function createEnvio(dependencies: Dependencies) {
  const { work, clock, ids, store, tentar, pressao, backoffSeconds, random, onError } = dependencies;
  const actor: Actor = systemActor('webhooks');
  let lanes = new Map<string, Lane>();
  let wanted: Set<EventType> = new Set();
  let results: Resultado[] = [];
  let flushing: Promise<void> | null = null;
  let poll: ReturnType<typeof setInterval> | null = null;
  let later: ReturnType<typeof setTimeout> | null = null;
  let stopped = false;
  let closed = false;
  let stale = false;
  const running = new Set<Promise<void>>();
  const counts = { entregues: 0, falhas: 0 };

  function totalRequests(): number {
    let total = 0;
    for (const { requests } of lanes.values()) total += requests;
    return total;
  }

  /** Sends what is loaded, as far as the receiver takes it. */
  function fill(lane: Lane): void {
    if (stopped || performance.now() < lane.pausedUntil) return;
    const crowded = pressao.share() < busyShare;
    const window = Math.max(1, Math.floor(lane.window * pressao.share()));
    while (lane.loaded.length > 0 && lane.requests < window) {
      if (crowded && performance.now() < lane.lastBegun + crowdedGapMs) {
        later ??= setTimeout(ringLater, crowdedGapMs);
        break;
      }
      if (lane.requests >= windowAlways && totalRequests() > requestsMax) break;
      const entrega = lane.loaded.shift();
      if (entrega) begin(lane, entrega);
    }
  }

  function pump(lane: Lane): void {
    fill(lane);
    if (lane.loaded.length === 0 && !lane.loading && !stopped) load(lane);
  }

  /** Looks for what is due, behind what is under way. */
  function load(lane: Lane): void {
    lane.loading = true;
    // What ends while the rows are read is in them still.
    const before = new Set(lane.underWay);
    const loading = dueEntregas(work.reader, lane.webhook.id, clock.now(), loadMax + lane.underWay.size)
      .then((due) => {
        lane.loaded = due.filter(({ id }) => !before.has(id) && !lane.underWay.has(id));
        lane.loading = false;
        fill(lane);
      })
      .catch((error: unknown) => {
        lane.loading = false;
        if (!stopped) onError(error);
      })
      .finally(() => running.delete(loading));
    running.add(loading);
  }

  function begin(lane: Lane, entrega: EntregaDevida): void {
    lane.underWay.add(entrega.id);
    lane.requests += 1;
    lane.lastBegun = performance.now();
    const attempt = tentar(lane.webhook, entrega)
      .finally(() => {
        lane.requests -= 1;
      })
      .then((tentativa) => finish(lane, entrega, tentativa))
      .catch((error: unknown) => {
        lane.underWay.delete(entrega.id);
        if (!stopped) onError(error);
      })
      .finally(() => running.delete(attempt));
    running.add(attempt);
  }

  function finish(lane: Lane, entrega: EntregaDevida, tentativa: Tentativa): void {
    if (closed) return;
    const now = clock.now();
    const { id, webhook_id, entidade_id, tentativas } = entrega;
    const next = afterAttempt(tentativas, tentativa, backoffSeconds, random(), now);
    const delivered = next.status === 'entregue';
    if (delivered) counts.entregues += 1;
    else counts.falhas += 1;
    if (delivered && tentativa.duracaoMs < slowMs) lane.window = Math.min(windowMax, lane.window + 1);
    else lane.window = Math.max(1, Math.floor(lane.window / 2));
    lane.failures = delivered ? 0 : lane.failures + 1;
    lane.pausedUntil = performance.now() + (pauseMs[Math.min(lane.failures, pauseMs.length - 1)] ?? 0);
    results.push({ id, webhook_id, entidade_id, ...next, tentativa, tentada_em: now });
    flushing ??= flushSoon();
    // What is written is not due any more: only then more is looked for.
    fill(lane);
  }

  async function flushSoon(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, flushMs));
    const batch = results;
    results = [];
    flushing = null;
    try {
      // Lost in a power failure, they are made again under the same webhook-id.
      await work.writeRelaxed(actor, async (tx) => {
        for (const resultado of batch) await saveResultado(tx.db, resultado);
        await judge(tx, batch);
      });
    } catch (error) {
      // Not written, they are due again: a receiver may get one twice, under the same webhook-id.
      onError(error);
      await reload();
    }
    for (const { id, webhook_id } of batch) lanes.get(webhook_id)?.underWay.delete(id);
    for (const webhookId of new Set(batch.map(({ webhook_id }) => webhook_id))) {
      const lane = lanes.get(webhookId);
      if (lane) pump(lane);
    }
  }

  /** Notes who has begun or ceased to fail, and disables who has failed for too long or asked to be left alone. */
  async function judge(tx: Tx, batch: readonly Resultado[]): Promise<void> {
    for (const [webhookId, ofOne] of Map.groupBy(batch, ({ webhook_id }) => webhook_id)) {
      const lane = lanes.get(webhookId);
      const last = ofOne.at(-1);
      if (!lane || !last) continue;
      if (ofOne.some(({ tentativa }) => tentativa.status === 410)) {
        await disable(tx, lane, 'o destino respondeu 410 (Gone)');
      } else if (ofOne.some(({ status }) => status === 'entregue')) {
        if (lane.webhook.falhando_desde !== null) await setFailing(tx, lane, null);
      } else if (lane.webhook.falhando_desde === null) {
        await setFailing(tx, lane, last.tentada_em);
      } else if (tx.now - lane.webhook.falhando_desde >= failingMs) {
        await disable(tx, lane, 'todas as entregas falharam por 5 dias');
      }
    }
  }

  async function setFailing(tx: Tx, lane: Lane, falhando_desde: number | null): Promise<void> {
    await store.setFailing(tx.db, lane.webhook.id, falhando_desde);
    lane.webhook = { ...lane.webhook, falhando_desde };
  }

  async function disable(tx: Tx, lane: Lane, motivo: string): Promise<void> {
    const antes = await store.get(tx.db, lane.webhook.id);
    if (!antes.ativo) return;
    await store.update(tx.db, {
      ...antes,
      ativo: false,
      motivo_desativacao: motivo,
      atualizado_em: tx.now,
      rev: antes.rev + 1,
    });
    const dados = { webhook_id: antes.id, url: new URL(antes.url).origin, motivo };
    await tx.record({
      acao: 'desativar',
      entidade: 'webhook',
      entidadeId: antes.id,
      antes: { ativo: true },
      depois: { ativo: false, motivo },
      eventos: [{ tipo: 'webhook.desativado', entidade: 'webhook', entidadeId: antes.id, dados }],
    });
    lanes.delete(antes.id);
  }

  function laneOf(webhook: Webhook): Lane {
    const before = lanes.get(webhook.id);
    const wants = selectorOf(webhook);
    if (before && before.webhook.rev === webhook.rev) return before;
    if (before) return Object.assign(before, { webhook, wants, failures: 0, pausedUntil: 0 });
    return {
      webhook,
      wants,
      underWay: new Set(),
      requests: 0,
      loaded: [],
      loading: false,
      window: windowStart,
      failures: 0,
      pausedUntil: 0,
      lastBegun: 0,
    };
  }

  async function reload(): Promise<void> {
    stale = false;
    const active = await store.active(work.reader);
    lanes = new Map(active.map((webhook) => [webhook.id, laneOf(webhook)]));
    wanted = new Set(active.flatMap(({ eventos }) => [...typesOf(eventos)]));
    ring();
  }

  function ringLater(): void {
    later = null;
    ring();
  }

  function ring(): void {
    for (const lane of lanes.values()) pump(lane);
  }

  return {
    /** The consumer of events: each becomes a delivery of every webhook that wants it. */
    projection: {
      nome: 'webhooks',
      durable: false,
      wants: (tipo: EventType) => wanted.has(tipo),
      apply: async (tx: Tx, events: readonly CommittedEvent[]): Promise<void> => {
        if (stale) await reload();
        const novas: NovaEntrega[] = [];
        for (const { webhook, wants } of lanes.values()) {
          for (const event of events) {
            // What happened before there was the webhook is still on the list for a moment.
            if (!wants(event) || Date.parse(event.em) < webhook.criado_em) continue;
            const { seq, id, tipo, entidadeId } = event;
            novas.push({
              id: ids.next(tx.now),
              webhook_id: webhook.id,
              seq,
              evento_id: id,
              tipo,
              entidade_id: entidadeId,
            });
          }
        }
        if (novas.length > 0) await queueEntregas(tx.db, novas, tx.now);
        setTimeout(ring, 0);
      },
    },

    /** Events of a webhook about to be committed are kept for it from its very commit on. */
    expect(webhook: Webhook): void {
      stale = true;
      if (webhook.ativo) for (const tipo of typesOf(webhook.eventos)) wanted.add(tipo);
    },

    reload,
    ring,

    async start(): Promise<void> {
      await reload();
      poll = setInterval(ring, pollMs);
    },

    /** Lets the requests under way finish for a moment; the rest stays in the queue. */
    async stop(): Promise<void> {
      stopped = true;
      if (poll) clearInterval(poll);
      if (later) clearTimeout(later);
      await Promise.race([Promise.all(running), new Promise((resolve) => setTimeout(resolve, slowMs))]);
      await flushing;
      closed = true;
    },

    async stats() {
      return { ativos: lanes.size, em_curso: totalRequests(), ...counts, ...(await countEntregas(work.reader)) };
    },
  };
}
