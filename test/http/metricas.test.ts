import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  type Answer,
  activate,
  createLicenca,
  eventually,
  httpClient,
  startServer,
  type TestServer,
} from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const iso = (ms: number) => new Date(ms).toISOString();

interface Machine {
  id: string;
  licencaId: string;
  beat(body: unknown): Promise<Answer>;
  dashboard(query: string): Promise<Answer>;
  export(query: string): Promise<Answer>;
}

async function machine(): Promise<Machine> {
  const { licenca } = await createLicenca(server);
  const { body } = await activate(server, licenca.chave);
  const call = httpClient(server.url, body.token);
  const { id } = body.maquina;
  return {
    id,
    licencaId: licenca.id,
    beat: (heartbeats) => call('POST', '/maquinas/heartbeat', heartbeats),
    dashboard: (query) => server.call('GET', `/maquinas/${id}/dashboard?${query}`),
    export: (query) => server.call('GET', `/maquinas/${id}/export?${query}`),
  };
}

async function compact(): Promise<void> {
  const started = await server.call('POST', '/tarefas/compactar_metricas/executar');
  expect([200, 201, 202]).toContain(started.status);
  await eventually(
    async () =>
      (await server.call('GET', '/tarefas/compactar_metricas/execucoes?ordem=-inicio&limite=1')).body.itens[0],
    (run) => run?.resultado === 'sucesso',
  );
}

const at = (em: number, cpu: number, more: object = {}) => ({ em: iso(em), cpu, memoria: 50, disco: 25.5, ...more });
/** The beginning of an hour, this long ago at least. */
const hourAgo = (ms: number) => Math.floor((Date.now() - ms) / hour) * hour;

describe('the last hour of several machines', () => {
  const ask = (...ids: string[]) => server.call('GET', `/maquinas/tendencias?ids=${ids.join(',')}`);

  test('is the mean of every two minutes, nothing where nothing was heard, and only of machines that are there', async () => {
    const [one, other] = [await machine(), await machine()];
    const now = Date.now();
    await one.beat([at(now - 2 * hour, 99), at(now - 30.5 * minute, 10), at(now - 30.5 * minute + 1_000, 20)]);
    await one.beat(at(now - minute / 2, 40));
    const { status, body } = await ask(one.id, other.id, '0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d', one.id);
    expect(status).toBe(200);
    expect(body.passo_ms).toBe(2 * minute);
    expect(body.itens).toHaveLength(2);
    const cpu = (id: string) => body.itens.find((item: { id: string }) => item.id === id).cpu;
    expect(cpu(other.id)).toEqual(Array(30).fill(null));
    expect(cpu(one.id)).toHaveLength(30);
    expect(cpu(one.id).filter((value: number | null) => value !== null)).toEqual([15, 40]);
    expect(cpu(one.id).indexOf(15)).toBe(14);
    expect(cpu(one.id).at(-1)).toBe(40);
  });

  test('takes at most a hundred, and ids that mean nothing harm nobody', async () => {
    expect((await ask(...Array(101).fill('x'))).status).toBe(422);
    expect((await ask()).status).toBe(422);
    expect((await ask("';--", '', '%00')).body.itens).toEqual([]);
  });
});

describe('the dashboard', () => {
  test('shows mean, minimum and maximum of aligned steps, gaps as gaps, and the same before and after compaction', async () => {
    const one = await machine();
    const start = hourAgo(3 * hour);
    const beats = [at(start, 10), at(start + 30_000, 20), at(start + 10 * minute, 60), at(start + 11 * minute, 80.5)];
    expect((await one.beat(beats)).status).toBe(200);
    const expected = [
      [start, 15, 10, 20],
      [start + 10 * minute, 70.25, 60, 80.5],
    ];
    const before = await one.dashboard('periodo=24h');
    expect(before.body.series.cpu).toEqual(expected);
    expect(before.body.series.disco).toEqual(expected.map(([em]) => [em, 25.5, 25.5, 25.5]));
    await compact();
    await one.beat(beats);
    await one.beat([...beats].reverse());
    expect((await one.dashboard('periodo=24h')).body.series).toEqual(before.body.series);
    const week = await one.dashboard('periodo=7d');
    expect(week.body.series.cpu).toEqual([[start, 42.63, 10, 80.5]]);
    expect((await one.dashboard('periodo=1a')).body.series.cpu).toHaveLength(1);
    expect(week.body).toMatchObject({
      maquina: { id: one.id },
      licenca: { id: one.licencaId },
      anomalias: [],
      alertas: [],
    });
  });

  test('takes a range instead of a period, and refuses one that ends before it begins', async () => {
    const one = await machine();
    const start = hourAgo(40 * day);
    await one.beat([at(start, 10), at(start + 90 * minute, 30), at(start + 40 * hour, 50)]);
    await compact();
    const range = await one.dashboard(`de=${iso(start)}&ate=${iso(start + 3 * hour)}`);
    expect(range.body).toMatchObject({ de: iso(start), ate: iso(start + 3 * hour) });
    // Of a day more than 14 days ago the hours are left.
    expect(range.body.series.cpu).toEqual([
      [start, 10, 10, 10],
      [start + hour, 30, 30, 30],
    ]);
    expect((await one.dashboard(`ate=${iso(start + 41 * hour)}&periodo=24h`)).body.series.cpu).toHaveLength(1);
    for (const query of [`de=${iso(start + 1)}&ate=${iso(start)}`, 'de=ontem', `de=${iso(Date.now() + day)}`]) {
      expect([(await one.dashboard(query)).status, query]).toEqual([422, query]);
      expect([(await one.export(query)).status, query]).toEqual([422, query]);
    }
  });

  test('never has more than 500 points, whatever the range', async () => {
    const one = await machine();
    const now = Date.now();
    const spans = [499_000, 499_001, 500_000, 7 * hour, 3 * day, 100 * day, 729 * day];
    for (const span of spans) {
      const beats = Array.from({ length: 1_000 }, (_, n) => at(now - Math.floor((span * n) / 1_000), 1));
      expect((await one.beat(beats)).status).toBe(200);
      for (const query of [`de=${iso(now - span)}`, `de=${iso(now - span)}&ate=${iso(now)}`]) {
        const { body } = await one.dashboard(query);
        expect(body.series.cpu.length).toBeWithin(100, 501);
      }
    }
  });

  test('shows extra series in their own unit, and as columns of the CSV', async () => {
    const one = await machine();
    const start = hourAgo(2 * hour);
    await one.beat([
      at(start, 1, { extras: { temperatura: 61.5, rede_bytes: 12_345_678_901 } }),
      at(start + minute, 1, { extras: { temperatura: 71.5 } }),
      at(start + 2 * minute, 1),
    ]);
    const read = async () => (await one.dashboard('periodo=24h')).body.extras;
    const expected = {
      temperatura: [[start, 66.5, 61.5, 71.5]],
      rede_bytes: [[start, 12_345_678_900, 12_345_678_901, 12_345_678_901]],
    };
    expect(await read()).toEqual(expected);
    await compact();
    expect(await read()).toEqual(expected);
    const csv = await one.export(`de=${iso(start)}&extras=true`);
    expect(csv.body).toBe(
      [
        'em,cpu,memoria,disco,temperatura,rede_bytes',
        `${iso(start)},1,50,25.5,61.5,12345678901`,
        `${iso(start + minute)},1,50,25.5,71.5,`,
        `${iso(start + 2 * minute)},1,50,25.5,,`,
        '',
      ].join('\n'),
    );
  });
});

