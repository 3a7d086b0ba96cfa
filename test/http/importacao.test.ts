import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLicenca, startServer, type TestServer, unique } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const send = (path: string, csv: string) => server.call('POST', path, csv, { 'content-type': 'text/csv' });
const total = async () => (await server.call('GET', '/clientes?limite=1&total=true')).body.total;

describe('customers from CSV', () => {
  test('a dry run reports each bad row by line and reason, and writes nothing', async () => {
    const taken = `${unique('t')}@exemplo.com.br`;
    await server.call('POST', '/clientes', { nome: 'Já há', email: taken });
    const before = await total();
    const good = `${unique('a')}@exemplo.com.br`;
    const csv = [
      'nome,email,documento,tipo',
      `"Padaria, a Nova",${good},12ABC34501DE35,pro`,
      `,${unique('b')}@exemplo.com.br,,`,
      `Sem e-mail,,,`,
      `Repetido,${good},,`,
      `Tomado,${taken},,`,
      `Documento,${unique('c')}@exemplo.com.br,11222333000180,`,
      `Tipo,${unique('d')}@exemplo.com.br,,ouro`,
    ].join('\r\n');
    const { status, body } = await send('/clientes/importar?simular=true', csv);
    expect(status).toBe(200);
    expect(body).toMatchObject({ simulacao: true, linhas: 7, validas: 1, importadas: 0, total_erros: 6 });
    expect(body.erros.map(({ linha, campo }: { linha: number; campo: string }) => [linha, campo])).toEqual([
      [3, 'nome'],
      [4, 'email'],
      [5, 'email'],
      [6, ''],
      [7, 'documento'],
      [8, 'tipo'],
    ]);
    expect(await total()).toBe(before);
  });

  test('all or nothing, or the bad ones left out', async () => {
    const before = await total();
    const csv = `nome;email\nBom;${unique('g')}@exemplo.com.br\nRuim;sem-arroba\nBom também;${unique('g')}@exemplo.com.br\n`;
    const refused = await send('/clientes/importar?modo=tudo_ou_nada', csv);
    expect([refused.status, refused.body.codigo, refused.body.relatorio.total_erros]).toEqual([
      422,
      'IMPORTACAO_RECUSADA',
      1,
    ]);
    expect(await total()).toBe(before);
    const { body } = await send('/clientes/importar?modo=pular', csv);
    expect(body).toMatchObject({ importadas: 2, total_erros: 1 });
    expect(await total()).toBe(before + 2);
    expect(readdirSync(join(server.data, 'importar'))).toEqual([]);
  });

  test.each([
    ['an unknown column', 'nome,email,senha\na,b@c.com.br,x'],
    ['a quote that never ends', 'nome,email\n"a,b@c.com.br\n'],
    ['a quote within a name', 'nome",email\na,b@c.com.br\n'],
    ['JSON', '{"nome":"a","email":null}'],
    ['rows of different widths', 'nome,email\na\n'],
    ['a record without end', `nome,email\n"${'x'.repeat(100_000)}"\n`],
  ])('%s is refused as a whole', async (_, csv) => {
    const answer = await send('/clientes/importar', csv);
    expect([answer.status, answer.body.codigo]).toEqual([422, 'CSV_INVALIDO']);
  });

  test('what was exported says what was imported; a formula stays a text', async () => {
    const email = `${unique('f')}@exemplo.com.br`;
    await send('/clientes/importar', `nome,email\n"=HYPERLINK(""x"")",${email}\n`);
    const { body, headers } = await server.call('GET', '/clientes/exportar');
    expect(headers.get('content-type')).toStartWith('text/csv');
    const line = body.split('\n').find((row: string) => row.includes(email));
    expect(line).toContain(`"'=HYPERLINK`);
  });
});

describe('licences from CSV', () => {
  test('by the e-mail of their customer', async () => {
    const { clienteId } = await createLicenca(server);
    const { body: cliente } = await server.call('GET', `/clientes/${clienteId}`);
    const csv = `cliente_email,tipo,dias,limite_maquinas,recursos\n${cliente.email},temporaria,90,5,nfe usuarios:10\nninguem@exemplo.com.br,perpetua,,,\n${cliente.email},temporaria,,,\n`;
    const { body } = await send('/licencas/importar?modo=pular', csv);
    expect(body).toMatchObject({ linhas: 3, importadas: 1, total_erros: 2 });
    expect(body.erros.map(({ campo }: { campo: string }) => campo)).toEqual(['cliente_email', 'dias']);
    const { body: page } = await server.call('GET', `/licencas?cliente_id=${clienteId}&tipo=temporaria`);
    expect(page.itens[0]).toMatchObject({ limite_maquinas: 5, recursos: ['nfe', 'usuarios:10'] });
    const exported = await server.call('GET', '/licencas/exportar');
    expect(exported.body).toContain(page.itens[0].id);
  });
});
