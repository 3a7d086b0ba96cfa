/** `/metrics` in the text format of Prometheus: for this machine itself, or whoever has a token that may read the dashboard. */

import { Elysia } from 'elysia';
import { authorize } from '../../core/actor';
import { contextOf } from './kit/context';
import type { Platform } from './kit/platform';

const prometheusText = 'text/plain; version=0.0.4; charset=utf-8';
const loopback = /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/;

/** A proxy on this machine makes everybody look local, but says that it is one. */
function isLocal(request: Request): boolean {
  const { ip } = contextOf(request);
  if (request.headers.has('x-forwarded-for') || request.headers.has('forwarded')) return false;
  return ip !== null && loopback.test(ip);
}

export function metricsRoutes(platform: Platform, text: () => Promise<string>) {
  return new Elysia({ name: 'metrics' }).use(platform).get(
    '/metrics',
    async ({ ator, request }) => {
      if (!isLocal(request) || request.headers.has('authorization')) authorize(await ator(), 'painel:ler');
      return new Response(await text(), { headers: { 'content-type': prometheusText } });
    },
    { detail: { hide: true } },
  );
}
