/** axe-core on every page, in both themes, on a desk and on a phone: nothing serious or critical. */

import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { activate, createLicenca, unique } from '../support/app';
import { startBrowser, type TestBrowser } from '../support/browser';
import { publisher } from '../support/versoes';

let browser: TestBrowser;
let paths: string[] = [];
beforeAll(async () => {
  browser = await startBrowser({ NARCIDI_WEBHOOK_ALLOW_PRIVATE: 'on' });
  paths = await somePages();
}, 60_000);
afterAll(() => browser.stop());
afterEach(() => expect(browser.complaints()).toEqual([]));

/** Every page there is, with something on it. */
async function somePages(): Promise<string[]> {
  const { server } = browser;
  const { licenca } = await createLicenca(server, { limite_maquinas: 3 });
  const { body: activation } = await activate(server, licenca.chave, unique('CAIXA'));
  await server.call(
    'POST',
    '/maquinas/heartbeat',
    { cpu: 20, memoria: 40, disco: 60 },
    { authorization: `Bearer ${activation.token}` },
  );
  const admin = await publisher(server);
  const versao = await admin.publish({ versao: '1.0.0', notas: '# Notas' }, new Uint8Array(1_000));
  const hook = { url: 'http://127.0.0.1:9/gancho', eventos: ['licenca.*'], ativo: false };
  const { body: webhook } = await server.call('POST', '/webhooks', hook);
  await server.call('POST', '/ml/churn/executar');
  await server.call('POST', '/relatorios', { tipo: 'diario' });
  return [
    '/',
    '/clientes',
    `/clientes/${licenca.cliente_id}`,
    `/clientes/${licenca.cliente_id}?aba=risco`,
    '/licencas',
    `/licencas/${licenca.id}?aba=por-que`,
    '/maquinas',
    `/maquinas/${activation.maquina.id}`,
    '/importar/clientes',
    '/versoes',
    `/versoes/${versao.id}`,
    '/faturas',
    '/planos',
    '/planos?aba=produtos',
    '/alertas',
    '/alertas?aba=regras',
    '/webhooks',
    `/webhooks/${webhook.id}`,
    '/auditoria',
    '/configuracoes',
    '/usuarios',
    '/perfis',
    '/chaves-api',
    '/tarefas',
    '/backups',
    '/relatorios',
    '/modelos',
    '/modelos?aba=modelos',
    '/eventos',
    '/logs',
    '/conta',
  ];
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // The page has it now as a global of that name.
  const { violations: found, incomplete }: Pick<axe.AxeResults, 'violations' | 'incomplete'> = await page.evaluate(
    'axe.run(document, { resultTypes: ["violations", "incomplete"] })',
  );
  // axe is in doubt about text in the colour of what is behind it; nobody who wants to read it is.
  const invisible = incomplete.filter(
    ({ id, nodes }) =>
      id === 'color-contrast' && nodes.some(({ any }) => any.some(({ data }) => data?.messageKey === 'equalRatio')),
  );
  return [...found.filter(({ impact }) => impact === 'serious' || impact === 'critical'), ...invisible].map(
    ({ id, nodes }) => `${new URL(page.url()).pathname} ${id}: ${nodes[0]?.html.slice(0, 200)}`,
  );
}

/** Goes to an address within the page, as a link does, and waits until it has come to rest. */
async function goTo(page: Page, path: string): Promise<void> {
  await page.goto(browser.server.url + path);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.waitForFunction(() => document.querySelector('[aria-busy]') === null);
}

/** What is wrong on any page, and where it has to be scrolled sideways. */
async function walk(theme: 'light' | 'dark', width: number): Promise<string[]> {
  const page = await browser.person('/');
  await page.setViewportSize({ width, height: 900 });
  await page.evaluate((scheme) => localStorage.setItem('mantine-color-scheme-value', scheme), theme);
  const found: string[] = [];
  for (const path of paths) {
    await goTo(page, path);
    found.push(...(await violations(page)).map((violation) => `${theme} ${width}: ${violation}`));
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    if (sideways) found.push(`${theme} ${width}: ${path} is wider than the screen`);
  }
  return found;
}

test('every page is for everybody: in both themes, on a desk and on a phone', async () => {
  expect((await Promise.all([walk('light', 1440), walk('dark', 390)])).flat()).toEqual([]);
}, 150_000);

test.each(['light', 'dark'] as const)('so are the doors, and what opens over a page: %s', async (theme) => {
  const found: string[] = [];
  const door = await browser.stranger({ colorScheme: theme });
  await door.goto(browser.server.url);
  await door.getByRole('button', { name: 'Entrar', exact: true }).waitFor();
  found.push(...(await violations(door)));
  await door.goto(`${browser.server.url}/setup?codigo=qualquer`);
  await door.getByRole('button', { name: 'Criar administrador' }).waitFor();
  found.push(...(await violations(door)));
  const page = await browser.person('/clientes');
  await page.emulateMedia({ colorScheme: theme });
  await page.getByRole('button', { name: 'Novo cliente' }).first().click();
  await page.getByRole('dialog').waitFor();
  found.push(...(await violations(page)));
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.getByRole('textbox', { name: 'Buscar cliente, licença ou máquina' }).waitFor();
  expect([...found, ...(await violations(page))]).toEqual([]);
});
