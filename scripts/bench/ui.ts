/**
 * The web UI in headless Chromium before the executable: what the log-in page loads and how soon it can be used, how smoothly
 * 10,000 machines scroll, also while a thousand of them change each second, and what the page keeps of memory under a live
 * feed. `bun scripts/bench/ui.ts [MINUTES]`, after a build; needs Debian's chromium. Exit code 1 when a target is missed.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { stop, stopAll, useScratch } from './processes';
import { admin, serve } from './product';
import { seedMachines } from './seed-machines';
import { limitRow, median, printTable, type Row } from './table';

const machinesTotal = 10_000;
const scrollSeconds = 5;
const framesPerSecondMin = 50;
const firstLoadKbMax = 250;
const interactiveMsMax = 1_000;
const visits = 5;
const feedSeconds = 60 * (Number(process.argv[2]) || 1);
const changedPerSecond = 1_000;
const frameMsMax = 100;
const eventsPerSecond = 100;
const growthMbMax = 20;

const scratch = mkdtempSync(join(tmpdir(), 'narcidi-ui-'));
useScratch(scratch);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  process.exitCode = (await measure()) ? 0 : 1;
} finally {
  await browser.close();
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
}

async function measure(): Promise<boolean> {
  const executable = resolve(import.meta.dir, '../../dist/narcidicontrol');
  const places = { executable, scratch, data: join(scratch, 'data') };
  await seedMachines(places.data, machinesTotal);
  const { child, url } = await serve(places);
  const rows = [...(await firstLoad(browser, url))];
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  await logIn(page, url);
  rows.push(await scrolling(page, url), ...(await changing(page, url)), await feed(page, url));
  await stop(child);
  printTable(rows);
  return rows.every(({ ok }) => ok !== false);
}

/** Of people who have never been here: nothing is in the cache. */
async function firstLoad(visitors: Browser, url: string): Promise<Row[]> {
  const times: number[] = [];
  let bytes = 0;
  for (let visit = 0; visit < visits; visit += 1) {
    const context = await visitors.newContext();
    const page = await context.newPage();
    await page.goto(url);
    await page.locator('input[type=email]').waitFor();
    times.push(await page.evaluate(() => performance.now()));
    bytes = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .concat(performance.getEntriesByType('navigation'))
        .reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).encodedBodySize, 0),
    );
    await context.close();
  }
  return [
    limitRow('first load of the log-in page, compressed', bytes / 1024, 'KB', firstLoadKbMax),
    limitRow('log-in page can be used, nothing cached', median(times), 'ms', interactiveMsMax),
  ];
}

async function logIn(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator('input[type=email]').fill(admin.email);
  await page.locator('input[type=password]').fill(admin.password);
  await page.locator('button[type=submit]').click();
  await page.getByRole('navigation').first().waitFor();
}

/** Frames while the whole list is scrolled through, loading as it goes. */
async function scrolling(page: Page, url: string): Promise<Row> {
  await page.goto(`${url}/maquinas`);
  await page.getByRole('row').nth(10).waitFor();
  const frames = await page.evaluate(async (seconds) => {
    let count = 0;
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      window.scrollBy(0, 60);
      await new Promise(requestAnimationFrame);
      count += 1;
    }
    return count / seconds;
  }, scrollSeconds);
  return {
    metric: `${machinesTotal.toLocaleString('en')} machines scrolled, frames a second`,
    reference: '',
    measured: frames.toFixed(0),
    ratio: '',
    target: `≥ ${framesPerSecondMin}`,
    ok: frames >= framesPerSecondMin,
  };
}

/** Frames of the list at rest, while so many of its machines are blocked or unblocked each second. */
async function changing(page: Page, url: string): Promise<Row[]> {
  await page.goto(`${url}/maquinas?limite=200`);
  await page.getByRole('row').nth(10).waitFor();
  const token = await tokenOf(url);
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const ids = await machineIds(url, headers);
  let ended = false;
  let changed = 0;
  const changes = (async () => {
    const began = performance.now();
    for (let second = 0; !ended; second += 1) {
      const path = second % 2 === 0 ? 'bloquear' : 'desbloquear';
      const body = JSON.stringify({ ids, ...(second % 2 === 0 ? { motivo: 'bench' } : {}) });
      const answer = await fetch(`${url}/api/v1/maquinas/${path}`, { method: 'POST', headers, body });
      if (!answer.ok) throw new Error(await answer.text());
      changed += ids.length;
      await Bun.sleep(Math.max(0, (second + 1) * 1_000 - (performance.now() - began)));
    }
    return changed / ((performance.now() - began) / 1_000);
  })();
  const { frames, longest } = await page.evaluate(async (seconds) => {
    const gaps: number[] = [];
    const end = performance.now() + seconds * 1000;
    for (let last = performance.now(); last < end; ) {
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      gaps.push(now - last);
      last = now;
    }
    return { frames: gaps.length / seconds, longest: Math.max(...gaps) };
  }, scrollSeconds);
  ended = true;
  const rate = await changes;
  return [
    {
      metric: `frames a second while ${rate.toFixed(0)} machines change each second`,
      reference: '',
      measured: frames.toFixed(0),
      ratio: '',
      target: `≥ ${framesPerSecondMin}`,
      ok: frames >= framesPerSecondMin,
    },
    limitRow('the longest of them', longest, 'ms', frameMsMax),
  ];
}

/** The first of the list, which are those in view. */
async function machineIds(url: string, headers: Record<string, string>): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ids.length < changedPerSecond; ) {
    const answer = await fetch(`${url}/api/v1/maquinas?limite=200${cursor}`, { headers });
    const page = (await answer.json()) as { itens: { id: string }[]; proximo_cursor: string };
    ids.push(...page.itens.map(({ id }) => id));
    cursor = `&cursor=${encodeURIComponent(page.proximo_cursor)}`;
  }
  return ids.slice(0, changedPerSecond);
}

/** The dashboard under so many events a second: what its heap holds after a while, garbage apart. */
async function feed(page: Page, url: string): Promise<Row> {
  await page.goto(url);
  await page.getByRole('heading', { level: 1 }).waitFor();
  const cdp = await page.context().newCDPSession(page);
  const token = await tokenOf(url);
  const heapMb = async (): Promise<number> => {
    await cdp.send('HeapProfiler.collectGarbage');
    return (
      (await page.evaluate(
        () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize,
      )) /
      1024 ** 2
    );
  };
  await make(url, token, 5);
  const before = await heapMb();
  await make(url, token, feedSeconds);
  const growth = (await heapMb()) - before;
  return limitRow(`heap growth in ${feedSeconds} s of ${eventsPerSecond} events a second`, growth, 'MB', growthMbMax);
}

async function tokenOf(url: string): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'password', username: admin.email, password: admin.password });
  const answer = (await (await fetch(`${url}/api/v1/auth/token`, { method: 'POST', body })).json()) as {
    access_token: string;
  };
  return answer.access_token;
}

/** New customers, an event each. */
async function make(url: string, token: string, seconds: number): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  for (let second = 0; second < seconds; second += 1) {
    const began = performance.now();
    const calls = Array.from({ length: eventsPerSecond }, () => {
      const body = JSON.stringify({ nome: 'Feed', email: `${crypto.randomUUID()}@exemplo.com.br` });
      return fetch(`${url}/api/v1/clientes`, { method: 'POST', headers, body });
    });
    await Promise.all(calls);
    await Bun.sleep(Math.max(0, 1_000 - (performance.now() - began)));
  }
}
