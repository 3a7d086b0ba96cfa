/** Topic filters by MQTT 3.1.1 section 4.7. */

/** [MQTT-4.7.1-2], [MQTT-4.7.1-3], [MQTT-4.7.3-1]: a wildcard is a whole level, and `#` the last one. */
export function isFilter(filter: string): boolean {
  if (filter === '') return false;
  if (!/[+#]/.test(filter)) return true;
  const levels = filter.split('/');
  return levels.every(
    (level, index) => level === '+' || (level === '#' ? index === levels.length - 1 : !/[+#]/.test(level)),
  );
}

/** Whether a filter takes a topic; one that begins with a wildcard takes none that begins with `$` [MQTT-4.7.2-1]. */
export function takesTopic(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (topic.startsWith('$') && !filter.startsWith('$')) return false;
  const levels = topic.split('/');
  const wanted = filter.split('/');
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (index >= levels.length || (level !== '+' && level !== levels[index])) return false;
  }
  return wanted.length === levels.length;
}
