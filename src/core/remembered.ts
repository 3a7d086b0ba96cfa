/**
 * Answers kept until something they rest on changes: each names the records it was made from, a change of one of them
 * outdates it, and so does the clock at the moment the answer itself says. Bounded: the oldest answer makes room.
 */

/** What an answer rests on. */
export interface Rests {
  /** The number of the last change when it was begun, taken before anything was read; later, when it last held. */
  stamp: number;
  computedAt: number;
  /** The first moment, epoch milliseconds, at which it no longer holds. */
  until: number;
  ids: readonly string[];
}

/** @param changesMax ids of changed records kept apart; beyond it everything is forgotten at once. */
export function createRemembered<Answer extends Rests>(answersMax: number, changesMax: number) {
  const answers = new Map<string, Answer>();
  /** The number of the last change of each record that has changed since the answers were last cleared. */
  const changedAt = new Map<string, number>();
  let changes = 0;

  return {
    /** The answer to a question, if it still holds. */
    find(question: string, now: number): Answer | null {
      const answer = answers.get(question);
      if (!answer || now >= answer.until || now < answer.computedAt) return null;
      if (answer.stamp === changes) return answer;
      if (!answer.ids.every((id) => (changedAt.get(id) ?? 0) <= answer.stamp)) return null;
      // Nothing of its own has changed so far: only later changes need to be looked at again.
      answer.stamp = changes;
      return answer;
    },

    /** To be taken before the facts are read: a change in between outdates the answer, never the other way. */
    stamp: (): number => changes,

    keep(question: string, answer: Answer): void {
      const oldest = answers.keys().next();
      if (answers.size >= answersMax && !oldest.done) answers.delete(oldest.value);
      answers.set(question, answer);
    },

    /** Outdates every answer that rests on one of these records. */
    changed(ids: ReadonlySet<string>): void {
      changes += 1;
      if (changedAt.size + ids.size > changesMax) {
        changedAt.clear();
        answers.clear();
      }
      for (const id of ids) changedAt.set(id, changes);
    },
  };
}
