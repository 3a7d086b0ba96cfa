/** One simulated machine: a real MQTT client that activates with its key, publishes heartbeats, obeys blocks and commands. */

import { randomUUID } from 'node:crypto';
import mqtt, { type MqttClient } from 'mqtt';
import { OperationalError } from '../../core/operational-error';
import { type Character, characterOf, loadAt } from './load-curve';

const historyHours = 24;
const historyStepMs = 60_000;
/** Yesterday is drawn for the first machines only: a thousand of them would be a million points. */
const machinesWithHistory = 50;
const pointsPerRequest = 1_000;
/** Every tenth machine has a bad cable, and the fourth is a nuisance. */
const flakyEvery = 10;
const nuisanceIndex = 3;
const secondsOnline = 45;
const secondsOffline = 40;

interface MachineOptions {
  server: string;
  chave: string;
  nome: string;
  index: number;
  heartbeatSeconds: number;
  timeZone: string;
}

interface Activation {
  maquina: { id: string };
  token: string;
  mqtt: {
    url: string;
    client_id: string;
    usuario: string;
    senha: string;
    topicos: Record<'heartbeat' | 'estado' | 'comandos' | 'respostas' | 'conexao', string>;
  };
}

/** Starts a machine. @returns how to stop it. @throws OperationalError when it cannot activate. */
export async function startMachine(options: MachineOptions): Promise<{ stop(): Promise<void> }> {
  const character = characterOf(options.index);
  const activation = await activate(options);
  if (options.index < machinesWithHistory) await sendHistory(options, activation, character);
  const client = await connect(activation);
  const timers = [
    setInterval(() => beat(client, activation, options, character), options.heartbeatSeconds * 1_000),
    ...(options.index % flakyEvery === flakyEvery - 1 ? [comeAndGo(client)] : []),
  ];
  beat(client, activation, options, character);
  return {
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await client.endAsync(true);
    },
  };
}

async function activate({ server, chave, nome, index }: MachineOptions): Promise<Activation> {
  const response = await fetch(`${server}/api/v1/licencas/ativar/${chave}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      impressao: randomUUID(),
      nome,
      hostname: nome.toLowerCase(),
      so: index % 4 === 0 ? 'Debian 13' : 'Windows 11',
      arquitetura: 'x64',
      versao: index % 5 === 0 ? '4.1.9' : '4.2.1',
    }),
  });
  if (response.status !== 201)
    throw new OperationalError(`a simulated machine could not activate: ${await response.text()}`);
  return (await response.json()) as Activation;
}

async function sendHistory(options: MachineOptions, { token }: Activation, character: Character): Promise<void> {
  const now = Date.now();
  const points = Array.from({ length: (historyHours * 3_600_000) / historyStepMs }, (_, step) => {
    const at = now - historyHours * 3_600_000 + step * historyStepMs;
    return { em: new Date(at).toISOString(), ...loadAt(character, at, options.timeZone, noise()) };
  });
  for (let from = 0; from < points.length; from += pointsPerRequest) {
    const response = await fetch(`${options.server}/api/v1/maquinas/heartbeat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(points.slice(from, from + pointsPerRequest)),
    });
    if (!response.ok)
      throw new OperationalError(`a simulated machine could not send its history: ${await response.text()}`);
  }
}

async function connect({ mqtt: access }: Activation): Promise<MqttClient> {
  const { topicos } = access;
  const sessao = randomUUID();
  const client = await mqtt.connectAsync(access.url, {
    clientId: access.client_id,
    username: access.usuario,
    password: access.senha,
    clean: true,
    reconnectPeriod: 2_000,
    will: {
      topic: topicos.conexao,
      payload: Buffer.from(JSON.stringify({ conectada: false, sessao })),
      qos: 1,
      retain: true,
    },
  });
  // Connection errors are what a flaky machine is about; the client tries again by itself.
  client.on('error', () => undefined);
  client.on('message', (topic, payload) => {
    const { revisao, id } = JSON.parse(payload.toString()) as { revisao?: number; id?: string };
    const what = topic === topicos.comandos ? { comando_id: id } : { revisao };
    client.publish(topicos.respostas, JSON.stringify({ ...what, resultado: 'aplicado' }), { qos: 1 });
  });
  const greet = (): void => {
    client.subscribe([topicos.estado, topicos.comandos], { qos: 1 });
    client.publish(topicos.conexao, JSON.stringify({ conectada: true, sessao }), { qos: 1, retain: true });
  };
  client.on('connect', greet);
  greet();
  return client;
}

function beat(
  client: MqttClient,
  { mqtt: { topicos } }: Activation,
  options: MachineOptions,
  character: Character,
): void {
  if (!client.connected) return;
  const load = loadAt(character, Date.now(), options.timeZone, noise());
  if (options.index === nuisanceIndex) {
    // Runs hot, and now and then says something that cannot be.
    const absurd = Math.random() < 0.2;
    client.publish(topicos.heartbeat, JSON.stringify({ ...load, cpu: absurd ? 140 : 97 + Math.random() * 3 }), {
      qos: 1,
    });
    return;
  }
  client.publish(topicos.heartbeat, JSON.stringify(load), { qos: 1 });
}

/** Drops the connection without a word, and comes back. */
function comeAndGo(client: MqttClient): ReturnType<typeof setInterval> {
  let away = false;
  return setInterval(() => {
    away = !away;
    if (away) client.stream.destroy();
    if (away) client.options.reconnectPeriod = secondsOffline * 1_000;
    else client.options.reconnectPeriod = 2_000;
  }, secondsOnline * 1_000);
}

/** From -1 to 1, mostly near 0. */
function noise(): number {
  return (Math.random() + Math.random() + Math.random()) / 1.5 - 1;
}
