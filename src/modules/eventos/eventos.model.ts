/** Who may hear of which events, and how events are named in a subscription. */

import { type Actor, can, type Modulo } from '../../core/actor';
import { type EventType, eventTypes } from '../../core/events';

const patternsMax = 50;

/** The module whose `ler` permission an event needs, by the first word of its name. */
const moduleOfFamily: Readonly<Record<string, Modulo>> = {
  cliente: 'clientes',
  licenca: 'licencas',
  maquina: 'maquinas',
  versao: 'uploads',
  plano: 'planos',
  fatura: 'faturas',
  seguranca: 'auditoria',
  churn: 'ml',
  backup: 'backups',
  relatorio: 'relatorios',
  alerta: 'alertas',
  webhook: 'webhooks',
};

function familyOf(tipo: string): string {
  return tipo.slice(0, tipo.indexOf('.'));
}

/** Whether the actor may hear of events of this name. What belongs to no module is for those who read the logs. */
export function mayHear(actor: Actor, tipo: EventType): boolean {
  return can(actor, `${moduleOfFamily[familyOf(tipo)] ?? 'logs'}:ler`);
}

/** The event names an actor may hear of. */
export function audibleTypes(actor: Actor): EventType[] {
  return eventTypes.filter((tipo) => mayHear(actor, tipo));
}

/**
 * What is wrong with a list of patterns, or null. A pattern is a name (`licenca.criada`), a family (`licenca.*`) or `*`.
 */
export function patternsFault(patterns: readonly string[]): string | null {
  if (patterns.length === 0) return 'diga ao menos um evento';
  if (patterns.length > patternsMax) return `são no máximo ${patternsMax}`;
  const wrong = patterns.find((pattern) => typesOf([pattern]).size === 0);
  return wrong === undefined
    ? null
    : `"${wrong.slice(0, 64)}" não é o nome de um evento nem um padrão como licenca.* ou *`;
}

/** The event names that any of the patterns means. */
export function typesOf(patterns: readonly string[]): ReadonlySet<EventType> {
  return new Set(eventTypes.filter((tipo) => patterns.some((pattern) => matches(pattern, tipo))));
}

function matches(pattern: string, tipo: EventType): boolean {
  return pattern === '*' || pattern === tipo || pattern === `${familyOf(tipo)}.*`;
}
