/** Bundles the web UI for browsers, compressed: for the build, which embeds it, and for a server run from its source. */

import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

export interface UiFile {
  /** Below the root of the site: `index.html`, `assets/clientes-4f2a.js`. */
  path: string;
  type: string;
  /** Brotli-compressed. */
  body(): Uint8Array<ArrayBuffer>;
}

/**
 * @param root the folder of the repository.
 * @param quality of the compression, 1 to 11.
 * @throws AggregateError with what does not compile
 */
export async function bundleUi(root: string, quality: number): Promise<UiFile[]> {
  const result = await Bun.build({
    entrypoints: [join(root, 'src/ui/index.html')],
    target: 'browser',
    splitting: true,
    minify: true,
    publicPath: '/',
    naming: { entry: '[name].[ext]', chunk: 'assets/[name]-[hash].[ext]', asset: 'assets/[name]-[hash].[ext]' },
    define: { 'process.env.NODE_ENV': '"production"' },
    throw: false,
  });
  if (!result.success) throw new AggregateError(result.logs, 'the web UI does not compile');
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality };
  // The bundler names them in the order it finished them; the same source makes the same executable.
  const outputs = result.outputs.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return Promise.all(
    outputs.map(async (output) => {
      const body = new Uint8Array(brotliCompressSync(await output.arrayBuffer(), { params }));
      return { path: output.path.replace(/^\.?\//, ''), type: output.type, body: () => body };
    }),
  );
}
