/** How many requests each route answers, with what status, and how long each took until its answer began. */

import { Histogram, type Registry } from 'prom-client';
import { createRouteNames } from './route-names';
import type { HttpHandler } from './server';

const bucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const schemeCharacters = 8;
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** @param paths the routes as they were declared. */
export function measured(handler: HttpHandler, registry: Registry, paths: readonly string[]): HttpHandler {
  const routeOf = createRouteNames(paths);
  const duration = new Histogram({
    name: 'narcidi_http_duracao_segundos',
    help: 'Tempo até o começo da resposta, por rota',
    labelNames: ['metodo', 'rota', 'status'],
    buckets: bucketsSeconds,
    registers: [registry],
  });

  function observe(request: Request, response: Response, startMs: number): void {
    const { url, method } = request;
    const query = url.indexOf('?');
    const path = url.slice(url.indexOf('/', schemeCharacters), query === -1 ? url.length : query);
    const labels = {
      metodo: methods.has(method) ? method : 'outro',
      rota: routeOf(path),
      status: String(response.status),
    };
    duration.observe(labels, (performance.now() - startMs) / 1000);
  }

  return (request, ...rest) => {
    const startMs = performance.now();
    const answer = handler(request, ...rest);
    if (answer instanceof Response) {
      observe(request, answer, startMs);
      return answer;
    }
    return answer.then((response) => {
      observe(request, response, startMs);
      return response;
    });
  };
}
