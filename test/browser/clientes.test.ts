/**
 * Journeys with customers and licences: 6 the first customer, 7 a field that is refused, 8 two people editing one record,
 * 9 hostile names, 10 search and filters in the address, 11 blocking with a reason, 12 a licence and its key, 13 why it would
 * fail, 14 renewing, 15 the palette, 16 CSV with errors by line, 17 cancelling by typing.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { createLicenca, unique } from '../support/app';
import { startBrowser, type TestBrowser } from '../support/browser';

let browser: TestBrowser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.stop());
afterEach(() => expect(browser.complaints()).toEqual([]));

const call: TestBrowser['server']['call'] = (...args) => browser.server.call(...args);
async function newCliente(nome: string): Promise<{ id: string; nome: string; email: string }> {
  return (await call('POST', '/clientes', { nome, email: `${unique('c')}@exemplo.com.br` })).body;
}

describe('a customer', () => {
  test('the first one is made from the empty list, which says what it is for', async () => {
    const page = await browser.person('/clientes');
    await page.getByText('Nenhum cliente ainda').waitFor();
    await page.getByRole('button', { name: 'Novo cliente' }).last().click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Nome').fill('Padaria Três Irmãos');
    await form.getByLabel('E-mail').fill('dona@padaria.com.br');
    await form.getByLabel('CPF ou CNPJ').fill('11.222.333/0001-81');
    await form.getByRole('button', { name: 'Criar' }).click();
    await page.getByRole('heading', { name: 'Padaria Três Irmãos' }).waitFor();
    await page.getByText('11.222.333/0001-81').waitFor();
  });

  test('a field that the server refuses says so at the field, and nothing is lost', async () => {
    const page = await browser.person('/clientes');
    await page.getByRole('button', { name: 'Novo cliente' }).first().click();
    const form = page.getByRole('dialog');
    await form.getByRole('button', { name: 'Criar' }).click();
    await form.getByText('Preencha este campo').first().waitFor();
    await form.getByLabel('Nome').fill('Documento errado');
    await form.getByLabel('E-mail').fill(`${unique('d')}@exemplo.com.br`);
    await form.getByLabel('CPF ou CNPJ').fill('123');
    await form.getByRole('button', { name: 'Criar' }).click();
    await form.locator('[aria-invalid="true"]').first().waitFor();
    expect(await form.getByLabel('Nome').inputValue()).toBe('Documento errado');
  });

  test('is taken back to an earlier point of its history', async () => {
    const { id, nome } = await newCliente('Nome certo');
    expect((await call('PUT', `/clientes/${id}`, { nome: 'Engano' })).status).toBe(200);
    const page = await browser.person(`/clientes/${id}`);
    await page.getByRole('button', { name: 'Voltar a este ponto' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Restaurar' }).click();
    await page.getByRole('heading', { name: nome }).waitFor();
  });

  test('edited by two people at once is a choice, shown by field', async () => {
    const { id } = await newCliente('Antes');
    const page = await browser.person(`/clientes/${id}`);
    await page.getByRole('button', { name: 'Editar' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Nome').fill('O meu');
    expect((await call('PUT', `/clientes/${id}`, { nome: 'O deles' })).status).toBe(200);
    await form.getByRole('button', { name: 'Salvar' }).click();
    await page.getByText('Outra pessoa mudou isto').waitFor();
    await page.getByRole('cell', { name: 'O deles' }).waitFor();
    await page.getByRole('button', { name: 'Gravar o meu por cima' }).click();
    await page.getByRole('heading', { name: 'O meu' }).waitFor();
    expect((await call('GET', `/clientes/${id}`)).body.nome).toBe('O meu');
  });

  test('with a hostile name is shown as what it is', async () => {
    const names = ['<img src=x onerror=alert(1)>', '‮שלום עולם', 'A'.repeat(300)];
    const made = await Promise.all(names.map((nome) => newCliente(nome)));
    const page = await browser.person('/clientes');
    for (const { id, nome } of made) {
      await page.goto(`${browser.server.url}/clientes/${id}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(nome);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
      expect(sideways).toBe(false);
    }
  });

  test('is searched and filtered by the address, which can be gone back to', async () => {
    const word = unique('achável').slice(0, 30);
    const { id } = await newCliente(`Loja ${word}`);
    await call('POST', `/clientes/${id}/bloquear`, { motivo: 'teste' });
    const page = await browser.person('/clientes');
    await page.getByRole('searchbox', { name: 'Buscar' }).fill(word);
    await page.waitForURL(/busca=/);
    await page
      .getByRole('row')
      .nth(1)
      .getByRole('link', { name: `Loja ${word}` })
      .waitFor();
    expect(await page.getByRole('row').count()).toBe(2);
    await page.goto(`${browser.server.url}/clientes?busca=${encodeURIComponent(word)}&status=ativo`);
    await page.getByText('Nada com esses filtros').waitFor();
    await page.getByRole('button', { name: 'Limpar filtros' }).click();
    await page.getByRole('row').nth(1).waitFor();
  });

  test('is blocked with a reason, and everything it has with it', async () => {
    const { licenca } = await createLicenca(browser.server, {});
    const page = await browser.person(`/clientes/${licenca.cliente_id}`);
    await page.getByRole('button', { name: 'Bloquear' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.getByRole('button', { name: 'Bloquear' }).isDisabled()).toBe(true);
    await dialog.getByLabel('Motivo').fill('não pagou');
    await dialog.getByRole('button', { name: 'Bloquear' }).click();
    await page.getByText('Motivo do bloqueio').waitFor();
    const { body } = await browser.server.call('GET', `/licencas/verificar/${licenca.chave}`);
    expect(body.codigo).toBe('CLIENTE_BLOQUEADO');
    await page.getByRole('button', { name: 'Ativar' }).click();
    await page.getByRole('button', { name: 'Bloquear' }).waitFor();
  });

  test('is cancelled only by typing its name', async () => {
    const { id } = await newCliente('Some Daqui');
    const page = await browser.person(`/clientes/${id}`);
    await page.getByRole('button', { name: 'Ações' }).click();
    await page.getByRole('menuitem', { name: 'Cancelar cliente' }).click();
    const dialog = page.getByRole('dialog');
    const button = dialog.getByRole('button', { name: 'Cancelar cliente' });
    await dialog.getByLabel('Digite').fill('some daqui');
    expect(await button.isDisabled()).toBe(true);
    await dialog.getByLabel('Digite').fill('Some Daqui');
    await button.click();
    await page.getByText('Cancelado').first().waitFor();
    expect((await call('GET', `/clientes/${id}`)).body.status).toBe('cancelado');
  });
});

describe('a licence', () => {
  test('is made for a customer, shows its key, and says why it would fail', async () => {
    const { id } = await newCliente('Compradora');
    const page = await browser.person(`/clientes/${id}`);
    await page.getByRole('button', { name: 'Nova licença' }).first().click();
    const form = page.getByRole('dialog');
    await form.getByRole('combobox', { name: 'Tipo' }).click();
    await page.getByRole('option', { name: 'Demonstração' }).click();
    await form.getByRole('button', { name: 'Criar' }).click();
    await page.getByText('A licença está pronta').waitFor();
    const chave = await page.getByRole('dialog').locator('code').textContent();
    expect(chave).toMatch(/^([0-9A-Z]{5}-){4}[0-9A-Z]{5}$/);
    await page.getByRole('dialog').getByRole('link', { name: 'Abrir' }).click();
    await page.getByRole('tab', { name: 'Por que esta licença falharia?' }).click();
    await page.getByLabel('Impressão da máquina').fill('uma-maquina-qualquer');
    await page.getByLabel('Produto').fill('outro-produto');
    await page.getByRole('button', { name: 'Perguntar' }).click();
    await page.getByText('PRODUTO_DIFERENTE').first().waitFor();
  });

  test('is renewed', async () => {
    const { licenca } = await createLicenca(browser.server, { tipo: 'temporaria', dias: 10 });
    const page = await browser.person(`/licencas/${licenca.id}`);
    await page.getByRole('button', { name: 'Renovar' }).click();
    await page.getByRole('dialog').getByLabel('Dias a mais').fill('45');
    await page.getByRole('dialog').getByRole('button', { name: 'Renovar' }).click();
    await page.getByText('restam 55 dias').waitFor();
  });
});

describe('finding and importing', () => {
  test('Ctrl+K finds a customer by a few letters', async () => {
    const word = unique('paleta').slice(0, 24);
    const { id } = await newCliente(`Loja ${word}`);
    const page = await browser.person('/');
    await page.getByRole('heading', { name: 'Painel' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('textbox', { name: 'Buscar cliente, licença ou máquina' }).fill(word);
    await page.getByRole('button', { name: `Loja ${word}` }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/clientes/${id}`);
  });

  test('a CSV is looked at first, with what is wrong by line, and its good lines can be taken', async () => {
    const mail = unique('csv');
    const csv = `nome,email\nBoa,${mail}@exemplo.com.br\nRuim,sem-arroba\n`;
    const page = await browser.person('/importar/clientes');
    const file = { name: 'clientes.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) };
    await page.locator('input[type=file]').setInputFiles(file);
    await page.getByText('2 linhas, 1 prontas, 1 com erro').waitFor();
    await page.getByRole('cell', { name: 'email' }).waitFor();
    expect((await call('GET', `/clientes?email=${mail}@exemplo.com.br`)).body.itens).toEqual([]);
    await page.getByLabel('Só as linhas certas').check();
    await page.getByRole('button', { name: 'Importar 1 linhas' }).click();
    await page.getByText('1 linhas importadas').waitFor();
    expect((await call('GET', `/clientes?email=${mail}@exemplo.com.br`)).body.itens).toHaveLength(1);
  });
});
