/**
 * The conformance suite: every SDK does every scenario of cenarios.json against the executable, through a network that fails
 * and lies. A driver for each language takes requests as lines of JSON; a new SDK needs a driver and nothing else.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Subprocess } from 'bun';
import {
  adminClient,
  connectMachine,
  createLicenca,
  eventually,
  nextMessage,
  type TestServer,
  unique,
} from '../support/app';
import { type Running, run, scratch, serve } from '../support/executable';
import { linesOf } from '../support/lines';
import { createProduto, publisher, sha256 } from '../support/versoes';
import cenarios from './cenarios.json';
import { type Modo, type Rede, startRede } from './rede';

interface Passo {
  sdk?: string;
  admin?: string;
  rede?: string;
  mqtt?: string;
  arquivo?: string;
  relogio_horas?: number;
  args?: unknown;
  espera?: unknown;
  erro?: object;
  avisos?: string[];
}

interface Cenario {
  chave?: string;
  licenca?: object;
  passos: Passo[];
}

interface Resposta {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the SDK says is compared with what the scenario expects.
  valor?: any;
  erro?: { codigo: string; definitivo?: boolean };
  avisos: string[];
}

const sdk = resolve(import.meta.dir, '../../src/sdk');
const programa = new TextEncoder().encode('o programa, versão dois');
const limiteMs = 400;
const horaMs = 3_600_000;

const folder = scratch();
const data = join(folder.path, 'data');
let server: Running;
let rede: Rede;
let call: TestServer['call'];
beforeAll(async () => {
  rede = startRede(() => server.url);
  server = await serve(data, { NARCIDI_PUBLIC_URL: rede.url });
  call = await adminClient(server.url);
});
afterAll(async () => {
  rede.stop();
  await server.signal('SIGTERM');
  folder.remove();
});

/** How each language's driver is started. */
const linguagens: Record<string, () => Promise<string[]>> = {
  'TypeScript em Bun': async () => [process.execPath, join(import.meta.dir, 'condutor.ts')],
  'JavaScript em Node': async () => {
    const built = await Bun.build({
      entrypoints: [join(import.meta.dir, 'condutor.ts')],
      target: 'node',
      outdir: folder.path,
      naming: 'condutor.mjs',
    });
    if (!built.success) throw new AggregateError(built.logs);
    return ['node', join(folder.path, 'condutor.mjs')];
  },
  Python: async () => ['python3', join(import.meta.dir, 'condutor.py'), join(sdk, 'python')],
};

describe.each(Object.keys(linguagens).filter(isThere))('the SDK for %s', (linguagem) => {
  let driver: Subprocess<'pipe', 'pipe', 'inherit'>;
  let answers: AsyncIterator<string>;
  beforeAll(async () => {
    const command = (await linguagens[linguagem]?.()) ?? [];
    driver = Bun.spawn(command, { stdin: 'pipe', stdout: 'pipe', stderr: 'inherit', cwd: folder.path });
    answers = linesOf(driver.stdout);
  });
  afterAll(async () => {
    driver.stdin.end();
    await driver.exited;
  });

  async function ask(acao: string, args: unknown = {}): Promise<Resposta> {
    driver.stdin.write(`${JSON.stringify({ acao, args })}\n`);
    await driver.stdin.flush();
    const { value, done } = await answers.next();
    if (done) throw new Error('the driver has ended');
    return JSON.parse(value) as Resposta;
  }

  test.each(cenarios.map(({ nome, ...rest }) => [nome, rest as Cenario] as const))(
    '%s',
    async (_nome, cenario) => {
      rede.mode('ok');
      const world = await newWorld(cenario, ask);
      for (const [index, passo] of cenario.passos.entries()) {
        const answer = await world.step(passo);
        const expected = { index, passo, ...(passo.erro ? { erro: passo.erro } : {}) };
        expect({ index, passo, ...answer }).toMatchObject(expected);
        if (!passo.erro) expect({ index, passo, erro: answer.erro }).toEqual({ index, passo, erro: undefined });
        if (passo.espera === null) expect(answer.valor).toBeNull();
        else if (passo.espera) expect({ index, ...answer.valor }).toMatchObject({ index, ...passo.espera });
        if (passo.avisos) expect({ index, avisos: answer.avisos }).toEqual({ index, avisos: passo.avisos });
      }
    },
    30_000,
  );
});

