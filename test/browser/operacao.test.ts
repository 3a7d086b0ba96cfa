/**
 * Journeys of the house: 24 a release uploaded, published and rolled out, 25 a webhook and its delivery, 26 an alert rule, 27 a
 * person of a lesser profile sees less, 28 a profile's matrix, 29 an invoice paid, 30 a backup, 31 a job, 32 a report, 33 the
 * audit, 34 the server goes away and comes back, 35 theme and language, 36 by keyboard alone, 37 a pinned
 * version, 38 the settings.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { senhaForte, userWith } from '../support/access';
import { createLicenca, unique } from '../support/app';
import { startBrowser, type TestBrowser } from '../support/browser';
import { startReceiver } from '../support/receiver';

let browser: TestBrowser;
beforeAll(async () => {
  browser = await startBrowser({ NARCIDI_WEBHOOK_ALLOW_PRIVATE: 'on' });
});
afterAll(() => browser.stop());
afterEach(() => expect(browser.complaints()).toEqual([]));

const call: TestBrowser['server']['call'] = (...args) => browser.server.call(...args);

describe('a release', () => {
  test('is uploaded, published and rolled out; hostile notes run nothing', async () => {
    const page = await browser.person('/versoes');
    await page.getByRole('button', { name: 'Enviar versão' }).first().click();
    const form = page.getByRole('dialog');
    const file = {
      name: 'Instalador-2.1.0.exe',
      mimeType: 'application/octet-stream',
      buffer: Buffer.alloc(300_000, 7),
    };
    await form.locator('input[type=file]').setInputFiles(file);
    const version = form.getByRole('textbox', { name: 'Versão', exact: true });
    await version.and(form.locator('[value="2.1.0"]')).waitFor();
    await form
      .getByLabel('Notas da versão')
      .fill('# Novidades\n\n<script>document.title="tomado"</script>\n\n[link](javascript:alert(1))');
    await form.getByRole('button', { name: 'Enviar versão' }).click();
    await page.getByRole('row').getByRole('link', { name: '2.1.0' }).click();
    await page.getByRole('heading', { name: 'Novidades' }).waitFor();
    expect(await page.title()).toBe('narcidicontrol');
    expect(await page.locator('a[href^="javascript:"]').count()).toBe(0);
    await page.getByRole('button', { name: 'Publicar' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Publicar' }).click();
    await page.getByText('Publicada').first().waitFor();
    await page.getByRole('slider', { name: 'Distribuição' }).focus();
    await page.keyboard.press('Home');
    await page.getByText('Salvo').waitFor();
    const { body } = await call('GET', '/uploads/versao');
    expect(body.itens[0]).toMatchObject({ status: 'publicada', distribuicao_pct: 0 });
  });
});

describe('a version', () => {
  test('is pinned for a customer, and let go', async () => {
    const { clienteId } = await createLicenca(browser.server);
    const page = await browser.person(`/clientes/${clienteId}?aba=versoes`);
    await page.getByRole('button', { name: 'Fixar versão' }).click();
    await page.getByRole('dialog').getByLabel('Versão').fill('2.0.3');
    await page.getByRole('dialog').getByRole('button', { name: 'Fixar versão' }).click();
    await page.getByText('2.0.3', { exact: true }).waitFor();
    const pins = async () => (await browser.server.call('GET', `/uploads/fixacoes?alvo_id=${clienteId}`)).body.itens;
    expect(await pins()).toMatchObject([{ alvo: 'cliente', versao: '2.0.3' }]);
    await page.getByRole('button', { name: 'Soltar' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Soltar' }).click();
    await page.getByText('Nenhuma versão fixada').waitFor();
    expect(await pins()).toEqual([]);
  });
});

describe('telling others', () => {
  test('a webhook is made, tested, and its delivery can be looked at', async () => {
    const receiver = startReceiver(() => new Response(null, { status: 204 }));
    const page = await browser.person('/webhooks');
    await page.getByRole('button', { name: 'Novo webhook' }).first().click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Endereço').fill(receiver.url);
    await form.getByRole('combobox', { name: 'Eventos' }).fill('licenca.*');
    await page.keyboard.press('Enter');
    await form.getByRole('button', { name: 'Criar' }).click();
    await page.getByText('O segredo, mostrado só agora').waitFor();
    expect(await page.getByRole('dialog').locator('pre').textContent()).toStartWith('whsec_');
    await page.getByRole('dialog').getByRole('button', { name: 'Fechar' }).last().click();
    await page.getByRole('row').getByRole('link').first().click();
    await page.getByRole('button', { name: 'Mandar teste' }).click();
    await page.getByRole('row').getByText('Entregue').waitFor();
    await page.getByRole('row').nth(1).getByRole('button').first().click();
    await page.getByText('webhook-id').waitFor();
    await receiver.stop();
  });

  test('a webhook may be for some customers only', async () => {
    const nome = unique('Cliente do webhook');
    const { body: cliente } = await call('POST', '/clientes', { nome, email: `${unique('w')}@exemplo.com.br` });
    const page = await browser.person('/webhooks');
    await page.getByRole('button', { name: 'Novo webhook' }).first().click();
    const form = page.getByRole('dialog');
    const url = `http://127.0.0.1:9/${unique('so-de-um')}`;
    await form.getByLabel('Endereço').fill(url);
    await form.getByRole('combobox', { name: 'Eventos' }).fill('fatura.paga');
    await page.keyboard.press('Enter');
    await form.getByRole('combobox', { name: 'Só destes clientes' }).fill(nome);
    await page.getByRole('option', { name: nome }).click();
    await page.keyboard.press('Tab');
    await form.getByRole('button', { name: 'Criar' }).click();
    await page.getByText('whsec_').waitFor();
    const { body } = await call('GET', '/webhooks');
    const made = body.itens.find((one: { url: string }) => one.url === url);
    expect(made.cliente_ids).toEqual([cliente.id]);
    const edit = await browser.person(`/webhooks/${made.id}`);
    await edit.getByRole('button', { name: 'Editar' }).click();
    await edit.getByRole('dialog').getByText(nome).waitFor();
  });

  test('an alert rule is made', async () => {
    const page = await browser.person('/alertas?aba=regras');
    await page.getByText('de fábrica').first().waitFor();
    await page.getByRole('button', { name: 'Nova regra' }).click();
    const form = page.getByRole('dialog');
    const nome = unique('Disco cheio');
    await form.getByLabel('Nome').fill(nome);
    await form.getByRole('button', { name: 'Criar' }).click();
    await page.getByRole('row').getByText(nome).waitFor();
  });
});

describe('people', () => {
  test('who may only read are shown nothing to change, and the server refuses it too', async () => {
    const { email } = await userWith(browser.server, 'leitura');
    const page = await browser.person('/clientes', { email, senha: senhaForte });
    await page.getByRole('heading', { name: 'Clientes' }).waitFor();
    expect(await page.getByRole('button', { name: 'Novo cliente' }).count()).toBe(0);
    await page.goto(`${browser.server.url}/usuarios`);
    await page.getByRole('heading', { name: 'Usuários' }).waitFor();
    expect(await page.getByRole('button', { name: 'Novo usuário' }).count()).toBe(0);
    const support = await userWith(browser.server, 'suporte');
    const other = await browser.person('/auditoria', { email: support.email, senha: senhaForte });
    await other.getByText('Seu perfil não permite ver isto').waitFor();
    expect(await other.getByRole('link', { name: 'Auditoria' }).count()).toBe(0);
  });

  test('get a profile of their own, by the matrix', async () => {
    const page = await browser.person('/perfis');
    await page.getByRole('button', { name: 'Novo perfil' }).click();
    const form = page.getByRole('dialog');
    const nome = unique('Balcão');
    await form.getByRole('textbox', { name: 'Nome' }).fill(nome);
    await form.getByLabel('clientes: Ver').check();
    await form.getByLabel('maquinas: Bloquear').check();
    await form.getByRole('button', { name: 'Salvar' }).click();
    await page.getByRole('row').getByText(nome).waitFor();
    const { body } = await call('GET', '/perfis?limite=200');
    const made = body.itens.find((perfil: { nome: string }) => perfil.nome === nome);
    expect(made.permissoes.sort()).toEqual(['clientes:ler', 'maquinas:bloquear']);
  });
});

describe('money and care', () => {
  test('an invoice is marked as paid', async () => {
    const { body: produto } = await call('GET', '/produtos');
    const plano = { nome: unique('Plano'), produto_id: produto.itens[0].id, preco_centavos: 19_990, periodo: 'mensal' };
    const { body: made } = await call('POST', '/planos', plano);
    const cliente = await call('POST', '/clientes', { nome: 'Pagadora', email: `${unique('p')}@exemplo.com.br` });
    const licenca = { cliente_id: cliente.body.id, tipo: 'assinatura', plano_id: made.id };
    expect((await call('POST', '/licencas', licenca)).status).toBe(201);
    const page = await browser.person('/faturas');
    // On a phone, where what can be done has a line of its own.
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('row').getByText('R$ 199,90').waitFor();
    await page.getByRole('button', { name: 'Dar baixa' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Dar baixa' }).click();
    await page.getByRole('row').getByText('Paga', { exact: true }).waitFor();
  });

  test('a backup is made and verified', async () => {
    const page = await browser.person('/backups');
    await page.getByText('Nenhum backup ainda').waitFor();
    await page.getByRole('button', { name: 'Fazer backup agora' }).first().click();
    await page.getByRole('row').getByText('Conferido').waitFor();
  });

  test('a job is run, and its runs are there', async () => {
    const page = await browser.person('/tarefas');
    const row = page.getByRole('row').filter({ hasText: '*/5 * * * *' }).first();
    await row.getByRole('button', { name: 'Executar agora' }).click();
    await row.getByText('Sucesso').waitFor();
    await row.getByRole('button', { name: 'Execuções' }).click();
    await page.getByRole('dialog').getByText('Sucesso').first().waitFor();
  });

  test('a report is made and can be read here', async () => {
    const page = await browser.person('/relatorios');
    await page.getByRole('button', { name: 'Gerar agora' }).click();
    await page.getByRole('menuitem', { name: 'Mensal' }).click();
    await page.getByRole('row').nth(1).getByRole('button', { name: 'Ver' }).click();
    await page.frameLocator('iframe').getByRole('heading').first().waitFor();
  });

  test('the audit shows what changed, and that nobody has tampered with it', async () => {
    const { body } = await call('POST', '/clientes', { nome: 'Antes', email: `${unique('a')}@exemplo.com.br` });
    await call('PUT', `/clientes/${body.id}`, { nome: 'Depois' });
    const page = await browser.person('/auditoria?entidade=cliente');
    await page.getByRole('row').nth(1).getByRole('button').click();
    await page.getByRole('cell', { name: 'Depois', exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Verificar integridade' }).click();
    await page.getByText(/^Íntegra: /).waitFor();
  });
});

