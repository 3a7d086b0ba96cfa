/** How far uploads have come, by an id that the sender chose. In memory: it is about connections, and ends with them. */

import { type Clock, minuteMs, rfc3339 } from '../../core/clock';
import { Problem } from '../../core/problem';

const uploadsMax = 1_000;
/** How long the end of an upload can still be asked for. */
const rememberedMs = 10 * minuteMs;

export type EnvioEstado = 'recebendo' | 'concluido' | 'falhou';

export interface Envio {
  id: string;
  estado: EnvioEstado;
  recebidos: number;
  /** As announced, boundaries and fields included; null when it was not. */
  total: number | null;
  versao_id: string | null;
  codigo: string | null;
  iniciado_em: string;
}

interface Entry extends Envio {
  dono: string;
  ate: number;
}

export type Progresso = ReturnType<typeof createProgresso>;

export function createProgresso({ clock }: { clock: Clock }) {
  const entries = new Map<string, Entry>();

  return {
    /** @param dono who sends, and alone may ask. @throws Problem CONFLITO when that id is under way. */
    iniciar(dono: string, id: string, total: number | null) {
      const key = `${dono} ${id}`;
      const now = clock.now();
      for (const [old, entry] of entries) if (entry.ate <= now && entry.estado !== 'recebendo') entries.delete(old);
      if (entries.get(key)?.estado === 'recebendo') {
        throw new Problem('CONFLITO', { detalhe: 'Já há um envio em andamento com este id.' });
      }
      const oldest = entries.keys().next();
      if (entries.size >= uploadsMax && !oldest.done) entries.delete(oldest.value);
      const envio: Entry = {
        ...{ id, dono, total, estado: 'recebendo', recebidos: 0, versao_id: null, codigo: null },
        iniciado_em: rfc3339(now),
        ate: now + rememberedMs,
      };
      entries.set(key, envio);
      return {
        avancar: (recebidos: number): void => {
          envio.recebidos = recebidos;
        },
        terminar: (end: { versao_id: string } | { codigo: string }): void => {
          Object.assign(envio, end, {
            estado: 'codigo' in end ? 'falhou' : 'concluido',
            ate: clock.now() + rememberedMs,
          });
        },
      };
    },

    /** @throws Problem NAO_ENCONTRADO */
    consultar(dono: string, id: string): Envio {
      const entry = entries.get(`${dono} ${id}`);
      if (!entry) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há envio com este id.' });
      const { dono: _, ate: __, ...envio } = entry;
      return envio;
    },
  };
}
