/**
 * The update matrix: given these published versions and this caller, the check answers so. One line a case, run black box.
 *
 * A version is `1.1.0` followed by what is special about it: `@beta` channel, `/windows-x64` platform and architecture,
 * `<1.0.5` least version to come from, `!` mandatory, `%50` rollout, `+nfe` feature needed, `~10-12` operating system from
 * 10 to 12, `?` draft, `-` withdrawn, `=` paused. `then` is the version offered, `!` when it is mandatory, `nada`, or a code.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Answer, activate, createLicenca, startServer, type TestServer, unique } from '../support/app';
import { check, createProduto, type Publisher, publisher } from '../support/versoes';

const day = 86_400_000;
const table = `
versions                                | caller                    | asks                       | then
                                        |                           |                            | nada
1.1.0                                   |                           |                            | 1.1.0
1.0.0                                   |                           |                            | nada
0.9.0                                   |                           |                            | nada
1.2.0 1.10.0 1.9.0                      |                           |                            | 1.10.0
1.0.1 1.1.0 2.0.0                       |                           | versao_atual=1.1.0         | 2.0.0
1.0.0+build.2                           |                           | versao_atual=1.0.0         | nada
1.1.0                                   |                           | versao_atual=1.1.0-rc.1    | 1.1.0
1.1.0                                   |                           | versao_atual=1.1.0+build.9 | nada
1.1.0-rc.1                              |                           |                            | nada
1.1.0-rc.1@beta                         |                           |                            | nada
1.1.0-rc.1@beta                         |                           | canal=beta                 | 1.1.0-rc.1
1.1.0-alfa.1@alfa                       |                           | canal=beta                 | nada
1.1.0-alfa.1@alfa                       |                           | canal=alfa                 | 1.1.0-alfa.1
1.1.0-rc.1@beta                         |                           | canal=alfa                 | 1.1.0-rc.1
1.1.0-rc.1@beta 1.1.0                   |                           | canal=beta                 | 1.1.0
1.2.0@beta 1.1.0                        |                           |                            | 1.1.0
1.2.0@beta 1.1.0                        |                           | canal=beta                 | 1.2.0
2.0.0-beta.2@beta 2.0.0-beta.10@beta    |                           | canal=beta                 | 2.0.0-beta.10
2.0.0-alpha@beta 2.0.0-alpha.1@beta 2.0.0-alpha.beta@beta | |          canal=beta                 | 2.0.0-alpha.beta
2.0.0-rc.1@beta 2.0.0-beta.11@beta      |                           | canal=beta                 | 2.0.0-rc.1
1.1.0/windows-x64                       |                           |                            | nada
1.1.0/linux-x64                         |                           |                            | 1.1.0
1.1.0/linux-arm64                       |                           |                            | nada
1.1.0/linux-arm64                       |                           | arquitetura=arm64          | 1.1.0
1.1.0/linux-qualquer                    |                           | arquitetura=arm64          | 1.1.0
1.1.0/qualquer-x64                      |                           | plataforma=macos           | 1.1.0
1.1.0/qualquer-arm64                    |                           | plataforma=macos           | nada
1.1.0/qualquer-qualquer                 |                           | plataforma=windows         | 1.1.0
1.1.0/linux-x64 1.2.0/qualquer-qualquer |                           |                            | 1.2.0
1.2.0/windows-x64 1.1.0/linux-x64       |                           |                            | 1.1.0
1.1.0/linux-x64                         |                           | plataforma=qualquer&arquitetura=qualquer | nada
1.1.0?                                  |                           |                            | nada
1.1.0-                                  |                           |                            | nada
1.0.5 1.1.0-                            |                           |                            | 1.0.5
2.0.0<1.5.0                             |                           |                            | nada
2.0.0<1.5.0                             |                           | versao_atual=1.5.0         | 2.0.0
2.0.0<1.5.0 1.5.0                       |                           |                            | 1.5.0
3.0.0<2.0.0 2.0.0<1.5.0 1.5.0           |                           |                            | 1.5.0
3.0.0<2.0.0 2.0.0<1.5.0 1.5.0           |                           | versao_atual=1.5.0         | 2.0.0
3.0.0<2.0.0 2.0.0<1.5.0 1.5.0           |                           | versao_atual=2.0.0         | 3.0.0
2.0.0<1.5.0 1.4.0                       |                           |                            | 1.4.0
2.0.0<1.5.0                             |                           | versao_atual=1.5.0-rc.1    | nada
1.1.0!                                  |                           |                            | 1.1.0!
1.1.0! 1.2.0                            |                           |                            | 1.2.0!
1.0.0! 1.2.0                            |                           |                            | 1.2.0
1.1.0!/windows-x64 1.2.0                |                           |                            | 1.2.0
2.0.0!<1.5.0 1.5.0                      |                           |                            | 1.5.0!
1.1.0!%0 1.0.5                          |                           |                            | 1.0.5
1.1.0%0                                 |                           |                            | nada
1.1.0%100                               |                           |                            | 1.1.0
1.1.0%0 1.0.5                           |                           |                            | 1.0.5
1.1.0=                                  |                           |                            | nada
1.1.0= 1.0.5                            |                           |                            | 1.0.5
1.1.0+nfe                               |                           |                            | nada
1.1.0+nfe                               | recursos                  |                            | 1.1.0
1.1.0+usuarios:11                       | recursos                  |                            | nada
1.1.0+usuarios:10                       | recursos                  |                            | 1.1.0
1.1.0~10-12                             |                           |                            | nada
1.1.0~10-12                             |                           | so_versao=9.8              | nada
1.1.0~10-12                             |                           | so_versao=10               | 1.1.0
1.1.0~10.0.19045-12                     |                           | so_versao=10.0.9999        | nada
1.1.0~10-12                             |                           | so_versao=12.1             | nada
1.1.0~10-12 1.0.5                       |                           | so_versao=8                | 1.0.5
1.1.0 1.2.0                             | direito                   |                            | nada
1.1.0                                   | direito-futuro            |                            | 1.1.0
5.0.0 4.9.0                             | versoes                   |                            | 4.9.0
1.1.0 1.2.0                             | fixada=1.1.0              |                            | 1.1.0
1.1.0 1.2.0                             | fixada=1.0.0              |                            | nada
1.1.0 1.2.0                             | cliente-fixado=1.1.0      |                            | 1.1.0
1.1.0 1.2.0                             | cliente-fixado=1.2.0 fixada=1.1.0 |                    | 1.1.0
1.1.0@beta%0 1.0.5                      | fixada=1.1.0              |                            | 1.1.0
1.1.0<1.0.5 1.0.5 1.2.0                 | fixada=1.1.0              |                            | 1.0.5
1.1.0- 1.0.5 1.2.0                      | fixada=1.1.0              |                            | 1.0.5
1.1.0 1.2.0                             | fixada=1.1.0 solta        |                            | 1.2.0
1.1.0                                   | bloqueada                 |                            | BLOQUEADA
1.1.0                                   | maquina-bloqueada         |                            | MAQUINA_BLOQUEADA
1.1.0                                   | cliente-bloqueado         |                            | CLIENTE_BLOQUEADO
1.1.0                                   | expirada                  |                            | EXPIRADA
1.1.0                                   | cancelada                 |                            | CANCELADA
1.1.0                                   |                           | produto=padrao             | PRODUTO_DIFERENTE
1.1.0                                   |                           | versao_atual=lixo          | VALIDACAO
1.1.0                                   |                           | plataforma=plan9           | VALIDACAO
1.1.0                                   |                           | canal=noturno              | VALIDACAO
`;

let server: TestServer;
let admin: Publisher;
beforeAll(async () => {
  server = await startServer();
  admin = await publisher(server);
});
afterAll(() => server.stop());

const pattern =
  /^(?<versao>[\d.]+(?:-[a-z][\w.]*)?)(?<build>\+build[.\d]*)?(?<obrigatoria>!)?(?:@(?<canal>\w+))?(?:\/(?<alvo>\w+-\w+))?(?:<(?<minima>[\d.]+))?(?:%(?<pct>\d+))?(?:\+(?<recurso>[\w:]+))?(?:~(?<so>[\d.]+-[\d.]+))?(?<estado>[?=-])?$/;

async function publish(produto: string, text: string): Promise<void> {
  const found = pattern.exec(text)?.groups;
  if (!found) throw new Error(`not a version of the table: ${text}`);
  const { versao = '', build = '', obrigatoria, canal, alvo, minima, pct, recurso, so, estado } = found;
  const [plataforma = '', arquitetura = ''] = alvo?.split('-') ?? [];
  const [so_minimo, so_maximo] = so?.split('-') ?? [];
  const requisitos = { so_minimo, so_maximo, ...(recurso ? { recursos: [recurso] } : {}) };
  const { status, body } = await admin.send({
    ...{ produto, versao: versao + build, canal: canal ?? '', plataforma, arquitetura, versao_minima: minima ?? '' },
    ...{ distribuicao_pct: pct ?? '', obrigatoria: obrigatoria ? 'true' : '', requisitos: JSON.stringify(requisitos) },
    status: estado === '?' ? 'rascunho' : 'publicada',
  });
  if (status !== 201) throw new Error(JSON.stringify(body));
  if (estado === '-') await server.call('POST', `/uploads/versao/${body.id}/retirar`);
  if (estado === '=') await server.call('POST', `/uploads/versao/${body.id}/pausar`);
}

interface World {
  produto: string;
  licenca: Answer['body'];
  maquinaId: string;
}

const at = (days: number): string => new Date(Date.now() + days * day).toISOString();
const licenceFields: Readonly<Record<string, object>> = {
  recursos: { recursos: ['nfe', 'usuarios:10'] },
  direito: { atualizacoes_ate: at(-1) },
  'direito-futuro': { atualizacoes_ate: at(1) },
  versoes: { versoes: '<5.0.0' },
  expirada: { tipo: 'temporaria', dias: 30 },
};

/** What each word about the caller does once there is one. */
async function become(word: string, { produto, licenca, maquinaId }: World): Promise<void> {
  const [name, versao] = word.split('=');
  const call = (path: string, body: object): Promise<Answer> => server.call('POST', path, body);
  const motivo = { motivo: 'tabela' };
  const words: Readonly<Record<string, () => Promise<unknown>>> = {
    fixada: () => call('/uploads/fixacoes', { alvo: 'maquina', alvo_id: maquinaId, versao }),
    'cliente-fixado': () =>
      call('/uploads/fixacoes', { alvo: 'cliente', alvo_id: licenca.cliente_id, produto, versao }),
    solta: async () => {
      const { body } = await server.call('GET', `/uploads/fixacoes?alvo_id=${maquinaId}`);
      await server.call('DELETE', `/uploads/fixacoes/${body.itens[0].id}`);
    },
    bloqueada: () => call(`/licencas/${licenca.id}/bloquear`, motivo),
    cancelada: () => call(`/licencas/${licenca.id}/cancelar`, {}),
    'maquina-bloqueada': () => call(`/maquinas/${maquinaId}/bloquear`, motivo),
    'cliente-bloqueado': () => call(`/clientes/${licenca.cliente_id}/bloquear`, motivo),
  };
  await words[name ?? '']?.();
}

