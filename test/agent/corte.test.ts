import { afterAll, beforeAll, expect, test } from 'bun:test';
import { openWay, startAgent } from '../support/agent';
import { createLicenca, eventually, startServer, type TestServer } from '../support/app';
import { scratch } from '../support/executable';

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ NARCIDI_HEARTBEAT_INTERVAL: '1' });
});
afterAll(() => server.stop());

const portOf = (url: string): number => Number(new URL(url).port);

/** The times of what is stored of a machine, epoch milliseconds. */
async function timesOf(id: string): Promise<number[]> {
  const { body } = await server.call('GET', `/maquinas/${id}/export`);
  const lines: string[] = body.trim().split('\n').slice(1);
  return lines.map((line) => Date.parse(line.split(',')[0] ?? ''));
}

test('cut off, killed and started again while cut off, an agent leaves no hole in the series', async () => {
  const folder = scratch();
  const http = await openWay(portOf(server.url));
  const mqtt = await openWay(portOf(server.mqttUrl));
  const { licenca } = await createLicenca(server);
  const args = ['--data', folder.path, '--mqtt', `mqtt://127.0.0.1:${mqtt.port}`];
  const first = startAgent(['--server', `http://127.0.0.1:${http.port}`, '--chave', licenca.chave, ...args]);
  const id = String((await first.line(({ msg }) => msg === 'ready')).maquina_id);
  await eventually(
    () => timesOf(id),
    (times) => times.length >= 3,
  );
  await http.cut();
  await mqtt.cut();
  const before = (await timesOf(id)).length;
  await first.line(({ msg }) => String(msg).includes('MQTT'));
  // Some seconds that only the agent's own disk knows of.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  await first.signal('SIGKILL');
  const second = startAgent(args);
  await second.line(({ msg }) => msg === 'ready');
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect((await timesOf(id)).length).toBe(before);
  await http.open();
  await mqtt.open();
  const times = await eventually(
    () => timesOf(id),
    (all) => all.length >= before + 6 && Date.now() - (all.at(-1) ?? 0) < 2_500,
    20_000,
  );
  // One a second, the second that the restart took apart.
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? at));
  expect(Math.max(...gaps)).toBeLessThan(3_500);
  expect(new Set(times).size).toBe(times.length);
  expect(await second.signal('SIGTERM')).toBe(0);
  await http.cut();
  await mqtt.cut();
  folder.remove();
}, 60_000);