describe('the CSV', () => {
  test('has every heartbeat while it is kept, then its minute, then its hour', async () => {
    const one = await machine();
    const [raw, minutes, hours] = [hourAgo(5 * hour), hourAgo(3 * day), hourAgo(20 * day)];
    for (const start of [raw, minutes, hours]) {
      await one.beat([at(start, 10), at(start + 20_000, 20), at(start + 5 * minute + 7, 33.33)]);
    }
    const all = (await one.export(`de=${iso(hours)}`)).body.trim().split('\n');
    expect(all).toHaveLength(1 + 9);
    await compact();
    const lines = (await one.export(`de=${iso(hours)}`)).body.trim().split('\n');
    expect(lines).toEqual([
      'em,cpu,memoria,disco',
      `${iso(hours)},21.11,50,25.5`,
      `${iso(minutes)},15,50,25.5`,
      // A minute with one heartbeat is that heartbeat.
      `${iso(minutes + 5 * minute + 7)},33.33,50,25.5`,
      `${iso(raw)},10,50,25.5`,
      `${iso(raw + 20_000)},20,50,25.5`,
      `${iso(raw + 5 * minute + 7)},33.33,50,25.5`,
    ]);
    const byHour = (await one.export(`de=${iso(hours)}&resolucao=hora`)).body.trim().split('\n');
    expect(byHour.slice(1)).toEqual([hours, minutes, raw].map((start) => `${iso(start)},21.11,50,25.5`));
    const byMinute = (await one.export(`de=${iso(raw)}&resolucao=minuto`)).body.trim().split('\n');
    expect(byMinute).toHaveLength(3);
    expect((await one.export('resolucao=segundo')).status).toBe(422);
  });

  test('is streamed whole, however long', async () => {
    const one = await machine();
    const start = Date.now() - 5_000 * 1_000;
    for (let from = 0; from < 5_000; from += 1_000) {
      await one.beat(Array.from({ length: 1_000 }, (_, n) => at(start + (from + n) * 1_000, (from + n) % 100)));
    }
    const lines = (await one.export('')).body.trim().split('\n');
    expect(lines).toHaveLength(5_001);
    expect(lines.slice(1).map((row: string) => Date.parse(row.slice(0, 24)))).toEqual(
      Array.from({ length: 5_000 }, (_, n) => start + n * 1_000),
    );
  });
});

describe('a heartbeat over HTTP', () => {
  test('is answered with what the machine needs to know, and nothing else', async () => {
    const one = await machine();
    const { status, body } = await one.beat({ cpu: 1, memoria: 2, disco: 3 });
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['certificado', 'intervalo_s', 'maquina', 'recebidos']);
    expect(body).toMatchObject({ recebidos: 1, intervalo_s: 60, maquina: { bloqueada: false, motivo_bloqueio: null } });
    expect(body.certificado.split('.')).toHaveLength(3);
    const shown = await server.call('GET', `/maquinas/${one.id}`);
    expect(shown.body.ultimas).toEqual({ em: shown.body.ultimo_heartbeat_em, cpu: 1, memoria: 2, disco: 3 });
  });

  test('in a list is stored with all others or with none', async () => {
    const one = await machine();
    const now = Date.now();
    const good = Array.from({ length: 999 }, (_, n) => at(now - n * 1_000, 1));
    for (const bad of [at(now, 100.01), at(now + 6 * minute, 1), { cpu: 1 }, null]) {
      expect((await one.beat([...good, bad])).status).toBe(422);
    }
    expect((await one.export('')).body.trim().split('\n')).toHaveLength(1);
    expect((await one.beat([...good, at(now - hour, 1)])).body.recebidos).toBe(1_000);
    expect((await one.export('')).body.trim().split('\n')).toHaveLength(1_001);
  });
});
