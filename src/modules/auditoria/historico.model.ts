/** What differs in a record between two moments of its history. */

export interface Snapshot {
  antes: Record<string, unknown> | null;
  depois: Record<string, unknown> | null;
}

export interface Difference {
  campo: string;
  antes: unknown;
  depois: unknown;
}

/**
 * The fields that are not after some changes what they were before them, by name. A change may tell of some fields only; one
 * that went and came back is no difference. Of a record that was not there yet, or is no longer, every field was or is null.
 * @param changes of one record, oldest first.
 */
export function differencesOf(changes: readonly Snapshot[]): Difference[] {
  const fields = new Map<string, Difference>();
  for (const { antes, depois } of changes) {
    for (const campo of new Set([...Object.keys(antes ?? {}), ...Object.keys(depois ?? {})])) {
      const known = fields.get(campo) ?? { campo, antes: antes?.[campo] ?? null, depois: null };
      fields.set(campo, { ...known, depois: depois?.[campo] ?? null });
    }
  }
  return [...fields.values()]
    .filter(({ antes, depois }) => !Bun.deepEquals(antes, depois))
    .sort((a, b) => (a.campo < b.campo ? -1 : 1));
}
