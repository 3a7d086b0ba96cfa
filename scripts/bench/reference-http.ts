/** The reference for HTTP: a bare Bun.serve that answers a constant of the size given as argument. */

const body = 'x'.repeat(Number(process.argv[2]));
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch: () => new Response(body, { headers: { 'content-type': 'application/json' } }),
});
console.log(`ready ${server.port}`);
