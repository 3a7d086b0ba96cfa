import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { userWith } from '../support/access';
import { type Answer, startServer, type TestServer, unique } from '../support/app';
import { partsOf, smtpError, startSmtp, type TestSmtp } from '../support/smtp';

let smtp: TestSmtp;
let server: TestServer;
beforeAll(async () => {
  smtp = await startSmtp({
    onRcptTo: ({ address }, _session, done) =>
      done(address.startsWith('recusado') ? smtpError(550, 'no such box') : null),
  });
  server = await startServer({
    NARCIDI_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    NARCIDI_MAIL_TO: 'dona@exemplo.com.br, outra@exemplo.com.br',
    NARCIDI_TOKEN_TTL: '700',
  });
});
afterAll(async () => {
  await server.stop();
  await smtp.stop();
});

const testMail = (body: object, on = server): Promise<Answer> => on.call('POST', '/configuracoes/email/testar', body);

describe('the settings', () => {
  test('are told with where each came from, secrets masked', async () => {
    const { status, body } = await server.call('GET', '/configuracoes');
    expect(status).toBe(200);
    const byName = new Map(body.itens.map((one: Answer['body']) => [one.nome, one]));
    expect(byName.get('NARCIDI_TOKEN_TTL')).toMatchObject({
      grupo: 'acesso',
      valor: '700',
      padrao: '900',
      origem: 'environment',
      segredo: false,
      flag: null,
      chave: 'token_ttl',
    });
    expect(byName.get('NARCIDI_PORT')).toMatchObject({ origem: 'flag', flag: '--port', padrao: '8080' });
    expect(byName.get('NARCIDI_RATE_LIMIT')).toMatchObject({ valor: 'off', padrao: 'on' });
    expect(byName.get('NARCIDI_LOG_FILES')).toMatchObject({ origem: 'default', valor: '14' });
    expect(byName.get('NARCIDI_SMTP_URL')).toMatchObject({ segredo: true, valor: '********', padrao: '' });
    expect(byName.get('NARCIDI_ADMIN_PASSWORD')).toMatchObject({ segredo: true, valor: '********' });
    expect(byName.get('NARCIDI_PAYMENT_SECRET')).toMatchObject({ segredo: true, valor: '' });
    expect(JSON.stringify(body)).not.toContain(String(smtp.port));
    expect(body.arquivo).toEndWith('config.json');
  });

  test('are read by who may read everything, and mail is tested by administrators only', async () => {
    const reader = await userWith(server, 'leitura');
    expect((await reader.call('GET', '/configuracoes')).status).toBe(200);
    expect((await reader.call('POST', '/configuracoes/email/testar', {})).status).toBe(403);
    const support = await userWith(server, 'suporte');
    expect((await support.call('GET', '/configuracoes')).status).toBe(403);
  });
});

describe('a test mail', () => {
  test('goes at once to whom it was asked for, and is in the audit', async () => {
    const para = `${unique('teste')}@exemplo.com.br`;
    const answer = await testMail({ para });
    expect([answer.status, answer.body]).toEqual([200, { para }]);
    const mail = smtp.mails.find(({ to }) => to.includes(para));
    expect(partsOf(mail?.source ?? '').subject).toContain('Teste de e-mail');
    const { body } = await server.call('GET', '/auditoria?entidade=configuracoes&limite=1');
    expect(body.itens[0]).toMatchObject({ acao: 'testar', entidade_id: 'email', depois: { para, enviado: true } });
  });

  test('goes to the first receiver of alerts when none is named', async () => {
    expect((await testMail({})).body).toEqual({ para: 'dona@exemplo.com.br' });
  });

  test('that the mail server refuses tells what it said', async () => {
    const { status, body } = await testMail({ para: 'recusado@exemplo.com.br' });
    expect([status, body.codigo]).toEqual([502, 'EMAIL_NAO_ENVIADO']);
    expect(body.detail).toContain('no such box');
    expect((await testMail({ para: 'isto não é um e-mail' })).status).toBe(422);
  });

  test('without a mail server says what is missing', async () => {
    const bare = await startServer();
    try {
      const { status, body } = await testMail({ para: 'dona@exemplo.com.br' }, bare);
      expect([status, body.codigo]).toEqual([409, 'EMAIL_NAO_CONFIGURADO']);
      expect(body.detail).toContain('NARCIDI_SMTP_URL');
    } finally {
      await bare.stop();
    }
  });

  test('to a mail server that is not there is a 502, not a wait', async () => {
    const gone = await startSmtp();
    await gone.stop();
    const lost = await startServer({ NARCIDI_SMTP_URL: `smtp://127.0.0.1:${gone.port}` });
    try {
      const { status, body } = await testMail({ para: 'dona@exemplo.com.br' }, lost);
      expect([status, body.codigo]).toEqual([502, 'EMAIL_NAO_ENVIADO']);
    } finally {
      await lost.stop();
    }
  });
});
