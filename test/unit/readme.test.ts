import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { problemCatalogue } from '../../src/core/problem';
import { settingDeclarations } from '../../src/settings';

const readme = readFileSync(resolve(import.meta.dir, '../../README.md'), 'utf8');

describe('the README', () => {
  test('has a row for every setting', () => {
    const missing = Object.values(settingDeclarations).filter(({ env }) => !readme.includes(`\`${env}\``));
    expect(missing.map(({ env }) => env)).toEqual([]);
  });

  test('has a row for every error code, with its status', () => {
    const missing = problemCatalogue().filter(
      ({ codigo, status }) => !readme.includes(`| ${status} | \`${codigo}\` |`),
    );
    expect(missing.map(({ codigo }) => codigo)).toEqual([]);
  });

  test('names every dependency', () => {
    const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
    expect(names.filter((name) => !readme.includes(name))).toEqual([]);
  });
});
