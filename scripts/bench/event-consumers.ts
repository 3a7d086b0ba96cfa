/**
 * The other side of `events.ts`, in a process of its own: receivers of webhooks and clients of the live feed.
 * `bun event-consumers.ts URL TOKEN CLIENTS`; prints its port, and answers `/stats` with what has come since the last time.
 */

import { connect } from 'node:net';

const [url = '', token = '', clients = '0'] = process.argv.slice(2);
/** Of so many clients one looks into what it is sent; the others count bytes, to leave the processors to the server. */
const lookEvery = 20;
const latencies: number[] = [];
let deliveries = 0;
let bytes = 0;
let dropped = 0;

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: async (request) => {
    if (request.url.endsWith('/stats')) {
      const sorted = latencies.splice(0).sort((a, b) => a - b);
      const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
      const stats = {
        deliveries,
        bytes,
        dropped,
        seen: sorted.length,
        p50: at(0.5),
        p99: at(0.99),
        max: sorted.at(-1) ?? 0,
      };
      deliveries = 0;
      bytes = 0;
      return Response.json(stats);
    }
    await request.arrayBuffer();
    deliveries += 1;
    return new Response();
  },
});

for (let n = 0; n < Number(clients); n += 1) listen(n % lookEvery === 0);
console.log(server.port);

function listen(looks: boolean): void {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = [
    'GET /api/v1/eventos/stream?tipos=cliente.* HTTP/1.1',
    `Host: ${hostname}`,
    `Authorization: Bearer ${token}`,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    if (!looks) return;
    const now = Date.now();
    for (const [, em] of chunk.toString('latin1').matchAll(/"em":"([^"]+)"/g))
      latencies.push(now - Date.parse(em ?? ''));
  });
  socket.on('close', () => {
    dropped += 1;
  });
  socket.on('error', () => undefined);
}
