import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { Glob, Transpiler } from 'bun';

const src = resolve(import.meta.dir, '../../src');
const transpiler = new Transpiler({ loader: 'ts' });

/**
 * The layers, innermost first; imports run from a later one to an earlier one or stay within. The HTTP kit is what routes
 * stand on, so it lies below them; the HTTP server that runs the routes lies above.
 */
const layers: readonly (readonly [string, RegExp])[] = [
  ['core', /^core\//],
  ['native', /^native\//],
  // What customers download: it stands alone.
  ['SDKs', /^sdk\//],
  ['guides', /^docs\//],
  // The machine side is another program in the same file: it knows the server by its wire contract only.
  ['agent', /^agent\//],
  [
    'rules, storage and services',
    /^(storage\/|modules\/.*\.(model|store|service|facts|view|settings)\.ts$|modules\/acesso\/tentativas\.ts$|modules\/importacao\/linhas\.ts$|transport\/http\/kit\/|transport\/transport\.settings\.ts$)/,
  ],
  ['edges of modules', /^modules\/.*\.(schema|routes|http|topics|jobs|reactions)\.ts$/],
  ['relay and transports', /^(relay|transport)\//],
  ['composition', /^((app|stores|settings|log)\.ts$|compose\/)/],
  ['commands', /^(commands\/|main\.ts$)/],
  // The web UI runs in a browser: of the server it knows the types of its routes, and those are imported as types only.
  ['web UI', /^ui\//],
];

function layerOf(file: string): number {
  const index = layers.findIndex(([, pattern]) => pattern.test(file));
  if (index === -1) throw new Error(`${file} belongs to no layer`);
  return index;
}

const files = [...new Glob('**/*.ts').scanSync(src)].sort();

describe('the structure', () => {
  test.each(files)('%s imports nothing further out', (file) => {
    for (const { path } of transpiler.scanImports(readFileSync(join(src, file), 'utf8'))) {
      if (!path.startsWith('.')) continue;
      const target = relative(src, resolve(src, dirname(file), path));
      if (target.startsWith('..')) continue;
      const imported = files.find((known) => known === `${target}.ts` || known === `${target}/index.ts`) ?? target;
      expect({ file, imported, layer: layerOf(imported) <= layerOf(file) }).toEqual({ file, imported, layer: true });
    }
  });

  test('nobody but its command knows the agent', () => {
    const users = files.filter(
      (file) => !file.startsWith('agent/') && /from '[./]+\/agent\//.test(readFileSync(join(src, file), 'utf8')),
    );
    expect(users).toEqual(['commands/agent.ts', 'commands/program.ts']);
  });

  test('time comes from core/clock only', () => {
    const readers = files.filter((file) => /\bDate\.now\(\)|new Date\(\)/.test(readFileSync(join(src, file), 'utf8')));
    // doctor judges the machine's own clock; a simulated machine and the SDK are on computers with clocks of their own.
    expect(readers).toEqual([
      'commands/demo/simulated-machine.ts',
      'commands/doctor.ts',
      'core/clock.ts',
      'sdk/typescript/narcidicontrol.ts',
    ]);
  });

  test('an SDK imports nothing but what is in every runtime', () => {
    const sdk = files.filter((file) => file.startsWith('sdk/'));
    expect(sdk).not.toEqual([]);
    const imported = sdk.flatMap((file) => transpiler.scanImports(readFileSync(join(src, file), 'utf8')));
    expect(imported.filter(({ path }) => !path.startsWith('node:'))).toEqual([]);
  });

  test('only main ends the process', () => {
    const enders = files.filter((file) => /process\.exit\(/.test(readFileSync(join(src, file), 'utf8')));
    expect(enders).toEqual(['main.ts']);
  });
});
