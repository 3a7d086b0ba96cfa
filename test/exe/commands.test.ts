import { Database } from 'bun:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { admin, adminClient, createLicenca, logIn } from '../support/app';
import { executable, run, scratch, serve } from '../support/executable';

let folder: ReturnType<typeof scratch>;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => folder.remove());

describe('wrong usage', () => {
  test.each([[['fly']], [['serve', '--wings']], [['serve', '--port']], [['admin', 'set']], [['serve', 'extra']], [[]]])(
    '%j prints the usage on stderr and exits with 2',
    async (args) => {
      const { exitCode, stdout, stderr } = await run(args);
      expect(exitCode).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toContain('Usage: narcidicontrol');
    },
  );

  test('every command has --help', async () => {
    const commands = ['serve', 'demo', 'config', 'doctor', 'openapi', 'version', 'admin', 'admin set'];
    for (const args of [[], ...commands.map((command) => command.split(' '))]) {
      const { exitCode, stdout } = await run([...args, '--help']);
      expect([args.join(' '), exitCode]).toEqual([args.join(' '), 0]);
      expect(stdout).toContain('Usage: narcidicontrol');
    }
  });
});

describe('small commands', () => {
  test('version', async () => {
    expect(await run(['version'])).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  test('config shows where each value comes from, and no secret', async () => {
    mkdirSync(join(folder.path, 'data'));
    writeFileSync(
      join(folder.path, 'data/config.json'),
      JSON.stringify({ port: 9000, log_level: 'warn', host: '127.0.0.2' }),
    );
    const { stdout } = await run(['config', '--data', join(folder.path, 'data'), '--host', '127.0.0.3'], {
      env: {
        NARCIDI_HOST: '127.0.0.4',
        NARCIDI_LOG_LEVEL: 'debug',
        NARCIDI_ADMIN_PASSWORD: 'muito-secreta',
        NARCIDI_PAYMENT_SECRET: 'whsec_x',
      },
    });
    const shown = JSON.parse(stdout);
    expect(shown.NARCIDI_HOST).toMatchObject({ value: '127.0.0.3', source: 'flag' });
    expect(shown.NARCIDI_LOG_LEVEL).toMatchObject({ value: 'debug', source: 'environment' });
    expect(shown.NARCIDI_PORT).toMatchObject({ value: '9000', source: 'config.json' });
    expect(shown.NARCIDI_TOKEN_TTL).toMatchObject({ value: '900', source: 'default' });
    expect(stdout).not.toMatch(/muito-secreta|whsec_x/);
  });

  test.each([
    [{ NARCIDI_PORT: 'eighty' }, {}, 'NARCIDI_PORT'],
    [{ NARCIDI_PORT: '70000' }, {}, 'NARCIDI_PORT'],
    [{ NARCIDI_LOG_LEVEL: 'loud' }, {}, 'NARCIDI_LOG_LEVEL'],
    [{ NARCIDI_TZ: 'Marte/Olympus' }, {}, 'NARCIDI_TZ'],
    [{ NARCIDI_RATE_LIMIT: 'maybe' }, {}, 'NARCIDI_RATE_LIMIT'],
    [{}, { colour: 'blue' }, 'colour'],
    [{}, '[', 'config.json'],
  ])('a setting that is not valid, %j %j, is one line on stderr and exit 1', async (env, file, named) => {
    mkdirSync(join(folder.path, 'data'));
    writeFileSync(join(folder.path, 'data/config.json'), typeof file === 'string' ? file : JSON.stringify(file));
    for (const command of ['serve', 'config', 'doctor']) {
      const { exitCode, stdout, stderr } = await run([command, '--data', join(folder.path, 'data')], {
        env: { ...env } as Record<string, string>,
      });
      expect([exitCode, stdout]).toEqual([1, '']);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toContain(named);
    }
  });

  test('openapi prints a document in which every operation is described', async () => {
    const { exitCode, stdout } = await run(['openapi']);
    expect(exitCode).toBe(0);
    const document = JSON.parse(stdout);
    const operations = Object.entries<
      Record<string, { operationId?: string; tags?: string[]; security?: object[]; requestBody?: { content: object } }>
    >(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
    );
    expect(operations.length).toBeGreaterThan(25);
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, operationId, tags, security, requestBody } of operations) {
      expect({ name, described: Boolean(operationId && tags?.length && security) }).toEqual({ name, described: true });
      if (requestBody) expect(Object.keys(requestBody.content)).toHaveLength(1);
    }
    expect(Object.keys(document.components.securitySchemes)).toContain('bearer');
    expect(stdout).not.toContain('"const"');
  });
});