describe('the settings', () => {
  test('are found by what they are for, and a test mail says what is missing', async () => {
    const page = await browser.person('/configuracoes');
    await page.getByLabel('Buscar configuração').fill('FUSO horario');
    await page.getByText('NARCIDI_TZ', { exact: true }).waitFor();
    expect(await page.getByText('NARCIDI_PORT', { exact: true }).count()).toBe(0);
    await page.getByLabel('Buscar configuração').fill('smtp');
    await page.getByLabel('Enviar para').fill('dona@exemplo.com.br');
    await page.getByRole('button', { name: 'Enviar e-mail de teste' }).click();
    await page.getByText('Este servidor ainda não envia e-mails').waitFor();
  });
});

describe('the screen', () => {
  test('says when the server is away, and goes on when it is back', async () => {
    const page = await browser.person('/clientes');
    await page.getByRole('heading', { name: 'Clientes' }).waitFor();
    await page.context().setOffline(true);
    await page.getByRole('searchbox', { name: 'Buscar' }).fill('qualquer');
    await page.getByText('Sem conexão com o servidor.').waitFor();
    await page.context().setOffline(false);
    await page.getByText('Sem conexão com o servidor.').waitFor({ state: 'detached' });
    await page.getByText('Nada com esses filtros').waitFor();
  });

  test('is dark or light, in Portuguese or English, and stays so', async () => {
    const page = await browser.person('/');
    await page.getByRole('button', { name: 'Minha conta' }).click();
    await page.getByRole('menuitem', { name: 'Tema escuro' }).click();
    await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
    await page.getByRole('button', { name: 'Minha conta' }).click();
    await page.getByRole('menuitem', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
    await page.locator('html[lang="en"][data-mantine-color-scheme="dark"]').waitFor();
  });

  test('can be walked by keyboard alone: skip link, list, drawer, and out again', async () => {
    await call('POST', '/clientes', { nome: 'Só Teclado', email: `${unique('t')}@exemplo.com.br` });
    const page = await browser.person('/clientes?busca=Teclado');
    await page.getByRole('link', { name: 'Só Teclado' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Pular para o conteúdo');
    await page.keyboard.press('Enter');
    // From the content on: until the customer's link has the focus.
    for (let step = 0; step < 25; step += 1) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate(() => document.activeElement?.textContent)) === 'Só Teclado') break;
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Só Teclado' }).waitFor();
    await page.getByRole('button', { name: 'Editar' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement?.textContent === 'Editar');
  });
});
