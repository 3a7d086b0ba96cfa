/** What the broker counts since it started. */

export type Refusal =
  | 'connections'
  | 'address'
  | 'strangers'
  | 'machine'
  | 'protocol'
  | 'identifier'
  | 'credential'
  | 'logins'
  | 'will'
  | 'store'
  | 'publish'
  | 'subscribe'
  | 'subscriptions';

/** Why the broker, and not the client, ended a connection. */
export type Ending = 'malformed' | 'slow' | 'rate' | 'keepalive' | 'timeout' | 'error';

export type Counters = ReturnType<typeof createCounters>;

export function createCounters() {
  const refused = new Map<Refusal, number>();
  const ended = new Map<Ending, number>();
  return {
    accepted: 0,
    messagesIn: 0,
    messagesOut: 0,
    /** Publishes that waited because their machine published faster than it may. */
    throttled: 0,
    /** Messages lost because too many waited for a client. */
    dropped: 0,
    /** Messages whose content was not what their topic takes. */
    invalid: 0,
    refuse: (reason: Refusal): void => void refused.set(reason, (refused.get(reason) ?? 0) + 1),
    end: (reason: Ending): void => void ended.set(reason, (ended.get(reason) ?? 0) + 1),
    refused: (): Partial<Record<Refusal, number>> => Object.fromEntries(refused),
    ended: (): Partial<Record<Ending, number>> => Object.fromEntries(ended),
  };
}
