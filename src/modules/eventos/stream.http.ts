/** The live feed as server-sent events (WHATWG HTML, 9.2). */

import type { Actor } from '../../core/actor';
import { secondMs } from '../../core/clock';
import { invalidField, Problem } from '../../core/problem';
import { patternsFault } from './eventos.model';
import type { SessoesVivas } from './sessao-viva.service';
import type { Assinatura, MotivoDeFim, Vivo } from './vivo.service';

/** So much may wait for a client that reads slowly. */
const bufferBytesMax = 1024 * 1024;
/** Keeps proxies and the server's own idle limit from ending a quiet connection. */
const commentMs = 15 * secondMs;
const reconnectMs = 3 * secondMs;

export const motivos: Readonly<Record<MotivoDeFim, string>> = {
  CLIENTE_LENTO: 'O cliente não lê tão rápido quanto os eventos chegam; volte com o último id que recebeu.',
  TOKEN_INVALIDO: 'O token expirou, a sessão terminou ou a permissão foi retirada.',
  SERVIDOR_PARANDO: 'O servidor está parando; volte com o último id que recebeu.',
};

interface Dependencies {
  vivo: Vivo;
  sessoes: SessoesVivas;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The id to resume after, or null. @throws Problem VALIDACAO for what is no id of an event. */
export function readLastId(text: string | null): string | null {
  if (text === null || text === '') return null;
  if (!uuid.test(text)) throw invalidField('Last-Event-ID', 'deve ser o id de um evento');
  return text.toLowerCase();
}

/** @throws Problem VALIDACAO, INDISPONIVEL when too many listen. */
export function createStream({ vivo, sessoes }: Dependencies) {
  return async (authenticate: () => Promise<Actor>, padroes: string[], ultimoId: string | null): Promise<Response> => {
    const fault = patternsFault(padroes);
    if (fault) throw invalidField('tipos', fault);
    if (vivo.cheio()) throw new Problem('INDISPONIVEL', { detalhe: 'Há conexões demais ouvindo os eventos.' });

    const encoder = new TextEncoder();
    let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
    let room: (() => void) | null = null;
    let assinatura: Assinatura | null = null;
    let comments: ReturnType<typeof setInterval> | null = null;

    function finish(): void {
      if (comments) clearInterval(comments);
      assinatura?.fim();
      sessao.fim();
      controller = null;
      room?.();
    }
    function goodbye(motivo: MotivoDeFim): void {
      const data = JSON.stringify({ codigo: motivo, detalhe: motivos[motivo] });
      controller?.enqueue(encoder.encode(`event: encerrado\ndata: ${data}\n\n`));
      controller?.close();
      finish();
    }
    const sessao = await sessoes.abrir(authenticate, {
      changed: () => assinatura?.mudar(sessao.tiposDe(padroes)),
      over: () => goodbye('TOKEN_INVALIDO'),
    });

    const stream = new ReadableStream<Uint8Array>(
      {
        start(opened) {
          controller = opened;
          const gap = ultimoId !== null && vivo.lacuna(ultimoId) ? 'event: lacuna\ndata: {}\n\n' : '';
          opened.enqueue(encoder.encode(`retry: ${reconnectMs}\n\n${gap}`));
          comments = setInterval(() => controller?.enqueue(encoder.encode(': vivo\n\n')), commentMs);
          const ouvinte = {
            entregar: (lote: { sse(): Uint8Array }) => {
              if (!controller || (controller.desiredSize ?? 0) <= 0) return controller === null;
              controller.enqueue(lote.sse());
              return true;
            },
            espaco: () =>
              (controller?.desiredSize ?? 1) > bufferBytesMax / 2
                ? Promise.resolve()
                : new Promise<void>((resolve) => {
                    room = resolve;
                  }),
            encerrar: goodbye,
          };
          assinatura = vivo.assinar(ouvinte, sessao.tiposDe(padroes), ultimoId);
        },
        pull: () => room?.(),
        cancel: finish,
      },
      new ByteLengthQueuingStrategy({ highWaterMark: bufferBytesMax }),
    );
    return new Response(stream, {
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
    });
  };
}
