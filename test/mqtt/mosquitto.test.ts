import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { activate, createLicenca, eventually, startServer, type TestServer } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  for (const tool of ['mosquitto_pub', 'mosquitto_sub']) {
    if (!Bun.which(tool)) throw new Error(`${tool} is missing: install the Debian package mosquitto-clients`);
  }
  server = await startServer();
});
afterAll(() => server.stop());

describe('a client that was not written here', () => {
  test('mosquitto publishes heartbeats and hears a block within a second', async () => {
    const { licenca } = await createLicenca(server);
    const { body } = await activate(server, licenca.chave);
    const { client_id, usuario, senha, topicos, url } = body.mqtt;
    const { hostname, port } = new URL(url);
    const common = [
      '-h',
      hostname,
      '-p',
      port,
      '-u',
      usuario,
      '-P',
      senha,
      '-i',
      client_id,
      '-q',
      '1',
      '-V',
      'mqttv311',
    ];
    const publish = Bun.spawn(
      ['mosquitto_pub', ...common, '-t', topicos.heartbeat, '-m', '{"cpu":42.5,"memoria":50,"disco":60}'],
      { stderr: 'pipe' },
    );
    expect(await publish.exited).toBe(0);
    const { body: dashboard } = await server.call('GET', `/maquinas/${body.maquina.id}/dashboard?periodo=1h`);
    expect(dashboard.series.cpu[0].slice(1)).toEqual([42.5, 42.5, 42.5]);

    const listener = Bun.spawn(['mosquitto_sub', ...common, '-t', topicos.estado], { stdout: 'pipe' });
    const states: { at: number; bloqueada: boolean }[] = [];
    void (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of listener.stdout) {
        for (const line of decoder.decode(chunk).trim().split('\n'))
          states.push({ at: performance.now(), ...JSON.parse(line) });
      }
    })();
    await eventually(
      async () => states,
      (seen) => seen.length === 1,
    );
    const asked = performance.now();
    await server.call('POST', `/maquinas/${body.maquina.id}/bloquear`, { motivo: 'x' });
    await eventually(
      async () => states,
      (seen) => seen.length === 2,
    );
    expect(states.map(({ bloqueada }) => bloqueada)).toEqual([false, true]);
    // The contract's own promise, not a measure of speed.
    expect((states[1]?.at ?? Number.POSITIVE_INFINITY) - asked).toBeLessThan(1_000);
    await server.call('POST', `/maquinas/${body.maquina.id}/desbloquear`);
    await eventually(
      async () => states,
      (seen) => seen.length === 3 && seen[2]?.bloqueada === false,
    );
    listener.kill();
    await listener.exited;
  });
});
