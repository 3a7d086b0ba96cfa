/** The log: JSON lines on stdout, one logger for the process. */

import pino, { type Logger } from 'pino';

export type Log = Logger;

/** A logger at a level. Secrets never reach it: paths are masked and bodies are not logged. */
export function createLog(level: string): Log {
  return pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, process.stdout);
}
