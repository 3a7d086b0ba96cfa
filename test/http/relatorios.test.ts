import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { PDFDocument } from 'pdf-lib';
import { activate, admin, createLicenca, eventsOf, logIn, startServer, type TestServer, unique } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

async function get(path: string): Promise<{ headers: Headers; bytes: Buffer }> {
  const { body } = await logIn(server.url, admin.email, admin.senha);
  const response = await fetch(`${server.url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${body.access_token}` },
  });
  expect(response.status).toBe(200);
  return { headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

describe('/relatorios', () => {
  test('are made by their job, told, listed, and say what happened', async () => {
    const nome = 'Pão & <Açúcar> "Ltda."';
    const email = `${unique('p')}@exemplo.com.br`;
    const novo = await server.call('POST', '/clientes', { nome, email });
    const { licenca, clienteId } = await createLicenca(server, { tipo: 'temporaria', dias: 10 });
    const machine = await activate(server, licenca.chave);
    await server.call(
      'POST',
      '/maquinas/heartbeat',
      // There from its very first moment, however long the way of this call is.
      { em: machine.body.maquina.criado_em, cpu: 1, memoria: 1, disco: 1, versao: '2.3.4' },
      { authorization: `Bearer ${machine.body.token}` },
    );
    await server.call('POST', `/clientes/${clienteId}/cancelar`);
    const { body } = await server.call('POST', '/tarefas/relatorio_diario/executar');
    expect(body.ultima).toMatchObject({ resultado: 'sucesso' });
    const { itens } = (await server.call('GET', '/relatorios/?tipo=diario')).body;
    expect(itens).toHaveLength(1);
    expect(itens[0].titulo).toMatch(/^Relatório diário: \d\d\/\d\d\/\d{4} \d\d:\d\d a /);
    expect(eventsOf(server, itens[0].id)).toEqual(['relatorio.diario']);
    const { dados, periodo_inicio, periodo_fim } = (await server.call('GET', `/relatorios/${itens[0].id}`)).body;
    expect(Date.parse(periodo_fim) - Date.parse(periodo_inicio)).toBe(86_400_000);
    expect(dados.clientes).toMatchObject({ novos: 2, perdidos: 1 });
    expect(dados.clientes_novos[0]).toMatchObject({ id: novo.body.id, nome });
    expect(dados.clientes_perdidos).toMatchObject([{ id: clienteId }]);
    expect(dados.licencas.criadas).toBe(1);
    expect(dados.maquinas).toMatchObject({ total: 1, disponibilidade_pct: 100 });
    expect(dados.maquinas_ausentes).toEqual([]);
  });

  test('come as page, table and document, in the formats of Brazil', async () => {
    const { body } = await server.call('POST', '/relatorios/', { tipo: 'mensal' });
    const path = `/relatorios/${body.id}`;
    const csv = await get(`${path}?formato=csv`);
    expect(csv.headers.get('content-type')).toStartWith('text/csv');
    expect(csv.bytes.toString()).toContain('Receita,Recorrente por mês,"R$ 0,00",\n');
    expect(csv.bytes.toString()).toContain('Máquinas,Disponibilidade no período,100%,');
    const html = await get(`${path}?formato=html`);
    expect(html.bytes.toString()).toContain('Pão &amp; &lt;Açúcar&gt; &quot;Ltda.&quot;');
    expect(html.bytes.toString()).toContain('<svg');
    expect(html.bytes.toString()).not.toMatch(/(src|href)=/);
    const pdf = await get(`${path}?formato=pdf`);
    expect(pdf.headers.get('content-type')).toBe('application/pdf');
    expect(pdf.headers.get('content-disposition')).toMatch(/^attachment; filename="relatorio-mensal-[\d-]+\.pdf"$/);
    const document = await PDFDocument.load(pdf.bytes);
    expect(document.getTitle()).toBe(body.titulo);
    expect(document.getPageCount()).toBeGreaterThanOrEqual(1);
  });

  test('refuse an unknown format, kind or id', async () => {
    expect((await server.call('POST', '/relatorios/', { tipo: 'anual' })).status).toBe(422);
    const { body } = await server.call('GET', '/relatorios/?limite=1');
    expect((await server.call('GET', `/relatorios/${body.itens[0].id}?formato=doc`)).status).toBe(422);
    expect((await server.call('GET', '/relatorios/0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d')).status).toBe(404);
  });
});
