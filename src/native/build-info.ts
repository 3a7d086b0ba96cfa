/** Which version this is, and of which commit. */

import manifest from '../../package.json' with { type: 'json' };

/** Set by the build; absent when run from source. */
declare const BUILD_COMMIT: string | undefined;

export const version: string = manifest.version;
export const commit: string = typeof BUILD_COMMIT === 'undefined' ? 'source' : BUILD_COMMIT;
