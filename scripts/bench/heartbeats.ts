/** Heartbeats over MQTT at QoS 1 against mosquitto, both under the same load generator. */

import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Child, run, start, stop } from './processes';
import { type Places, serve, signIn } from './product';
import { median, percent, perSecond, type Row, ratioRow } from './table';

const machinesTotal = 100;
const rounds = 3;
const roundSeconds = 4;
const target = 0.5;
const dayMs = 86_400_000;
const portAttempts = 100;
const attemptMs = 50;

interface Load {
  perSecond: number;
  /** Shares of one core. */
  brokerCpu: number;
  generatorCpu: number;
  /** How many heartbeats of the first machine were acknowledged. */
  acknowledgedOfFirst: number;
}

interface Machine {
  id: string;
  token: string;
}

/** @returns the row, and notes on who was at the limit. @throws Error when an acknowledged heartbeat was not stored. */
export async function heartbeats(places: Places): Promise<{ rows: Row[]; notes: string[] }> {
  const { child, url, mqttPort } = await serve(places);
  const api = await signIn(url);
  const machines = await registerMachines(api);
  const machinesFile = join(places.scratch, 'machines.json');
  writeFileSync(machinesFile, JSON.stringify(machines));
  const mosquitto = await startMosquitto(places.scratch);
  const results: { reference: Load; measured: Load }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // Each round writes on a day of its own, so that no heartbeat is stored over another.
    const from = Date.now() - (rounds - round) * dayMs;
    const reference = await load(mosquitto.port, mosquitto.child, from, machinesFile);
    results.push({ reference, measured: await load(mqttPort, child, from, machinesFile) });
  }
  await stop(mosquitto.child);
  const acknowledged = results.reduce((sum, { measured }) => sum + measured.acknowledgedOfFirst, 0);
  const stored = await countStored(api, machines[0]?.id ?? '');
  if (stored < acknowledged) throw new Error(`${acknowledged} heartbeats were acknowledged, ${stored} stored`);
  await stop(child);
  const ratios = results.map(({ reference, measured }) => ({
    reference: reference.perSecond,
    measured: measured.perSecond,
  }));
  return {
    rows: [ratioRow(`QoS 1 heartbeats, ${machinesTotal} connections, messages`, 'mosquitto', ratios, target)],
    notes: [
      usage(
        'mosquitto',
        results.map(({ reference }) => reference),
      ),
      usage(
        'product',
        results.map(({ measured }) => measured),
      ),
      `mqtt: of one machine ${acknowledged} heartbeats acknowledged, ${stored} stored`,
    ],
  };
}

async function load(port: string, broker: Child, from: number, machinesFile: string): Promise<Load> {
  const generator = join(import.meta.dir, 'mqtt-load.ts');
  const values = [port, String(broker.pid), String(roundSeconds), String(from), machinesFile];
  const { output } = await run([process.execPath, generator, ...values], import.meta.dir);
  return JSON.parse(output) as Load;
}

async function registerMachines(api: Awaited<ReturnType<typeof signIn>>): Promise<Machine[]> {
  const cliente = await api.post<{ id: string }>('/clientes', { nome: 'Bench', email: 'mqtt@exemplo.com.br' });
  const licenca = { cliente_id: cliente.id, tipo: 'perpetua', limite_maquinas: machinesTotal };
  const { chave } = await api.post<{ chave: string }>('/licencas', licenca);
  const machines: Machine[] = [];
  for (let n = 0; n < machinesTotal; n += 1) {
    const activation = await api.post<{ maquina: { id: string }; token: string }>(`/licencas/ativar/${chave}`, {
      impressao: `bench-${n}-machine`,
    });
    machines.push({ id: activation.maquina.id, token: activation.token });
  }
  return machines;
}

/** How many heartbeats of a machine the server can give back, over all rounds. */
async function countStored(api: Awaited<ReturnType<typeof signIn>>, id: string): Promise<number> {
  const from = new Date(Date.now() - (rounds + 1) * dayMs).toISOString();
  const csv = await api.text(`/maquinas/${id}/export?de=${from}`);
  return csv.trim().split('\n').length - 1;
}

async function startMosquitto(scratch: string): Promise<{ child: Child; port: string }> {
  const port = await freePort();
  const config = join(scratch, 'mosquitto.conf');
  const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'persistence false', 'log_dest none'];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const child = start(['/usr/sbin/mosquitto', '-c', config], {}, scratch);
  await waitForPort(port);
  return { child, port: String(port) };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no free port');
  return address.port;
}

async function waitForPort(port: number): Promise<void> {
  for (let attempt = 0; attempt < portAttempts; attempt += 1) {
    const open = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } }).then(
      (socket) => {
        socket.end();
        return true;
      },
      () => false,
    );
    if (open) return;
    await Bun.sleep(attemptMs);
  }
  throw new Error(`nothing listens on ${port}`);
}

function usage(name: string, loads: readonly Load[]): string {
  const broker = percent(median(loads.map((each) => each.brokerCpu)));
  const generator = percent(median(loads.map((each) => each.generatorCpu)));
  const rates = loads.map((each) => perSecond(each.perSecond)).join(', ');
  return `mqtt, ${name}: ${rates}; broker ${broker} of a core, generator ${generator}`;
}