describe('admin set', () => {
  test('works with the server stopped and while it runs, and ends the sessions', async () => {
    const data = join(folder.path, 'data');
    const set = (senha: string) =>
      run(['admin', 'set', '--email', 'Dona@Exemplo.com.br', '--senha-stdin', '--data', data], { stdin: `${senha}\n` });
    expect((await set('primeira-senha')).exitCode).toBe(0);
    const server = await serve(data);
    // There is an administrator already: the one of the environment is not made.
    expect((await logIn(server.url, admin.email, admin.senha)).status).toBe(400);
    const { status, body } = await logIn(server.url, 'dona@exemplo.com.br', 'primeira-senha');
    expect(status).toBe(200);
    expect((await set('segunda-senha')).exitCode).toBe(0);
    expect((await logIn(server.url, 'dona@exemplo.com.br', 'primeira-senha')).status).toBe(400);
    expect((await logIn(server.url, 'dona@exemplo.com.br', 'segunda-senha')).status).toBe(200);
    const me = await fetch(`${server.url}/api/v1/auth/me`, {
      headers: { authorization: `Bearer ${body.access_token}` },
    });
    expect(me.status).toBe(401);
    expect(await server.signal('SIGTERM')).toBe(0);
  });

  test('refuses a short password and something that is no e-mail', async () => {
    for (const [email, senha] of [
      ['a@b.c', 'curta'],
      ['sem-arroba', 'senha-comprida'],
    ]) {
      const { exitCode, stderr } = await run(
        ['admin', 'set', '--email', email ?? '', '--senha-stdin', '--data', join(folder.path, 'd')],
        { stdin: senha ?? '' },
      );
      expect(exitCode).toBe(1);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    }
  });
});

