/** A real browser before the compiled executable. What a page writes to its console as an error fails the test. */

import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { admin, startServer, type TestServer } from './app';

const chromiumPath = '/usr/bin/chromium';
if (!existsSync(chromiumPath)) {
  throw new Error(`${chromiumPath} is missing: install Debian's chromium, without it the web UI is not tested`);
}
const quietFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const waitMs = 15_000;

export interface TestBrowser {
  server: TestServer;
  /** A page of a person who has never been here. */
  stranger(options?: Parameters<Browser['newContext']>[0]): Promise<Page>;
  /** A page of someone who has logged in, at an address. */
  person(path: string, who?: { email: string; senha: string }): Promise<Page>;
  /** What pages have complained of since this was last asked. */
  complaints(): string[];
  stop(): Promise<void>;
}

export async function startBrowser(env: Record<string, string> = {}): Promise<TestBrowser> {
  process.env.NARCIDI_TEST_EXECUTABLE = '1';
  const server = await startServer(env);
  const browser = await chromium.launch({ executablePath: chromiumPath, args: quietFlags });
  const contexts: BrowserContext[] = [];
  /** Who has logged in by hand once, and so need not type it again. */
  const known = new Map<string, Awaited<ReturnType<BrowserContext['storageState']>>>();
  let complained: string[] = [];

  async function stranger(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ locale: 'pt-BR', acceptDownloads: true, ...options });
    contexts.push(context);
    context.setDefaultTimeout(waitMs);
    const page = await context.newPage();
    page.on('pageerror', (error) => complained.push(error.message));
    page.on('console', (message) => {
      // A refused call is written there by the browser itself; what it means is the page's to say.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
        complained.push(message.text());
      }
    });
    return page;
  }

  return {
    server,
    stranger,
    person: async (path, who = admin) => {
      const storageState = known.get(who.email);
      const page = await stranger(storageState ? { storageState } : {});
      await page.goto(server.url + path);
      if (!storageState) await fillLogin(page, who);
      await page.getByRole('navigation').first().waitFor();
      if (!storageState) known.set(who.email, await page.context().storageState());
      return page;
    },
    complaints: () => {
      const found = complained;
      complained = [];
      return found;
    },
    stop: async () => {
      for (const context of contexts) await context.close();
      await browser.close();
      await server.stop();
    },
  };
}

export async function fillLogin(page: Page, { email, senha }: { email: string; senha: string }): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Senha', { exact: true }).fill(senha);
  await page.getByRole('button', { name: 'Entrar', exact: true }).click();
}
