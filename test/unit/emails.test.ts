import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { hourMs, secondMs } from '../../src/core/clock';
import { uuidV7 } from '../../src/core/ids';
import { createEmails } from '../../src/modules/emails/emails.service';
import { prepareDataFolder } from '../../src/storage/data-folder';
import { openStores, type Stores } from '../../src/stores';
import { createSmtpMailer } from '../../src/transport/smtp/mailer';
import { eventually } from '../support/app';
import { selfSigned } from '../support/certificate';
import { scratchFolder } from '../support/scratch';
import { actor } from '../support/services';
import { partsOf, smtpError, startSmtp, type TestSmtp } from '../support/smtp';

const start = Date.parse('2026-11-25T12:00:00Z');

let stores: Stores;
let path: string;
let now = start;
const clock = { now: () => now };
let open: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  path = scratchFolder();
  stores = await openStores(prepareDataFolder(path), clock);
});
afterEach(async () => {
  for (const one of open.reverse()) await one.stop();
  open = [];
});
afterAll(async () => {
  await stores.close();
  rmSync(path, { recursive: true, force: true });
});

function emailsTo(smtp: TestSmtp, login = '', query = ''): ReturnType<typeof createEmails> {
  const emails = createEmails({
    work: stores.work,
    ids: uuidV7,
    keyring: stores.keyring,
    clock,
    mailer: createSmtpMailer(`smtp://${login}127.0.0.1:${smtp.port}${query}`, 'narcidi@exemplo.com.br'),
    idioma: 'pt-BR',
    destinatarios: '',
    onError: () => undefined,
  });
  open.push(emails);
  return emails;
}

async function smtpServer(options: Parameters<typeof startSmtp>[0] = {}): Promise<TestSmtp> {
  const smtp = await startSmtp(options);
  open.unshift(smtp);
  return smtp;
}

const mailRow = (para: string) =>
  stores.work.reader.selectFrom('emails').selectAll().where('para', '=', para).executeTakeFirstOrThrow();

