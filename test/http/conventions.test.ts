import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createLicenca, httpClient, startServer, type TestServer, unique } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const cliente = () => ({ nome: 'Cliente', email: `${unique('conv')}@exemplo.com.br` });

describe('errors are problem documents', () => {
  test.each([
    ['malformed JSON', 'POST', '/clientes', '{"nome":', 400, 'JSON_INVALIDO'],
    ['bytes that are no UTF-8 JSON', 'POST', '/clientes', '\u0000', 400, 'JSON_INVALIDO'],
    ['a body that is no object', 'POST', '/clientes', '[]', 422, 'VALIDACAO'],
    ['an empty body', 'POST', '/clientes', '', 422, 'VALIDACAO'],
    ['an unknown id', 'GET', '/clientes/0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d', undefined, 404, 'NAO_ENCONTRADO'],
    ['an id that is none', 'GET', '/clientes/42', undefined, 422, 'VALIDACAO'],
    ['an unknown path', 'GET', '/nada', undefined, 404, 'NAO_ENCONTRADO'],
    ['a limit beyond 200', 'GET', '/clientes?limite=201', undefined, 422, 'VALIDACAO'],
    ['a limit of zero', 'GET', '/clientes?limite=0', undefined, 422, 'VALIDACAO'],
    ['an unknown order', 'GET', '/clientes?ordem=senha_hash', undefined, 422, 'VALIDACAO'],
    ['a cursor that is none', 'GET', '/clientes?cursor=abc', undefined, 422, 'CURSOR_INVALIDO'],
    ['an unknown enum value', 'GET', '/clientes?status=feliz', undefined, 422, 'VALIDACAO'],
  ])('%s', async (_, method, path, body, status, codigo) => {
    const answer = await server.call(method, path, body);
    expect([answer.status, answer.body.codigo]).toEqual([status, codigo]);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    for (const field of ['type', 'title', 'status', 'detail', 'instance']) expect(answer.body).toHaveProperty(field);
    expect(JSON.stringify(answer.body)).not.toMatch(/\bat .*\.ts|node_modules|bunfs/);
  });

  test('a parameter that is refused is named', async () => {
    for (const query of ['limite=0', 'limite=201', 'limite=muitos', 'total=talvez']) {
      const { status, body } = await server.call('GET', `/maquinas?status=online&${query}`);
      expect([query, status, body.erros[0].campo]).toEqual([query, 422, query.split('=')[0]]);
    }
    expect((await server.call('GET', '/maquinas/abc')).body.erros).toEqual([
      { campo: 'id', mensagem: 'deve ser um UUID' },
    ]);
  });

  test('a body that is too large, announced', async () => {
    const answer = await server.call('POST', '/clientes', JSON.stringify({ nome: 'x'.repeat(10 * 1024 * 1024) }));
    expect([answer.status, answer.body.codigo]).toEqual([413, 'CORPO_GRANDE_DEMAIS']);
  });

  test('a body that is too large, in chunks', async () => {
    const chunk = new Uint8Array(256 * 1024).fill(32);
    let sent = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        sent += 1;
        if (sent > 40) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const { status } = await server.call('GET', '/auth/me');
    expect(status).toBe(200);
    const response = await fetch(`${server.url}/api/v1/licencas/ativar/AAAAA`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(413);
  });

  test('another content type', async () => {
    const answer = await server.call('POST', '/clientes', 'nome=x', { 'content-type': 'text/plain' });
    expect([answer.status, answer.body.codigo]).toEqual([415, 'TIPO_DE_CONTEUDO']);
  });

  test('no token comes before anything about the body', async () => {
    for (const body of ['{', '{}', JSON.stringify(cliente())]) {
      const answer = await server.call('POST', '/clientes', body, { authorization: null });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toStartWith('Bearer');
    }
  });

  test.each(['Bearer', 'Bearer abc', 'Basic YTpi', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.', 'Bearer nm_abc'])(
    'authorization %j is 401',
    async (authorization) => {
      const answer = await server.call('GET', '/clientes', undefined, { authorization });
      expect([answer.status, answer.body.codigo]).toEqual([401, 'TOKEN_INVALIDO']);
    },
  );

  test('a cut request leaves the server well', async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      'POST /api/v1/clientes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"no',
    );
    await new Promise((resolve) => socket.write('', resolve));
    socket.destroy();
    expect((await server.call('GET', '/clientes')).status).toBe(200);
  });
});