const cases = table
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [versions = '', caller = '', asks = '', then = ''] = line.split('|').map((cell) => cell.trim());
    return { versions, caller, asks, then };
  });

describe('the update matrix', () => {
  test.each(cases)('$versions | $caller | $asks → $then', async ({ versions, caller, asks, then }) => {
    const produto = await createProduto(server, unique('produto'));
    const words = caller.split(' ').filter(Boolean);
    const fields = words.map((word) => licenceFields[word] ?? {});
    const { licenca } = await createLicenca(server, Object.assign({ produto }, ...fields));
    const { body: activation } = await activate(server, licenca.chave);
    for (const version of versions.split(' ').filter(Boolean)) await publish(produto, version);
    const world: World = { produto, licenca, maquinaId: activation.maquina.id };
    for (const word of words) await become(word, world);
    if (words.includes('expirada')) await expire(licenca.id);
    const question = Object.fromEntries(new URLSearchParams(asks.replaceAll('+', '%2B')));
    const { status, body } = await check(server, activation.token, question);
    const answer = body.atualizacao ? body.versao.versao + (body.obrigatoria ? '!' : '') : 'nada';
    expect(status === 200 ? answer : body.codigo).toBe(then);
    // A refusal of the caller is 403, of the question 422 (or 403 for another product).
    if (status !== 200) expect(status).toBe(then === 'VALIDACAO' ? 422 : 403);
  });
});

