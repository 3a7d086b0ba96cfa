/** The reference for downloads: a bare Bun.serve that answers the file given as argument. */

const path = process.argv[2] ?? '';
const { port } = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response(Bun.file(path)) });
console.log(`ready ${port}`);
