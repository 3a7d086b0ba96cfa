/**
 * Feeds, read by the updaters' own code: electron-updater's generic provider, and for Tauri, whose updater is Rust, the
 * rules by which its `RemoteRelease` reads JSON.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import { GenericProvider } from 'electron-updater/out/providers/GenericProvider';
import { findFile } from 'electron-updater/out/providers/Provider';
import { parse as parseSemver } from 'semver';
import { type Answer, activate, createLicenca, startServer, type TestServer, unique } from '../support/app';
import { createProduto, type Publisher, publisher } from '../support/versoes';

let server: TestServer;
let admin: Publisher;
beforeAll(async () => {
  server = await startServer();
  admin = await publisher(server);
});
afterAll(() => server.stop());

async function world(): Promise<{ produto: string; licenca: Answer['body']; token: string }> {
  const produto = await createProduto(server, unique('produto'));
  const { licenca } = await createLicenca(server, { produto });
  return { produto, licenca, token: (await activate(server, licenca.chave)).body.token };
}

type Platform = 'win32' | 'darwin' | 'linux';
type ProviderArguments = ConstructorParameters<typeof GenericProvider>;

/** electron-updater's own provider, whose requests go through fetch instead of Electron's network. */
function provider(
  url: string,
  platform: Platform,
  options: { channel?: string; headers?: Record<string, string> } = {},
) {
  const executor = {
    request: async ({ protocol, hostname, port, path, headers }: RequestOptions) => {
      const sent = headers as Record<string, string>;
      const response = await fetch(`${protocol}//${hostname}:${port}${path}`, { headers: sent });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return response.text();
    },
  };
  const updater = { channel: options.channel ?? null, isAddNoCacheQuery: true };
  const made = new GenericProvider(
    { provider: 'generic', url },
    updater as unknown as ProviderArguments[1],
    { isUseMultipleRangeRequest: true, platform, executor } as unknown as ProviderArguments[2],
  );
  made.setRequestHeaders(options.headers ?? null);
  return made;
}

const feed = (name: 'electron' | 'tauri', chave: string): string =>
  `${server.url}/api/v1/uploads/feeds/${name}/${chave}`;
const sha512 = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('base64');

describe('electron-updater', () => {
  test('finds the newest version for its platform and a file that hashes to what the document says', async () => {
    const { produto, licenca } = await world();
    const windows = { produto, plataforma: 'windows', arquitetura: 'x64' };
    await admin.publish({ ...windows, versao: '1.0.0' }, 'um', 'Caixa Setup 1.0.0.exe');
    const notas = '# Novidades\n\n- "aspas": dois pontos\n- açaí';
    await admin.publish({ ...windows, versao: '1.1.0', notas }, 'um ponto um', 'Caixa Setup 1.1.0.exe');
    await admin.publish({ produto, plataforma: 'macos', versao: '9.0.0' }, 'mac', 'Caixa-9.0.0.dmg');
    const updater = provider(feed('electron', licenca.chave), 'win32');
    const info = await updater.getLatestVersion();
    expect(info).toMatchObject({ version: '1.1.0', releaseNotes: notas });
    expect(typeof info.releaseDate).toBe('string');
    const file = findFile(updater.resolveFiles(info), 'exe');
    if (!file) throw new Error('electron-updater found no file');
    expect(file.url.pathname).toEndWith('/Caixa%20Setup%201.1.0.exe');
    const bytes = new Uint8Array(await (await fetch(file.url)).arrayBuffer());
    expect(sha512(bytes)).toBe(file.info.sha512);
    expect(bytes.length).toBe(Number(file.info.size));
  });

  test('on a Mac is shown the files of both architectures', async () => {
    const { produto, licenca } = await world();
    for (const arquitetura of ['x64', 'arm64']) {
      await admin.publish({ produto, plataforma: 'macos', arquitetura }, arquitetura, `Caixa-1.0.0-${arquitetura}.zip`);
    }
    const updater = provider(feed('electron', licenca.chave), 'darwin');
    const files = updater.resolveFiles(await updater.getLatestVersion());
    expect(files.map(({ url }) => url.pathname.split('/').at(-1)).sort()).toEqual([
      'Caixa-1.0.0-arm64.zip',
      'Caixa-1.0.0-x64.zip',
    ]);
    for (const { url, info } of files) {
      expect(sha512(new Uint8Array(await (await fetch(url)).arrayBuffer()))).toBe(info.sha512);
    }
  });

  test('hears betas on its beta channel only, and the stable version there too when it is newer', async () => {
    const { produto, licenca } = await world();
    await admin.publish({ produto, versao: '1.0.0' });
    await admin.publish({ produto, versao: '2.0.0-beta.1', canal: 'beta' });
    const version = async (channel?: string): Promise<string> =>
      (await provider(feed('electron', licenca.chave), 'linux', channel ? { channel } : {}).getLatestVersion()).version;
    expect([await version(), await version('beta'), await version('alpha')]).toEqual([
      '1.0.0',
      '2.0.0-beta.1',
      '2.0.0-beta.1',
    ]);
    await admin.publish({ produto, versao: '2.0.0' });
    expect([await version(), await version('beta')]).toEqual(['2.0.0', '2.0.0']);
  });

  test('may send the key or a machine’s token in a header, to the document and to the file', async () => {
    const { produto, licenca, token } = await world();
    await admin.publish({ produto }, 'o programa', 'caixa.AppImage');
    for (const headers of [{ 'X-Licenca': licenca.chave }, { Authorization: `Bearer ${token}` }]) {
      const updater = provider(feed('electron', '-'), 'linux', { headers });
      const [file] = updater.resolveFiles(await updater.getLatestVersion());
      if (!file) throw new Error('no file');
      expect(file.url.href).not.toContain(licenca.chave);
      expect((await fetch(file.url)).status).toBe(401);
      expect(await (await fetch(file.url, { headers })).text()).toBe('o programa');
    }
  });

  test('keeps its stepping stones when its address says what it runs', async () => {
    const { produto, licenca } = await world();
    await admin.publish({ produto, versao: '1.5.0' });
    await admin.publish({ produto, versao: '2.0.0', versao_minima: '1.5.0' });
    const version = async (versao: string): Promise<string> =>
      (await provider(`${feed('electron', licenca.chave)}?versao_atual=${versao}`, 'linux').getLatestVersion()).version;
    expect([await version('1.0.0'), await version('1.5.0')]).toEqual(['1.5.0', '2.0.0']);
  });

  test('is refused with a blocked licence; the key is not repeated', async () => {
    const { produto, licenca } = await world();
    await admin.publish({ produto });
    await server.call('POST', `/licencas/${licenca.id}/bloquear`, { motivo: 'teste' });
    const response = await fetch(`${feed('electron', licenca.chave)}/latest.yml`);
    const text = await response.text();
    expect([response.status, JSON.parse(text).codigo]).toEqual([403, 'BLOQUEADA']);
    expect(text).not.toContain(licenca.chave);
    await server.call('POST', `/licencas/${licenca.id}/desbloquear`);
    for (const name of ['nada.yml', 'latest-plan9.yml', 'latest.json']) {
      expect((await fetch(`${feed('electron', licenca.chave)}/${name}`)).status).toBe(404);
    }
  });
});