/** One scenario's licence, machine and file. */
async function newWorld({ chave, licenca: fields }: Cenario, ask: (acao: string, args?: unknown) => Promise<Resposta>) {
  const produto = await createProduto({ call }, unique('sdk').toLowerCase());
  const { licenca } = await createLicenca({ call }, { produto, limite_maquinas: 3, ...fields });
  const arquivo = join(folder.path, `${unique('guardado')}.json`);
  const options = { servidor: rede.url, chave: chave ?? licenca.chave, impressao: unique('maquina'), arquivo };
  const open = (changed: unknown = {}) => ask('abrir', { ...options, limite_ms: limiteMs, ...Object(changed) });
  const maquina = async () => (await call('GET', `/maquinas/?licenca_id=${licenca.id}`)).body.itens[0];
  let firstMessage = '';
  await ask('relogio', { ms: 0 });
  await open();

  const admin: Record<string, (args: unknown) => Promise<unknown>> = {
    bloquear_licenca: () => call('POST', `/licencas/${licenca.id}/bloquear`, { motivo: 'teste' }),
    desbloquear_licenca: () => call('POST', `/licencas/${licenca.id}/desbloquear`),
    bloquear_maquina: async () => call('POST', `/maquinas/${(await maquina()).id}/bloquear`, { motivo: 'teste' }),
    desbloquear_maquina: async () => call('POST', `/maquinas/${(await maquina()).id}/desbloquear`),
    rotacionar_token: async () => call('POST', `/maquinas/${(await maquina()).id}/token`),
    rotacionar_chaves: () => run(['keys', 'rotate', '--data', data]),
    publicar_versao: async (versao) => (await publisher(server)).publish({ produto, versao: String(versao) }, programa),
    conferir_heartbeats: async (cpus) => {
      const { id } = await maquina();
      const csv = await call('GET', `/maquinas/${id}/export?de=2026-01-01T00:00:00Z`);
      const told = csv.body.trim().split('\n').slice(1);
      expect(told.map((row: string) => Number(row.split(',')[1]))).toEqual(cpus);
    },
    conferir_bloqueio_aplicado: async () =>
      eventually(maquina, ({ bloqueio_aplicado_em }) => bloqueio_aplicado_em !== null),
  };

  /** Hands a message of `estado` to the SDK, and its answer to the server. */
  async function overMqtt(how: string): Promise<Resposta> {
    const { valor: mqtt } = await ask('mqtt');
    const client = await connectMachine({ mqtt });
    try {
      const arrived = nextMessage(client, mqtt.topicos.estado);
      await client.subscribeAsync(mqtt.topicos.estado, { qos: 1 });
      const received = JSON.stringify(await arrived);
      firstMessage ||= received;
      const { certificado } = JSON.parse(received);
      const altered = received.replace(certificado, `${certificado.slice(0, -6)}AAAAAA`);
      const mensagem = { receber: received, repetir_primeira: firstMessage, alterada: altered }[how];
      const { valor, avisos } = await ask('estado', { mensagem });
      if (valor !== null) await client.publishAsync(mqtt.topicos.respostas, valor, { qos: 1 });
      return { valor: { aplicado: valor !== null }, avisos };
    } finally {
      await client.endAsync();
    }
  }

  async function download(): Promise<Resposta> {
    const destino = join(folder.path, unique('programa'));
    const answer = await ask('baixar', { destino });
    const file = Bun.file(destino);
    if (answer.erro)
      expect([await file.exists(), await Bun.file(`${destino}.parcial`).exists()]).toEqual([false, false]);
    else answer.valor = { igual: sha256(await file.bytes()) === sha256(programa) };
    return answer;
  }

  function damage(how: string): void {
    if (how === 'estragar') {
      writeFileSync(arquivo, '{"certificado":');
      return;
    }
    const kept = JSON.parse(readFileSync(arquivo, 'utf8'));
    const [header, payload, signature] = kept.certificado.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const longer = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 9_999_999 })).toString('base64url');
    writeFileSync(arquivo, JSON.stringify({ ...kept, certificado: `${header}.${longer}.${signature}` }));
  }

  return {
    async step(passo: Passo): Promise<Resposta> {
      const { args } = passo;
      if (passo.rede) rede.mode(passo.rede as Modo);
      if (passo.relogio_horas !== undefined) await ask('relogio', { ms: passo.relogio_horas * horaMs });
      if (passo.arquivo) damage(passo.arquivo);
      if (passo.admin) await admin[passo.admin]?.(args);
      if (passo.mqtt) return overMqtt(passo.mqtt);
      if (passo.sdk === 'reabrir') return open(args);
      if (passo.sdk === 'baixar') return download();
      return passo.sdk ? ask(passo.sdk, args) : { avisos: [] };
    },
  };
}

function isThere(linguagem: string): boolean {
  const program = { 'JavaScript em Node': 'node', Python: 'python3' }[linguagem];
  if (!program || Bun.which(program)) return true;
  console.warn(`${program} is not installed here: its SDK was NOT tested`);
  return false;
}
