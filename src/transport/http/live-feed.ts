/** The live feed over WebSocket: `{"assinar": ["maquina.*"]}` in, one event a message out. */

import type { Actor } from '../../core/actor';
import { Problem } from '../../core/problem';
import { patternsFault } from '../../modules/eventos/eventos.model';
import type { SessaoViva, SessoesVivas } from '../../modules/eventos/sessao-viva.service';
import { motivos, readLastId } from '../../modules/eventos/stream.http';
import type { Assinatura, MotivoDeFim, Vivo } from '../../modules/eventos/vivo.service';
import { type Authenticate, bearerToken } from './kit/platform';
import type { WebSocketConnection, WebSocketEndpoint, WebSocketPeer } from './websocket';

/** So much may wait for a client that reads slowly. */
const bufferBytesMax = 1024 * 1024;
const messageCharactersMax = 16_384;
const subprotocol = 'bearer';
/** RFC 6455, 7.4.1 and the IANA registry. */
const closeCode: Readonly<Record<MotivoDeFim, number>> = {
  CLIENTE_LENTO: 1013,
  TOKEN_INVALIDO: 1008,
  SERVIDOR_PARANDO: 1001,
};

interface Dependencies {
  vivo: Vivo;
  sessoes: SessoesVivas;
  authenticate: Authenticate;
}

export function liveFeed({ vivo, sessoes, authenticate }: Dependencies): WebSocketEndpoint {
  return {
    path: '/api/v1/eventos/ws',
    async upgrade(request) {
      const { token, chosen } = credential(request);
      if (vivo.cheio()) throw new Problem('INDISPONIVEL', { detalhe: 'Há conexões demais ouvindo os eventos.' });
      const connection = feedConnection(vivo);
      const again = (): Promise<Actor> => authenticate(token, request);
      connection.sessao = await sessoes.abrir(again, connection);
      return { connection, ...(chosen ? { headers: { 'sec-websocket-protocol': subprotocol } } : {}) };
    },
  };
}

/** The token, as a subprotocol (browsers can send no header) or in Authorization. @throws Problem NAO_AUTENTICADO */
function credential(request: Request): { token: string; chosen: boolean } {
  const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((name) => name.trim());
  const [first, second] = offered;
  if (first === subprotocol && second) return { token: second, chosen: true };
  const token = bearerToken(request);
  if (token === null) {
    throw new Problem('NAO_AUTENTICADO', { detalhe: 'Ofereça os subprotocolos bearer e o token.' });
  }
  return { token, chosen: false };
}

function feedConnection(vivo: Vivo): WebSocketConnection & {
  sessao: SessaoViva | null;
  changed(): void;
  over(): void;
} {
  let socket: WebSocketPeer | null = null;
  let assinatura: Assinatura | null = null;
  let padroes: string[] = [];
  let room: (() => void) | null = null;

  function say(message: object): void {
    socket?.send(JSON.stringify(message));
  }
  function refuse(problem: Problem): void {
    say({ erro: { codigo: problem.codigo, detalhe: problem.message } });
  }
  function goodbye(motivo: MotivoDeFim): void {
    const leaving = socket;
    socket = null;
    leaving?.send(JSON.stringify({ encerrado: { codigo: motivo, detalhe: motivos[motivo] } }));
    leaving?.close(closeCode[motivo], motivo);
    connection.sessao?.fim();
    assinatura?.fim();
    room?.();
  }

  function subscribe(message: string): void {
    const asked = readMessage(message);
    padroes = asked.assinar;
    const tipos = connection.sessao?.tiposDe(padroes) ?? new Set();
    if (tipos.size === 0)
      refuse(new Problem('SEM_PERMISSAO', { detalhe: 'Falta a permissão de ouvir estes eventos.' }));
    if (asked.confirmar) say({ assinado: padroes });
    if (asked.ultimoId !== null && vivo.lacuna(asked.ultimoId)) say({ lacuna: true });
    if (assinatura && asked.ultimoId === null) {
      assinatura.mudar(tipos);
      return;
    }
    assinatura?.fim();
    assinatura = vivo.assinar(ouvinte, tipos, asked.ultimoId);
  }

  const ouvinte = {
    entregar: ({ textos }: { textos: readonly string[] }) => {
      if (!socket) return true;
      if (socket.getBufferedAmount() > bufferBytesMax) return false;
      socket.cork((corked) => {
        for (const texto of textos) corked.send(texto);
      });
      return true;
    },
    espaco: () =>
      (socket?.getBufferedAmount() ?? 0) < bufferBytesMax / 2
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            room = resolve;
          }),
    encerrar: goodbye,
  };

  const connection = {
    sessao: null as SessaoViva | null,
    open(peer: WebSocketPeer) {
      socket = peer;
    },
    message(message: string | Buffer) {
      try {
        subscribe(message.toString());
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        refuse(error);
      }
    },
    drain() {
      room?.();
    },
    close() {
      socket = null;
      connection.sessao?.fim();
      assinatura?.fim();
      room?.();
    },
    changed() {
      assinatura?.mudar(connection.sessao?.tiposDe(padroes) ?? new Set());
    },
    over() {
      goodbye('TOKEN_INVALIDO');
    },
  };
  return connection;
}

/** @throws Problem VALIDACAO for anything but a subscription. */
function readMessage(text: string): { assinar: string[]; ultimoId: string | null; confirmar: boolean } {
  const invalid = (detalhe: string): Problem => new Problem('VALIDACAO', { detalhe });
  if (text.length > messageCharactersMax) throw invalid('A mensagem é longa demais.');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Problem('JSON_INVALIDO', { detalhe: 'A mensagem não é JSON válido.' });
  }
  const { assinar, ultimo_id, confirmar } = { ...(typeof parsed === 'object' ? parsed : null) } as Record<
    string,
    unknown
  >;
  if (!Array.isArray(assinar) || !assinar.every((one) => typeof one === 'string')) {
    throw invalid('Mande {"assinar": ["maquina.*"]}.');
  }
  const fault = patternsFault(assinar);
  if (fault) throw invalid(`assinar: ${fault}.`);
  const ultimoId = readLastId(typeof ultimo_id === 'string' ? ultimo_id : null);
  return { assinar, ultimoId, confirmar: confirmar === true };
}