describe('mail', () => {
  test('goes over STARTTLS with a log-in, as escaped HTML and text, in both languages, and its data is emptied', async () => {
    const smtp = await smtpServer({ ...selfSigned('localhost'), authOptional: false });
    const emails = emailsTo(smtp, 'sistema:segredo@', '?tls.rejectUnauthorized=false&requireTLS=true');
    const dados = { nome: 'Zé <script>', url: 'https://exemplo.com.br/senha?c=1&d=2', validade_minutos: 30 };
    await stores.work.write(actor, async (tx) => {
      await emails.enfileirar(tx, { para: 'ze@exemplo.com.br', modelo: 'recuperar_senha', dados });
      await emails.enfileirar(tx, { para: 'joe@example.com', modelo: 'recuperar_senha', dados, idioma: 'en' });
    });
    emails.start();
    const mails = await smtp.received(2);
    expect(mails.every(({ secure, user }) => secure && user === 'sistema')).toBe(true);
    const [pt, en] = ['ze@exemplo.com.br', 'joe@example.com'].map((to) =>
      partsOf(mails.find((mail) => mail.to.includes(to))?.source ?? ''),
    );
    expect(pt?.subject).toBe('Redefinir a senha');
    expect(pt?.text).toContain('Olá, Zé <script>.');
    expect(pt?.html).toContain('Olá, Zé &lt;script&gt;.');
    expect(pt?.html).toContain('href="https://exemplo.com.br/senha?c=1&amp;d=2"');
    expect(pt?.html).not.toContain('<script>');
    expect(en?.subject).toBe('Reset your password');
    await eventually(
      () => mailRow('joe@example.com'),
      ({ status }) => status === 'enviado',
    );
    expect((await mailRow('ze@exemplo.com.br')).dados_selados).toBeNull();
  });

  test('a certificate that nobody vouches for is refused, and the mail waits', async () => {
    const smtp = await smtpServer(selfSigned('localhost'));
    const emails = emailsTo(smtp);
    await stores.work.write(actor, (tx) =>
      emails.enfileirar(tx, { para: 'tls@exemplo.com.br', modelo: 'x', dados: {} }),
    );
    emails.start();
    const row = await eventually(
      () => mailRow('tls@exemplo.com.br'),
      ({ tentativas }) => tentativas === 1,
    );
    expect(row.status).toBe('pendente');
    expect(row.erro).toContain('certificate');
    expect(smtp.mails).toEqual([]);
    await stores.work.write(actor, (tx) => tx.db.deleteFrom('emails').execute());
  });

  test('4xx is tried again after its wait and arrives once the server recovers, also after a restart', async () => {
    let busy = true;
    const smtp = await smtpServer({
      onRcptTo: (_address, _session, done) => done(busy ? smtpError(451, 'try again later') : null),
    });
    const first = emailsTo(smtp);
    await stores.work.write(actor, (tx) =>
      first.enfileirar(tx, { para: 'depois@exemplo.com.br', modelo: 'sem_modelo', dados: { campo: 'valor <b>' } }),
    );
    first.start();
    const row = await eventually(
      () => mailRow('depois@exemplo.com.br'),
      ({ tentativas }) => tentativas === 1,
    );
    expect(row).toMatchObject({ status: 'pendente', proxima_em: now + 5 * secondMs });
    expect(row.erro).toContain('451');
    await first.stop();
    busy = false;
    const second = emailsTo(smtp);
    now += 5 * secondMs;
    second.start();
    const [mail] = await smtp.received(1);
    // A mail without a template is a plain listing.
    expect(partsOf(mail?.source ?? '').text).toContain('campo: valor <b>');
    expect(partsOf(mail?.source ?? '').html).toContain('valor &lt;b&gt;');
    expect(mail?.source).toContain(`Message-ID: <${row.id}@exemplo.com.br>`);
  });

  test('one receiver who is rejected for good keeps no other mail from going', async () => {
    const smtp = await smtpServer({
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith('ninguem') ? smtpError(550, 'no such user') : null),
    });
    const emails = emailsTo(smtp);
    await stores.work.write(actor, (tx) =>
      emails.enfileirar(tx, {
        para: 'ana@exemplo.com.br, ninguem@exemplo.com.br; beto@exemplo.com.br',
        modelo: 'relatorio',
        dados: { titulo: 'Relatório', resumo: 'Tudo bem.', linhas: [{ rotulo: 'Clientes', valor: 3 }] },
      }),
    );
    emails.start();
    const mails = await smtp.received(2);
    expect(mails.flatMap(({ to }) => to).sort()).toEqual(['ana@exemplo.com.br', 'beto@exemplo.com.br']);
    expect(partsOf(mails[0]?.source ?? '').text).toContain('Clientes: 3');
    const dead = await eventually(
      () => mailRow('ninguem@exemplo.com.br'),
      ({ status }) => status === 'morto',
    );
    expect(dead).toMatchObject({ tentativas: 1, proxima_em: null, dados_selados: null });
    expect(dead.erro).toContain('550');
  });

  test('no server: tried again for about three days, then dead with the reason', async () => {
    const smtp = await startSmtp();
    await smtp.stop();
    const emails = emailsTo(smtp);
    await stores.work.write(actor, (tx) =>
      emails.enfileirar(tx, { para: 'fora@exemplo.com.br', modelo: 'x', dados: {} }),
    );
    emails.start();
    for (let attempt = 1; attempt <= 9; attempt += 1) {
      const row = await eventually(
        () => mailRow('fora@exemplo.com.br'),
        ({ tentativas }) => tentativas === attempt,
      );
      now = row.proxima_em ?? now;
    }
    expect(await mailRow('fora@exemplo.com.br')).toMatchObject({ status: 'morto', proxima_em: null });
    expect(now - start).toBeGreaterThan(50 * hourMs);
  }, 30_000);
});