/** Ends a licence now. */
async function expire(licencaId: string): Promise<void> {
  const { Database } = await import('bun:sqlite');
  const db = new Database(`${server.data}/narcidi.db`);
  db.run('PRAGMA busy_timeout = 5000');
  db.run('UPDATE licencas SET inicia_em = 1, expira_em = 2 WHERE id = ?', [licencaId]);
  db.close();
}

describe('a staged rollout', () => {
  test('takes its share of callers, and whoever is in stays in as it grows, through a pause too', async () => {
    const produto = await createProduto(server, unique('produto'));
    const { licenca } = await createLicenca(server, { produto });
    const { id } = await admin.publish({ produto, versao: '1.1.0', distribuicao_pct: '0' });
    const callers = Array.from({ length: 400 }, (_, n) => `maquina-${n}`);
    const included = async (pct: number): Promise<string[]> => {
      await server.call('PUT', `/uploads/versao/${id}`, { distribuicao_pct: pct });
      const found: string[] = [];
      for (const impressao of callers) {
        const { body } = await check(server, null, { chave: licenca.chave, impressao });
        if (body.atualizacao) found.push(impressao);
      }
      return found;
    };
    expect(await included(0)).toEqual([]);
    const one = await included(1);
    expect(one.length).toBeLessThan(20);
    const half = await included(50);
    // Six standard deviations of 400 throws of a coin.
    expect(Math.abs(half.length - 200)).toBeLessThan(60);
    expect(half).toEqual(expect.arrayContaining(one));
    await server.call('POST', `/uploads/versao/${id}/pausar`);
    expect(await included(50)).toEqual([]);
    await server.call('POST', `/uploads/versao/${id}/retomar`);
    expect(await included(50)).toEqual(half);
    expect(await included(100)).toEqual(callers);
  });
});

describe('an explanation', () => {
  test('says of each newer version why it was not offered', async () => {
    const produto = await createProduto(server, unique('produto'));
    const { licenca } = await createLicenca(server, { produto });
    for (const version of [
      '2.0.0<1.5.0',
      '1.9.0@beta',
      '1.8.0/windows-x64',
      '1.7.0%0',
      '1.6.0+nfe',
      '1.5.0',
      '1.4.0',
    ]) {
      await publish(produto, version);
    }
    const { body } = await check(server, null, { chave: licenca.chave, explicar: true });
    expect(body.versao.versao).toBe('1.5.0');
    expect(body.motivos.map(({ versao }: { versao: string }) => versao)).toEqual([
      ...['2.0.0', '1.9.0', '1.8.0', '1.7.0', '1.6.0', '1.4.0'],
    ]);
    for (const { motivo } of body.motivos) expect(motivo).not.toBe('');
  });
});
