import { describe, expect, test } from 'bun:test';
import { YAML } from 'bun';
import { executable, run } from '../support/executable';

describe('print', () => {
  test('systemd names this executable and the data folder, and confines it', async () => {
    const { stdout, exitCode } = await run(['print', 'systemd', '--data', '/srv/narcidi']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`ExecStart=${executable} serve --data /srv/narcidi\n`);
    for (const line of ['ReadWritePaths=/srv/narcidi', 'ProtectSystem=strict', 'CapabilityBoundingSet=']) {
      expect(stdout.split('\n')).toContain(line);
    }
  });

  test('prometheus gives rules, and anything else is wrong usage', async () => {
    const { stdout } = await run(['print', 'prometheus']);
    const parsed = YAML.parse(stdout) as { groups: { rules: { alert: string; expr: string }[] }[] };
    for (const { alert, expr } of parsed.groups[0]?.rules ?? [])
      expect({ alert, expr }).toEqual({ alert, expr: expect.any(String) });
    expect(parsed.groups[0]?.rules.length).toBeGreaterThan(5);
    expect((await run(['print', 'tudo'])).exitCode).toBe(2);
  });
});
