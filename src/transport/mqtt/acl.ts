/** Who may say and hear what: a machine below its own topic, in the direction each topic has (contract section 4). */

import { machineTopic } from '../../modules/maquinas/maquinas.schema';

/** What a publish by a machine is, or null when it may not make it. */
export type MachineTopic = 'heartbeat' | 'respostas' | 'conexao';

const machineTopics: readonly MachineTopic[] = ['heartbeat', 'respostas', 'conexao'];

/** @returns which of its own topics a machine publishes to; null for the server's topics and anybody else's. */
export function publishTarget(maquinaId: string, topic: string): MachineTopic | null {
  const base = `${machineTopic(maquinaId)}/`;
  if (!topic.startsWith(base)) return null;
  const name = topic.slice(base.length);
  return machineTopics.find((known) => known === name) ?? null;
}

/** Whether a machine may subscribe to a filter: anything below its own topic. */
export function maySubscribe(maquinaId: string, filter: string): boolean {
  return filter.startsWith(`${machineTopic(maquinaId)}/`);
}
