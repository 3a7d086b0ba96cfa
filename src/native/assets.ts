/** Files served from inside the executable, so that every page works without internet. */

import { createHash } from 'node:crypto';
import { compressedScalar } from './scalar-source';
import { uiFiles } from './ui-source';

export interface Asset {
  type: string;
  etag: string;
  /** Brotli-compressed. Read when asked for, not kept in memory. */
  body(): Uint8Array<ArrayBuffer>;
}

/** The script of the API documentation page (@scalar/api-reference). */
export function scalarScript(): Asset {
  const body = new Uint8Array(compressedScalar());
  return { type: 'text/javascript; charset=utf-8', etag: etagOf(body), body: () => body };
}

let ui: Promise<ReadonlyMap<string, Asset>> | undefined;

/** The files of the web UI by their paths below the root of the site. */
export function uiAssets(): Promise<ReadonlyMap<string, Asset>> {
  ui ??= uiFiles().then(
    (files) =>
      new Map(
        files.map(({ path, type, body }) => {
          let etag: string | undefined;
          return [
            path,
            {
              type,
              body,
              get etag() {
                etag ??= etagOf(body());
                return etag;
              },
            },
          ];
        }),
      ),
  );
  return ui;
}

function etagOf(body: Uint8Array): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
}
