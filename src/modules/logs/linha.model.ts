/** A line of the log, and whether somebody looks for it. */

/** As pino numbers them. */
const levels = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;
export type LinhaNivel = keyof typeof levels;
export const linhaNiveis = Object.keys(levels) as LinhaNivel[];

export interface Linha {
  em: string;
  nivel: LinhaNivel;
  modulo: string | null;
  mensagem: string;
  request_id: string | null;
  /** Everything else that stands in it. */
  dados: Record<string, unknown>;
}

export interface LinhaFilter {
  /** This level and above. */
  nivel?: LinhaNivel | undefined;
  texto?: string | undefined;
  modulo?: string | undefined;
  requisicao?: string | undefined;
  /** Epoch milliseconds. */
  desde?: number | undefined;
  ate?: number | undefined;
}

/** @returns null for what is no line of ours, such as one that a crash cut off. */
export function readLinha(text: string): Linha | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null) return null;
  const { level, time, msg, modulo, requestId, request_id, pid: _, ...dados } = parsed as Record<string, unknown>;
  const nivel = linhaNiveis.find((name) => levels[name] === level);
  if (!nivel || typeof time !== 'string') return null;
  const id = request_id ?? requestId;
  return {
    em: time,
    nivel,
    modulo: typeof modulo === 'string' ? modulo : null,
    mensagem: typeof msg === 'string' ? msg : '',
    request_id: typeof id === 'string' ? id : null,
    dados,
  };
}

/** @param text the line as it is written, for a search through all of it. */
export function matches(linha: Linha, text: string, filter: LinhaFilter): boolean {
  const { nivel, texto, modulo, requisicao, desde, ate } = filter;
  if (nivel !== undefined && levels[linha.nivel] < levels[nivel]) return false;
  if (modulo !== undefined && linha.modulo !== modulo) return false;
  if (requisicao !== undefined && linha.request_id !== requisicao) return false;
  const em = Date.parse(linha.em);
  if (desde !== undefined && em < desde) return false;
  if (ate !== undefined && em >= ate) return false;
  return texto === undefined || text.toLowerCase().includes(texto.toLowerCase());
}
