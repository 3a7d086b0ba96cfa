/** What `/metrics` tells: the process, and the numbers that every part gives of itself. */

import { statfs } from 'node:fs/promises';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Broker } from '../transport/mqtt/broker';
import type { Adapters } from './adapters';
import type { Events } from './events';
import type { Jobs } from './jobs';
import type { Services } from './services';

/** What a part says of itself: numbers, or groups of numbers by name. Anything else is passed over. */
type Stats = () => unknown;

export interface Metrics {
  registry: Registry;
  text(): Promise<string>;
}

const gaugesMax = 1_000;

export function composeMetrics(
  { folder, clock, log }: Adapters,
  services: Services,
  broker: Broker,
  events: Events,
  jobs: Jobs,
): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'narcidi_' });
  const parts: Record<string, Stats> = {
    mqtt: () => broker.stats(),
    presenca: () => services.presenca.stats(),
    comandos: () => services.comandos.stats(),
    eventos: async () => byName(await events.relay.stats(), 'consumidor'),
    webhooks: () => events.envio.stats(),
    vivo: () => events.vivo.stats(),
    emails: () => services.emails.stats(),
    downloads: () => services.versoes.transferencias.stats(),
    anomalias: () => services.insight.anomalias.stats(),
    tarefas: () => jobStats(jobs, clock.now()),
    backup: () => backupStats(jobs, clock.now()),
    disco: async () => {
      const { bavail, blocks, bsize } = await statfs(folder.path);
      return { livre_bytes: bavail * bsize, total_bytes: blocks * bsize };
    },
  };
  const gauges = new Map<string, Gauge>();

  /** One gauge a number; a group of numbers is one gauge with the name as its label. */
  function set(nome: string, item: string | null, value: number): void {
    let gauge = gauges.get(nome);
    if (!gauge) {
      if (gauges.size >= gaugesMax) return;
      gauge = new Gauge({ name: nome, help: nome, labelNames: item === null ? [] : ['item'], registers: [registry] });
      gauges.set(nome, gauge);
    }
    if (item === null) gauge.set(value);
    else gauge.set({ item }, value);
  }

  function tell(prefix: string, stats: unknown): void {
    if (typeof stats !== 'object' || stats === null) return;
    for (const [name, value] of Object.entries(stats)) {
      const metric = `${prefix}_${snakeCase(name)}`;
      if (typeof value === 'number') set(metric, null, value);
      else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        for (const [item, inner] of Object.entries(value)) if (typeof inner === 'number') set(metric, item, inner);
      }
    }
  }

  return {
    registry,
    /** Asks every part, and answers the text Prometheus reads. */
    async text(): Promise<string> {
      for (const [parte, stats] of Object.entries(parts)) {
        try {
          tell(`narcidi_${parte}`, await stats());
        } catch (error) {
          log.warn({ err: error, parte }, 'a part gave no numbers');
        }
      }
      return registry.metrics();
    },
  };
}

function snakeCase(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/\W/g, '_')
    .toLowerCase();
}

/** Rows with a name become groups: `{atraso_ms: {webhooks: 12, alertas: 0}}`. */
function byName(rows: readonly object[], key: string): Record<string, Record<string, number>> {
  const groups: Record<string, Record<string, number>> = {};
  for (const row of rows) {
    const fields = new Map<string, unknown>(Object.entries(row));
    for (const [field, value] of fields) {
      if (typeof value !== 'number') continue;
      groups[field] ??= {};
      groups[field][String(fields.get(key))] = value;
    }
  }
  return groups;
}

function jobStats({ execucoes }: Jobs, now: number): object {
  const { tarefas, execucoes: runs, falhas, executando } = execucoes.stats();
  return {
    execucoes: runs,
    falhas,
    executando,
    falhas_seguidas: Object.fromEntries(tarefas.map((tarefa) => [tarefa.nome, tarefa.falhas])),
    atraso_segundos: Object.fromEntries(
      tarefas.map(({ nome, proxima_em }) => [nome, Math.max(0, now - proxima_em) / 1000]),
    ),
  };
}

function backupStats({ backups }: Jobs, now: number): object {
  const newest = backups.newest();
  return newest ? { idade_segundos: (now - newest.criado_em) / 1000, tamanho_bytes: newest.tamanho } : {};
}
