/** Every request as a line of the log, at level debug: a licence server answers too many to write each down always. */

import { maskPath } from './errors';
import type { HttpHandler } from './server';

interface DebugLog {
  isLevelEnabled(level: string): boolean;
  debug(details: object, message: string): void;
}

export function logged(handler: HttpHandler, log: DebugLog): HttpHandler {
  return (request, ...rest) => {
    if (!log.isLevelEnabled('debug')) return handler(request, ...rest);
    const startMs = performance.now();
    const { method, url } = request;
    const note = (response: Response): Response => {
      const request_id = response.headers.get('x-request-id');
      const ms = Math.round((performance.now() - startMs) * 10) / 10;
      const caminho = maskPath(new URL(url).pathname);
      log.debug({ request_id, metodo: method, caminho, status: response.status, ms, ip: rest[0] }, 'request');
      return response;
    };
    const answer = handler(request, ...rest);
    return answer instanceof Response ? note(answer) : answer.then(note);
  };
}
