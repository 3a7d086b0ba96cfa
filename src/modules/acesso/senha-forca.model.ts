/** How easy a password is to guess, by zxcvbn-ts with Brazilian words. Loaded when a password is chosen, not before. */

import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common';
import { dictionary as portuguese, translations } from '@zxcvbn-ts/language-pt-br';

/** Encyclopaedia words are left out: they cost 30 MB of memory and find what no guesser tries early. */
const { 'wikipedia-pt-br': _, ...words } = portuguese;

export interface Strength {
  /** 0 (guessed at once) to 4. */
  score: number;
  warning: string;
  suggestions: string[];
}

export function estimate(senha: string, relacionados: readonly string[]): Strength {
  const dictionary = { ...common, ...words, produto: ['narcidi', 'narcidicontrol'] };
  const factory = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs, translations });
  // The parts of a name or an address are as easy as the whole.
  const parts = relacionados.flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)]).filter(Boolean);
  const { score, feedback } = factory.check(senha, parts);
  return { score, warning: feedback.warning ?? '', suggestions: feedback.suggestions };
}