/** As `RemoteRelease` of tauri-plugin-updater reads it. @throws Error where that would refuse. */
function readRemoteRelease(body: Answer['body'], target: string): { version: string; url: string; signature: string } {
  const version = String(body.version).replace(/^v+/, '');
  if (!parseSemver(version)) throw new Error('version');
  if (body.notes !== undefined && typeof body.notes !== 'string') throw new Error('notes');
  const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
  if (body.pub_date !== undefined && !rfc3339.test(body.pub_date)) throw new Error('pub_date');
  // With `platforms` it is the static form, without it the dynamic one, and then both fields must be there.
  const { url, signature } = body.platforms ? body.platforms[target] : body;
  if (typeof signature !== 'string') throw new Error('signature');
  return { version, url: new URL(url).href, signature };
}

const minisign = 'dW50cnVzdGVkIGNvbW1lbnQ6IHNpZ25hdHVyZSBmcm9tIHRhdXJpIHNlY3JldCBrZXkK';

describe('Tauri’s updater', () => {
  test('is answered 204 or a newer version whose file carries the developer’s signature', async () => {
    const { produto, licenca } = await world();
    const linux = { produto, plataforma: 'linux', arquitetura: 'x64', assinatura_tauri: minisign };
    await admin.publish({ ...linux, versao: '1.1.0', notas: 'Novidades' }, 'um ponto um', 'caixa_1.1.0.AppImage');
    // Without a signature Tauri could not install it.
    await admin.publish({ ...linux, versao: '1.2.0', assinatura_tauri: '' }, 'um ponto dois');
    const ask = (path: string): Promise<Response> => fetch(`${feed('tauri', licenca.chave)}/${path}`);
    const response = await ask('linux/x86_64/1.0.0');
    expect(response.status).toBe(200);
    const body = await response.json();
    const release = readRemoteRelease(body, 'linux-x86_64');
    expect(body).toMatchObject({ version: '1.1.0', notes: 'Novidades' });
    expect(release.signature).toBe(minisign);
    expect(release.url).toEndWith('/caixa_1.1.0.AppImage');
    expect(await (await fetch(release.url)).text()).toBe('um ponto um');
    for (const path of ['linux/x86_64/1.1.0', 'linux/aarch64/1.0.0', 'windows/x86_64/1.0.0', 'plan9/x86_64/1.0.0']) {
      expect([path, (await ask(path)).status]).toEqual([path, 204]);
    }
    expect((await ask('linux/x86_64/lixo')).status).toBe(422);
  });

  test('finds every target of the newest version in the static form', async () => {
    const { produto, licenca } = await world();
    const signed = { produto, assinatura_tauri: minisign };
    await admin.publish({ ...signed, versao: '1.0.0', plataforma: 'macos' }, 'mac velho');
    await admin.publish({ ...signed, versao: '1.1.0', plataforma: 'linux', arquitetura: 'x64' }, 'linux');
    await admin.publish({ ...signed, versao: '1.1.0', plataforma: 'windows' }, 'janelas', 'caixa.exe');
    const body: Answer['body'] = await (await fetch(`${feed('tauri', licenca.chave)}/latest.json`)).json();
    expect(Object.keys(body.platforms).sort()).toEqual(['linux-x86_64', 'windows-aarch64', 'windows-x86_64']);
    const release = readRemoteRelease(body, 'windows-aarch64');
    expect(release.version).toBe('1.1.0');
    expect(await (await fetch(release.url)).text()).toBe('janelas');
  });
});
