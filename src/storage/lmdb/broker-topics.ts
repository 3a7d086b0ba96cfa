/** Which topic filters match a topic: for one filter, and for all subscriptions at once. */

const anyLevel = '+';
const anyRest = '#';

/** Whether a topic filter matches a topic (MQTT 3.1.1 section 4.7). */
export function filterMatches(filter: string, topic: string): boolean {
  const filterLevels = filter.split('/');
  const levels = topic.split('/');
  const isSystem = topic.startsWith('$');
  for (const [index, wanted] of filterLevels.entries()) {
    const level = levels[index];
    if (wanted === anyRest) return !(isSystem && index === 0);
    if (level === undefined) return false;
    if (wanted === anyLevel ? isSystem && index === 0 : wanted !== level) return false;
  }
  return filterLevels.length === levels.length;
}

/** What every topic that a filter matches begins with. */
export function literalPrefix(filter: string): string {
  const levels = filter.split('/');
  const wildcard = levels.findIndex((level) => level === anyLevel || level === anyRest);
  if (wildcard === -1) return filter;
  const literal = levels.slice(0, wildcard).join('/');
  // `a/#` matches `a` itself, `a/+` does not.
  return levels[wildcard] === anyRest || wildcard === 0 ? literal : `${literal}/`;
}

/** Whether a filter has a wildcard in it. */
export function hasWildcard(filter: string): boolean {
  return filter.split('/').some((level) => level === anyLevel || level === anyRest);
}

interface Node<T> {
  children: Map<string, Node<T>>;
  /** By client: a client has one subscription to a filter. */
  values: Map<string, T>;
}

/** What clients have subscribed to, found by topic. */
export interface SubscriptionTrie<T> {
  /** Replaces what the client had under the same filter. */
  add(filter: string, clientId: string, value: T): void;
  remove(filter: string, clientId: string): void;
  match(topic: string): T[];
  /** How many values it holds. */
  count(): number;
}

/** An empty trie. It walks level by level without recursion: a topic of any depth is safe. */
export function createSubscriptionTrie<T>(): SubscriptionTrie<T> {
  const root: Node<T> = { children: new Map(), values: new Map() };
  let count = 0;

  return {
    add(filter, clientId, value) {
      let node = root;
      for (const level of filter.split('/')) {
        let child = node.children.get(level);
        if (!child) {
          child = { children: new Map(), values: new Map() };
          node.children.set(level, child);
        }
        node = child;
      }
      if (!node.values.has(clientId)) count += 1;
      node.values.set(clientId, value);
    },

    remove(filter, clientId) {
      const path: [Node<T>, string, Node<T>][] = [];
      let node = root;
      for (const level of filter.split('/')) {
        const child = node.children.get(level);
        if (!child) return;
        path.push([node, level, child]);
        node = child;
      }
      if (node.values.delete(clientId)) count -= 1;
      for (const [parent, level, child] of path.reverse()) {
        if (child.values.size > 0 || child.children.size > 0) return;
        parent.children.delete(level);
      }
    },

    match(topic) {
      const found: T[] = [];
      const collect = (node: Node<T> | undefined): void => {
        if (node) for (const value of node.values.values()) found.push(value);
      };
      let nodes = [root];
      for (const [index, level] of topic.split('/').entries()) {
        // [MQTT-4.7.2-1]: a filter that begins with a wildcard does not match a topic that begins with $.
        const wildcards = !(index === 0 && level.startsWith('$'));
        const next: Node<T>[] = [];
        for (const node of nodes) {
          if (wildcards) collect(node.children.get(anyRest));
          const literal = node.children.get(level);
          if (literal) next.push(literal);
          const any = wildcards ? node.children.get(anyLevel) : undefined;
          if (any) next.push(any);
        }
        nodes = next;
      }
      for (const node of nodes) {
        collect(node.children.get(anyRest));
        collect(node);
      }
      return found;
    },

    count: () => count,
  };
}
