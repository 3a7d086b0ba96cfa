/** Settings of versions. */

import { integer } from '../../core/settings';

/** The HTTP port takes requests of up to 16 GiB; this leaves room for the fields. */
const bytesMax = 16 * 1024 ** 3 - 16 * 1024 ** 2;

export const versoesSettings = {
  uploadBytesMax: integer(
    { env: 'NARCIDI_UPLOAD_MAX', description: 'largest file of a version, in bytes' },
    4 * 1024 ** 3,
    1,
    bytesMax,
  ),
};
