/** Journeys at the door: 1 logging in, 2 a wrong password, 3 a deep link, 4 the second factor, 5 a session that ends in mid-form, a forgotten password. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { Secret, TOTP } from 'otpauth';
import { senhaForte, userWith } from '../support/access';
import { admin, unique } from '../support/app';
import { fillLogin, startBrowser, type TestBrowser } from '../support/browser';
import { partsOf, startSmtp, type TestSmtp } from '../support/smtp';

let smtp: TestSmtp;
let browser: TestBrowser;
beforeAll(async () => {
  smtp = await startSmtp();
  browser = await startBrowser({ NARCIDI_SMTP_URL: `smtp://127.0.0.1:${smtp.port}` });
});
afterAll(async () => {
  await browser.stop();
  await smtp.stop();
});
afterEach(() => expect(browser.complaints()).toEqual([]));

describe('logging in', () => {
  test('shows the dashboard; the token is nowhere a script of another site could read it', async () => {
    const page = await browser.person('/');
    await page.getByRole('heading', { name: 'Painel' }).waitFor();
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }) + document.cookie);
    expect(kept).not.toMatch(/eyJ/);
    await page.reload();
    await page.getByRole('heading', { name: 'Painel' }).waitFor();
  });

  test('with a wrong password says so and keeps what was typed', async () => {
    const page = await browser.stranger();
    await page.goto(browser.server.url);
    await fillLogin(page, { ...admin, senha: 'errada-mesmo' });
    await page.getByRole('alert').getByText('E-mail ou senha não conferem.').waitFor();
    expect(await page.getByLabel('E-mail').inputValue()).toBe(admin.email);
  });

  test('at a deep link goes there', async () => {
    const page = await browser.person('/clientes?status=bloqueado');
    await page.getByRole('heading', { name: 'Clientes' }).waitFor();
    expect(new URL(page.url()).search).toBe('?status=bloqueado');
  });

  test('asks for the second factor when there is one', async () => {
    const { email, call: own } = await userWith(browser.server, 'operador');
    const { body: started } = await own('POST', '/auth/2fa', { senha: senhaForte });
    const totp = new TOTP({ secret: Secret.fromBase32(started.segredo) });
    const { status, body: confirmed } = await own('POST', '/auth/2fa/confirmar', { otp: totp.generate() });
    expect(status).toBe(200);
    const page = await browser.stranger();
    await page.goto(browser.server.url);
    await fillLogin(page, { email, senha: senhaForte });
    // A code counts once, so a recovery code is used here.
    await page.getByLabel('Código do autenticador').fill(confirmed.codigos_de_recuperacao[0]);
    await page.getByRole('button', { name: 'Entrar', exact: true }).click();
    await page.getByRole('heading', { name: 'Painel' }).waitFor();
  });
});

describe('a forgotten password', () => {
  test('is set anew from the mail, and only the new one opens the door', async () => {
    const { email } = await userWith(browser.server, 'operador');
    const page = await browser.stranger();
    await page.goto(browser.server.url);
    await page.getByText('Esqueci a senha').click();
    await page.getByLabel('E-mail').fill(email);
    await page.locator('form button[type=submit]').click();
    await page.getByRole('status').waitFor();
    const [mail] = await smtp.received(1);
    expect(mail?.to).toEqual([email]);
    const { text } = partsOf(mail?.source ?? '');
    await page.goto(/https?:\/\/\S+\/redefinir\?codigo=[\w-]+/.exec(text)?.[0] ?? 'about:blank');
    const nova = 'um-trem-vermelho-na-ponte';
    await page.getByLabel('Nova senha').fill(nova);
    await page.getByRole('button', { name: 'Trocar a senha' }).click();
    await page.getByRole('heading', { name: 'Pronto' }).waitFor();
    await page.goto(browser.server.url);
    await fillLogin(page, { email, senha: senhaForte });
    await page.getByRole('alert').getByText('E-mail ou senha não conferem.').waitFor();
    await fillLogin(page, { email, senha: nova });
    await page.getByRole('heading', { name: 'Painel' }).waitFor();
  });
});

describe('a session that ends in mid-form', () => {
  test('leaves the form as it is, and what was sent goes out after the new log-in', async () => {
    const { id, email } = await userWith(browser.server, 'operador');
    const page = await browser.person('/clientes', { email, senha: senhaForte });
    await page.getByRole('button', { name: 'Novo cliente' }).first().click();
    await page.getByRole('dialog').getByLabel('Nome').fill('Mercearia do Fim da Sessão');
    const mail = `${unique('fim')}@exemplo.com.br`;
    await page.getByRole('dialog').getByLabel('E-mail').fill(mail);
    expect((await browser.server.call('DELETE', `/usuarios/${id}/sessoes`)).status).toBe(204);
    await page.getByRole('button', { name: 'Criar' }).click();
    await page.getByText('Sua sessão terminou').waitFor();
    await page.getByLabel('Senha', { exact: true }).fill(senhaForte);
    await page.getByRole('button', { name: 'Entrar', exact: true }).click();
    await page.getByRole('heading', { name: 'Mercearia do Fim da Sessão' }).waitFor();
    const { body } = await browser.server.call('GET', `/clientes?email=${mail}`);
    expect(body.itens).toHaveLength(1);
  });

  test.each(['by leaving first', 'in the same dialog'])(
    'sends nothing in the name of somebody else: %s',
    async (how) => {
      const { id, email } = await userWith(browser.server, 'operador');
      const page = await browser.person('/clientes', { email, senha: senhaForte });
      await page.getByRole('button', { name: 'Novo cliente' }).first().click();
      await page.getByRole('dialog').getByLabel('Nome').fill('De Quem Saiu');
      const mail = `${unique('outra')}@exemplo.com.br`;
      await page.getByRole('dialog').getByLabel('E-mail').fill(mail);
      expect((await browser.server.call('DELETE', `/usuarios/${id}/sessoes`)).status).toBe(204);
      await page.getByRole('button', { name: 'Criar' }).click();
      await page.getByText('Sua sessão terminou').waitFor();
      if (how === 'by leaving first') {
        await page.getByRole('button', { name: 'Sair e entrar como outra pessoa' }).click();
        await page.getByText('Esqueci a senha').waitFor();
        await fillLogin(page, admin);
      } else {
        const dialog = page.getByRole('dialog').filter({ hasText: 'Sua sessão terminou' });
        await dialog.getByLabel('E-mail').fill(admin.email);
        await dialog.getByLabel('Senha', { exact: true }).fill(admin.senha);
        await dialog.getByRole('button', { name: 'Entrar', exact: true }).click();
      }
      await page.getByRole('heading', { name: 'Painel' }).waitFor();
      const { body } = await browser.server.call('GET', `/clientes?email=${mail}`);
      expect(body.itens).toEqual([]);
    },
  );
});
