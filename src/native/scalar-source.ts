/** The documentation page's script, brotli-compressed. The build replaces this module by one that reads the embedded file. */

import { readFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

export const compressedScalar = (): Buffer => {
  const source = readFileSync('node_modules/@scalar/api-reference/dist/browser/standalone.js');
  return brotliCompressSync(source, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });
};
