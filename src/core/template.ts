/**
 * Liquid templates from users and of our own, bounded: nothing is read from the disk, and a template that loops, grows or
 * is broken fails with a reason instead of holding anything up.
 */

import { Liquid, type Template } from 'liquidjs';

export const templateCharactersMax = 16_384;
const outputCharactersMax = 262_144;
const renderMs = 50;
/** LiquidJS's own measure: items and characters that one rendering allocates. */
const memoryUnits = 500_000;
const parsedTemplatesMax = 200;

export class TemplateError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'TemplateError';
  }
}

export interface Templates {
  /** @throws TemplateError for what is no template. */
  check(source: string): void;
  /** @throws TemplateError for a template that is broken, loops too long or yields too much. */
  render(source: string, data: object): string;
}

/** @param forHtml whether what a template inserts is escaped for HTML. */
export function createTemplates({ forHtml }: { forHtml: boolean }): Templates {
  const engine = new Liquid({
    ownPropertyOnly: true,
    strictFilters: true,
    dynamicPartials: false,
    templates: {},
    parseLimit: templateCharactersMax,
    renderLimit: renderMs,
    memoryLimit: memoryUnits,
    ...(forHtml ? { outputEscape: 'escape' as const } : {}),
  });
  const parsed = new Map<string, Template[]>();

  function parse(source: string): Template[] {
    const known = parsed.get(source);
    if (known) return known;
    const template = engine.parse(source);
    if (parsed.size >= parsedTemplatesMax) parsed.clear();
    parsed.set(source, template);
    return template;
  }

  function guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new TemplateError(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
    }
  }

  return {
    check: (source) => {
      guarded(() => parse(source));
    },
    render: (source, data) => {
      const text: unknown = guarded(() => engine.renderSync(parse(source), data));
      const output = String(text);
      if (output.length > outputCharactersMax)
        throw new TemplateError(`the output passes ${outputCharactersMax} characters`);
      return output;
    },
  };
}
