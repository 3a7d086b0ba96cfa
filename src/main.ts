/** Reads the command line, runs one command, and is the only file that ends the process. */

import { CommanderError } from 'commander';
import { createProgram } from './commands/program';
import { OperationalError } from './core/operational-error';

const usageExitCode = 2;

try {
  const exitCode = await createProgram().run(process.argv.slice(2));
  // What was printed goes out first, also into a slow pipe.
  process.stdout.write('', () => process.exit(exitCode));
} catch (error) {
  process.exit(explain(error));
}

/** Says in one line what went wrong. @returns the exit code. */
function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExitCode;
  if (error instanceof OperationalError) {
    console.error(`narcidicontrol: ${error.message}`);
    return 1;
  }
  console.error(`narcidicontrol: unexpected failure: ${error instanceof Error ? error.message : String(error)}`);
  if (process.env.NARCIDI_LOG_LEVEL === 'debug') console.error(error);
  return 1;
}