describe('creating', () => {
  test('answers 201 with Location and ETag, and GET there finds it', async () => {
    const answer = await server.call('POST', '/clientes/', cliente());
    expect(answer.status).toBe(201);
    const location = answer.headers.get('location') ?? '';
    const found = await server.call('GET', location.replace('/api/v1', ''));
    expect(found.body).toEqual(answer.body);
    expect(found.headers.get('etag')).toBe(answer.headers.get('etag'));
  });

  test('the trailing slash is optional everywhere', async () => {
    const { body } = await server.call('POST', '/clientes', cliente());
    for (const path of [
      '/clientes',
      '/clientes/',
      `/clientes/${body.id}`,
      `/clientes/${body.id}/`,
      '/clientes/?limite=1',
    ]) {
      expect((await server.call('GET', path)).status).toBe(200);
    }
  });

  test('times are RFC 3339 in UTC and ids UUIDv7', async () => {
    const { body } = await server.call('POST', '/clientes', cliente());
    expect(body.criado_em).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    expect(body.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('revisions', () => {
  test('a stale If-Match is 412 and changes nothing', async () => {
    const created = await server.call('POST', '/clientes', cliente());
    const path = `/clientes/${created.body.id}`;
    const etag = created.headers.get('etag');
    const first = await server.call('PUT', path, { nome: 'Primeiro' }, { 'if-match': etag });
    expect([first.status, first.body.nome]).toEqual([200, 'Primeiro']);
    const stale = await server.call('PUT', path, { nome: 'Segundo' }, { 'if-match': etag });
    expect([stale.status, stale.body.codigo]).toEqual([412, 'VERSAO_DESATUALIZADA']);
    expect((await server.call('GET', path)).body.nome).toBe('Primeiro');
    expect(
      (await server.call('PUT', path, { nome: 'Terceiro' }, { 'if-match': first.headers.get('etag') })).status,
    ).toBe(200);
  });

  test('PUT takes any subset and leaves the rest', async () => {
    const created = await server.call('POST', '/clientes', {
      ...cliente(),
      telefone: '67 3333-0000',
      metadados: { a: 1 },
    });
    const answer = await server.call('PUT', `/clientes/${created.body.id}`, { tipo: 'enterprise' });
    const { atualizado_em: _, ...rest } = answer.body;
    const { atualizado_em: __, ...before } = created.body;
    expect(rest).toEqual({ ...before, tipo: 'enterprise' });
  });
});

describe('Idempotency-Key', () => {
  test('the same key and body replays the first answer', async () => {
    const body = cliente();
    const key = { 'idempotency-key': unique('chave') };
    const first = await server.call('POST', '/clientes', body, key);
    const second = await server.call('POST', '/clientes', body, key);
    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
  });

  test('another body under the same key is 422', async () => {
    const key = { 'idempotency-key': unique('chave') };
    await server.call('POST', '/clientes', cliente(), key);
    const answer = await server.call('POST', '/clientes', cliente(), key);
    expect([answer.status, answer.body.codigo]).toEqual([422, 'IDEMPOTENCIA_DIVERGENTE']);
  });

  test('twenty at once make one licence', async () => {
    const { clienteId } = await createLicenca(server);
    const key = { 'idempotency-key': unique('chave') };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        server.call('POST', '/licencas', { cliente_id: clienteId, tipo: 'perpetua' }, key),
      ),
    );
    expect(new Set(answers.map(({ body }) => body.chave)).size).toBe(1);
    const { body } = await server.call('GET', `/licencas?cliente_id=${clienteId}&total=true`);
    expect(body.total).toBe(2);
  });

  test('a refused request is replayed as refused', async () => {
    const key = { 'idempotency-key': unique('chave') };
    const first = await server.call('POST', '/clientes', { nome: '' }, key);
    const second = await server.call('POST', '/clientes', { nome: '' }, key);
    expect([first.status, second.status]).toEqual([422, 422]);
  });

  test('a key belongs to its caller', async () => {
    const body = cliente();
    const key = { 'idempotency-key': unique('chave') };
    await server.call('POST', '/clientes', body, key);
    expect((await httpClient(server.url, null)('POST', '/clientes', body, key)).status).toBe(401);
  });
});

describe('the host name', () => {
  test('may be of one letter', async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.end('GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    expect((await once(socket, 'data')).toString()).toStartWith('HTTP/1.1 200');
  });
});

describe('request ids', () => {
  test('come back as given, or are made', async () => {
    const given = await server.call('GET', '/clientes', undefined, { 'x-request-id': 'pedido-42' });
    expect(given.headers.get('x-request-id')).toBe('pedido-42');
    const made = await server.call('GET', '/clientes', undefined, { 'x-request-id': 'a b<script>' });
    expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('lists', () => {
  test('pages by key through everything once, in order, with Link', async () => {
    const prefix = unique('Pagina');
    for (let n = 0; n < 25; n += 1) {
      await server.call('POST', '/clientes', {
        nome: `${prefix} ${String(n % 7)}`,
        email: `${unique('p')}@exemplo.com.br`,
      });
    }
    for (const ordem of ['nome', '-nome', 'criado_em', '-criado_em', 'email']) {
      const seen: { id: string; nome: string }[] = [];
      let path: string | null = `/clientes?limite=4&ordem=${ordem}&busca=${prefix}&total=true`;
      while (path) {
        const answer = await server.call('GET', path);
        expect(answer.body.total).toBe(25);
        seen.push(...answer.body.itens);
        const link = /<\/api\/v1([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? null;
        expect(link === null).toBe(answer.body.proximo_cursor === null);
        path = link;
      }
      expect(new Set(seen.map(({ id }) => id)).size).toBe(25);
      const nomes = seen.map(({ nome }) => nome);
      if (ordem === 'nome') expect(nomes).toEqual([...nomes].sort());
      if (ordem === '-nome') expect(nomes).toEqual([...nomes].sort().reverse());
    }
  });

  test('a cursor of another order is refused', async () => {
    const { body } = await server.call('GET', '/clientes?limite=1&ordem=nome');
    const answer = await server.call('GET', `/clientes?limite=1&ordem=email&cursor=${body.proximo_cursor}`);
    expect([answer.status, answer.body.codigo]).toEqual([422, 'CURSOR_INVALIDO']);
  });

  test('a part of the name finds, without regard to accents and case', async () => {
    const nome = `${unique('São')} Joãozinho % Açaí`;
    await server.call('POST', '/clientes', { nome, email: `${unique('b')}@exemplo.com.br` });
    for (const busca of ['JOAOZINHO', 'joãoz', 'acai', '% açaí']) {
      const { body } = await server.call('GET', `/clientes?busca=${encodeURIComponent(busca)}`);
      expect(body.itens.map((item: { nome: string }) => item.nome)).toContain(nome);
    }
  });
});

describe('limits per address', () => {
  test('a flood of key calls is 429 with Retry-After, and says that nothing is final', async () => {
    const own = await startServer({ NARCIDI_RATE_LIMIT: 'on' });
    const { licenca } = await createLicenca(own);
    const first = await own.call('GET', `/licencas/verificar/${licenca.chave}`);
    expect(first.headers.get('ratelimit-policy')).toBe('"chave";q=600;w=12');
    expect(first.headers.get('ratelimit')).toMatch(/^"chave";r=\d+;t=\d+$/);
    let refused = first;
    for (let n = 0; n < 5_000 && refused.status === 200; n += 1) {
      refused = await own.call('GET', `/licencas/verificar/${licenca.chave}`);
    }
    expect([refused.status, refused.body.codigo, refused.body.definitivo]).toEqual([429, 'MUITAS_REQUISICOES', false]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(JSON.stringify(refused.body)).not.toContain(licenca.chave);
    await own.stop();
  });
});