describe('starting and stopping', () => {
  test('without an administrator a one-time code opens the set-up, once', async () => {
    const server = await serve(join(folder.path, 'data'), { NARCIDI_ADMIN_EMAIL: '', NARCIDI_ADMIN_PASSWORD: '' });
    const { setup_url } = await server.line((line) => 'setup_url' in line);
    const codigo = new URL(String(setup_url)).searchParams.get('codigo') ?? '';
    const setup = (body: object) =>
      fetch(`${server.url}/api/v1/setup`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const input = { codigo, email: 'dona@exemplo.com.br', senha: 'senha-da-dona', nome: 'Dona' };
    // The address a person opens: the wizard of the web UI, which reads the code from it.
    const page = await fetch(String(setup_url), { headers: { accept: 'text/html' } });
    expect([page.status, (await page.text()).includes(codigo)]).toEqual([200, false]);
    expect((await setup({ ...input, codigo: 'errado' })).status).toBe(403);
    expect((await setup({ ...input, senha: 'curta' })).status).toBe(422);
    expect((await setup(input)).status).toBe(201);
    expect((await setup(input)).status).toBe(410);
    expect((await logIn(server.url, 'dona@exemplo.com.br', 'senha-da-dona')).status).toBe(200);
    expect(await server.signal('SIGTERM')).toBe(0);
  });

  test('each hindrance is one clear line and exit 1', async () => {
    const data = join(folder.path, 'data');
    const server = await serve(data);
    const httpPort = new URL(server.url).port;
    const mqttPort = new URL(server.mqtt).port;
    const other = join(folder.path, 'other');
    const newer = join(folder.path, 'newer');
    const stopped = await serve(newer);
    await stopped.signal('SIGTERM');
    const db = new Database(join(newer, 'narcidi.db'));
    db.run(`INSERT INTO kysely_migration VALUES ('9999-from-the-future', '2030-01-01')`);
    db.close();
    const file = join(folder.path, 'a-file');
    writeFileSync(file, '');
    const hindrances: [string[], RegExp][] = [
      [['--data', data, '--port', '0', '--mqtt-port', '0'], /another server is running/],
      [['--data', other, '--port', httpPort, '--mqtt-port', '0'], /HTTP.*in use/],
      [['--data', other, '--port', '0', '--mqtt-port', mqttPort], /MQTT.*in use/],
      [['--data', join(file, 'below'), '--port', '0', '--mqtt-port', '0'], /cannot be written/],
      [['--data', newer, '--port', '0', '--mqtt-port', '0'], /newer schema/],
      [['--data', other, '--port', '0', '--mqtt-port', '0', '--tls-cert', file], /TLS needs both/],
    ];
    for (const [args, reason] of hindrances) {
      const { exitCode, stderr } = await run(['serve', ...args]);
      expect(stderr).toMatch(reason);
      expect([exitCode, stderr.trim().split('\n').length]).toEqual([1, 1]);
    }
    expect(await server.signal('SIGTERM')).toBe(0);
    // The folder is free again, whatever failed meanwhile.
    const again = await serve(other);
    expect(await again.signal('SIGTERM')).toBe(0);
  });

  test('the data folder is for its owner only', async () => {
    const data = join(folder.path, 'data');
    const server = await serve(data);
    await server.signal('SIGTERM');
    const modes = readdirSync(join(data, 'keys')).map((name) => Bun.file(join(data, 'keys', name)).stat());
    for (const { mode } of await Promise.all(modes)) expect(mode & 0o077).toBe(0);
    expect((await Bun.file(data).stat()).mode & 0o077).toBe(0);
  });
});

describe('a hostile place to run from', () => {
  test('.env, bunfig.toml and package.json beside it are ignored, on a read-only directory, without network', async () => {
    const cwd = join(folder.path, 'hostile');
    mkdirSync(cwd);
    mkdirSync(join(folder.path, 'home'));
    writeFileSync(join(cwd, '.env'), 'NARCIDI_LOG_LEVEL=nonsense\nNARCIDI_PORT=nonsense\n');
    writeFileSync(join(cwd, 'bunfig.toml'), 'preload = ["./evil.ts"]\n');
    writeFileSync(join(cwd, 'evil.ts'), 'console.log("EVIL"); process.exit(42)');
    writeFileSync(join(cwd, 'package.json'), '{"type":"commonjs","main":"evil.ts"}');
    writeFileSync(join(cwd, 'tsconfig.json'), '{"compilerOptions":{"paths":{"*":["./evil.ts"]}}}');
    chmodSync(cwd, 0o555);
    const data = join(folder.path, 'data');
    const doctor = await run(['doctor', '--data', data, '--port', '0', '--mqtt-port', '0'], {
      cwd,
      env: { HOME: join(folder.path, 'home') },
    });
    expect(doctor.stdout).not.toContain('EVIL');
    for (const part of ['sqlite', 'lmdb', 'onnxruntime'])
      expect(doctor.stdout).toMatch(new RegExp(`^ok +${part} `, 'm'));
    expect(doctor.exitCode).toBe(0);
    // onnxruntime would keep a device id below HOME and report home.
    expect(readdirSync(cwd).sort()).toEqual(['.env', 'bunfig.toml', 'evil.ts', 'package.json', 'tsconfig.json']);
    expect(existsSync(join(folder.path, 'home/.cache'))).toBe(false);
    // A network namespace of its own, with nothing but loopback.
    const isolated =
      Bun.which('unshare') && process.getuid?.() === 0
        ? ['unshare', '-n', 'sh', '-c', 'ip link set lo up 2>/dev/null; exec "$0" "$@"']
        : [];
    const server = await serve(data, {}, cwd, isolated);
    expect(await server.signal('SIGTERM')).toBe(0);
    expect(server.lines.some((line) => JSON.stringify(line).includes('EVIL'))).toBe(false);
    chmodSync(cwd, 0o755);
  });

  test('the pages work with no internet: nothing in them is from elsewhere', async () => {
    const server = await serve(join(folder.path, 'data'));
    const front = await (await fetch(server.url)).text();
    expect(front).toContain('/swagger');
    const page = await (await fetch(`${server.url}/swagger`)).text();
    const sources = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source);
    expect(sources).toContain('/swagger/scalar.js');
    expect(sources.every((source) => source?.startsWith('/'))).toBe(true);
    const script = await fetch(`${server.url}/swagger/scalar.js`);
    expect([script.status, (await script.text()).length > 1_000_000]).toEqual([200, true]);
    const ready = (await (await fetch(`${server.url}/readyz`)).json()) as { partes: object };
    expect(ready.partes).toMatchObject({ sqlite: 'ok', lmdb: 'ok' });
    expect(executable).toContain('dist');
    expect(await server.signal('SIGTERM')).toBe(0);
  });
});

describe('the clock', () => {
  test('NARCIDI_CLOCK_OFFSET moves everything that has a business meaning', async () => {
    const data = join(folder.path, 'data');
    const today = await serve(data);
    const { licenca } = await createLicenca({ call: await adminClient(today.url) }, { tipo: 'temporaria', dias: 30 });
    await today.signal('SIGTERM');
    for (const [days, codigo] of [
      [29, 'VALIDA'],
      [30, 'EXPIRADA'],
    ] as const) {
      const later = await serve(data, { NARCIDI_CLOCK_OFFSET: String(days * 86_400) });
      const answer = await (await adminClient(later.url))('GET', `/licencas/verificar/${licenca.chave}`);
      expect(answer.body.codigo).toBe(codigo);
      const { itens } = (await (await adminClient(later.url))('GET', `/licencas?cliente_id=${licenca.cliente_id}`))
        .body;
      expect(itens[0].status).toBe(codigo === 'VALIDA' ? 'ativa' : 'expirada');
      await later.signal('SIGTERM');
    }
  });
});
