/**
 * Pictures of every page, at three widths and in both themes, into .cache/screenshots: `./scripts/screenshots [width…]`. The
 * demo gives them something to show. `./scripts/screenshots readme` makes the one in the README.
 */

import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { pages } from '../src/ui/pages';

const root = resolve(import.meta.dir, '..');
const folder = join(root, '.cache/screenshots');
const readmePicture = join(root, 'src/docs/painel.png');
const widths = process.argv.slice(2).map(Number).filter(Boolean);
const themes = ['light', 'dark'] as const;
const settleMs = 800;
const livedMs = 60_000;
/** Of pino. */
const errorLevel = 50;

interface Line {
  level?: number;
  msg?: string;
  url?: string;
  email?: string;
  senha?: string;
}

const demo = Bun.spawn(
  [join(root, 'dist/narcidicontrol'), 'demo', '--maquinas', '60', '--port', '0', '--mqtt-port', '0'],
  {
    stdout: 'pipe',
    stderr: 'inherit',
  },
);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  const { url = '', email = '', senha = '' } = await loginLine();
  if (process.argv[2] === 'readme') await shootForReadme(url, email, senha);
  else await shootAll(url, email, senha);
} finally {
  await browser.close();
  demo.kill('SIGTERM');
  await demo.exited;
}

async function shootAll(url: string, email: string, senha: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const token = await tokenOf(url, email, senha);
  const paths = await concrete(url, token);
  for (const theme of themes) {
    for (const width of widths.length > 0 ? widths : [1440, 768, 390])
      await shoot({ url, email, senha, theme, width, paths });
  }
  console.log(`${folder}: ${paths.length} pages`);
}

/** The dashboard, once the demo has lived a little. */
async function shootForReadme(url: string, email: string, senha: string): Promise<void> {
  await Bun.sleep(livedMs);
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'pt-BR' });
  const page = await context.newPage();
  await logIn(page, { url, email, senha });
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.waitForTimeout(settleMs);
  await page.screenshot({ path: readmePicture });
  console.log(readmePicture);
}

/** Waits for the log-in, and reads on after it: what goes wrong in the demo is shown. */
function loginLine(): Promise<Line> {
  return new Promise((resolve, reject) => {
    const read = async (): Promise<void> => {
      const decoder = new TextDecoder();
      let rest = '';
      for await (const chunk of demo.stdout) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const parsed = JSON.parse(line) as Line;
          if (parsed.senha) resolve(parsed);
          if ((parsed.level ?? 0) >= errorLevel) console.error(line);
        }
      }
      reject(new Error('the demo has ended'));
    };
    read().catch(reject);
  });
}

async function tokenOf(url: string, email: string, senha: string): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'password', username: email, password: senha });
  const answer = (await (await fetch(`${url}/api/v1/auth/token`, { method: 'POST', body })).json()) as {
    access_token: string;
  };
  return answer.access_token;
}

/** Every page's address, with the id of the first record where one is needed. */
async function concrete(url: string, token: string): Promise<string[]> {
  const call = async (method: string, path: string, body?: object) =>
    (await (
      await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
    ).json()) as { itens?: { id: string }[] };
  await call('POST', '/ml/churn/executar');
  await call('POST', '/relatorios', { tipo: 'diario' });
  await call('POST', '/backups');
  await call('POST', '/webhooks', { url: 'https://exemplo.com.br/narcidi', eventos: ['licenca.*', 'fatura.*'] });
  const lists: Record<string, string> = { versoes: 'uploads/versao' };
  const found: string[] = [];
  for (const { path } of pages) {
    const [, modulo = ''] = path.split('/');
    if (path.endsWith('$tipo')) found.push('/importar/clientes');
    else if (path.endsWith('$id')) {
      const id = (await call('GET', `/${lists[modulo] ?? modulo}?limite=1`)).itens?.[0]?.id;
      if (id) found.push(`/${modulo}/${id}`);
    } else found.push(path);
  }
  return [...found, '/planos?aba=produtos', '/alertas?aba=regras', '/modelos?aba=modelos', '/modelos?aba=suspeitas'];
}

interface Shoot {
  url: string;
  email: string;
  senha: string;
  theme: 'light' | 'dark';
  width: number;
  paths: readonly string[];
}

async function shoot({ url, email, senha, theme, width, paths }: Shoot): Promise<void> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme, locale: 'pt-BR' });
  const page = await context.newPage();
  const save = (name: string) =>
    page.screenshot({ path: join(folder, `${name}-${width}-${theme}.png`), fullPage: true });
  await page.goto(url);
  await page.getByLabel('E-mail').waitFor();
  await save('entrar');
  await logIn(page, { url, email, senha });
  for (const path of paths) {
    await page.goto(url + path);
    await page.getByRole('heading', { level: 1 }).first().waitFor();
    await page.waitForTimeout(settleMs);
    const name =
      path
        .replace(/\/[0-9a-f-]{36}/, '-um')
        .replaceAll(/[/?=]/g, '-')
        .replace(/^-/, '') || 'painel';
    await save(name);
  }
  await context.close();
}

async function logIn(page: Page, { url, email, senha }: Pick<Shoot, 'url' | 'email' | 'senha'>): Promise<void> {
  await page.goto(url);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Senha', { exact: true }).fill(senha);
  await page.getByRole('button', { name: 'Entrar', exact: true }).click();
  await page.getByRole('navigation').first().waitFor();
}
