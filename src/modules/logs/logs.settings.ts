/** Settings of the log files. */

import { integer } from '../../core/settings';

export const logsSettings = {
  logFiles: integer(
    { env: 'NARCIDI_LOG_FILES', description: 'how many log files are kept in the data folder; 0 writes none' },
    14,
    0,
    1_000,
  ),
  logFileMb: integer(
    { env: 'NARCIDI_LOG_FILE_MB', description: 'a log file ends with its day, or when it has this size' },
    20,
    1,
    1_000,
  ),
};
