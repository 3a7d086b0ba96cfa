/**
 * Journeys with real machines over MQTT: 18 the fleet, live, 19 a block and its way to the machine, 20 a command, 21 the charts,
 * 22 many machines blocked at once, 23 the first run to the first machine.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { activate, connectMachine, createLicenca, unique } from '../support/app';
import { startBrowser, type TestBrowser } from '../support/browser';
import { serve } from '../support/executable';
import { startSmtp } from '../support/smtp';

let browser: TestBrowser;
const clients: MqttClient[] = [];
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(async () => {
  for (const client of clients) await client.endAsync(true);
  await browser.stop();
});
afterEach(() => expect(browser.complaints()).toEqual([]));

/** A machine that acknowledges what it is told, as the agent does. */
async function machine(
  nome: string,
): Promise<{ id: string; client: MqttClient; publish(cpu: number): Promise<unknown> }> {
  const { licenca } = await createLicenca(browser.server, { limite_maquinas: 5 });
  const { body } = await activate(browser.server, licenca.chave, nome);
  const client = await connectMachine(body);
  clients.push(client);
  const { topicos } = body.mqtt;
  client.on('message', (topic, payload) => {
    const message = JSON.parse(payload.toString());
    const answer =
      topic === topicos.estado
        ? { revisao: message.revisao, resultado: 'aplicado' }
        : { comando_id: message.id, resultado: 'aplicado', detalhe: 'feito' };
    client.publish(topicos.respostas, JSON.stringify(answer), { qos: 1 });
  });
  await client.subscribeAsync([topicos.estado, topicos.comandos], { qos: 1 });
  return {
    id: body.maquina.id,
    client,
    publish: (cpu) =>
      client.publishAsync(topicos.heartbeat, JSON.stringify({ cpu, memoria: 40, disco: 55, versao: '4.2.1' }), {
        qos: 1,
      }),
  };
}

describe('the fleet', () => {
  test('shows a machine the moment it connects, and when it goes', async () => {
    const page = await browser.person('/maquinas');
    await page.getByText('Nenhuma máquina ainda').waitFor();
    const nome = unique('CAIXA');
    const { publish } = await machine(nome);
    await publish(37);
    const row = page.getByRole('row').filter({ hasText: nome });
    await row.getByText('Online').waitFor();
    await row.getByText('4.2.1').waitFor();
    await row.getByText('37 %', { exact: true }).waitFor();
    await row.getByRole('img', { name: 'CPU na última hora: de 37 % a 37 %' }).waitFor();
  });

  test('many are blocked at once, with a result for each', async () => {
    const [first, second] = [await machine(unique('LOTE')), await machine(unique('LOTE'))];
    await Promise.all([first.publish(10), second.publish(10)]);
    const page = await browser.person('/maquinas?busca=LOTE');
    await page.getByRole('row').nth(2).waitFor();
    for (const box of await page.getByRole('checkbox', { name: 'Selecionar' }).all()) await box.check();
    await page.getByText('2 selecionados').waitFor();
    await page.getByRole('button', { name: 'Bloquear', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Motivo').fill('inadimplência');
    await dialog.getByRole('button', { name: 'Bloquear' }).click();
    await page.getByText('2 de 2 aceitas').waitFor();
    for (const { id } of [first, second]) {
      expect((await browser.server.call('GET', `/maquinas/${id}`)).body.bloqueada).toBe(true);
    }
  });
});

describe('a machine', () => {
  test('is blocked, and the page shows the block sent, delivered and applied', async () => {
    const { id, publish } = await machine(unique('BLOQ'));
    await publish(20);
    const page = await browser.person(`/maquinas/${id}`);
    await page.getByRole('button', { name: 'Bloquear' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Motivo').fill('chargeback');
    await dialog.getByRole('button', { name: 'Bloquear' }).click();
    const way = page.getByRole('status').filter({ hasText: 'enviado' });
    await way.getByText('entregue').waitFor();
    await way.getByText('aplicado').waitFor();
    await page.getByRole('button', { name: 'Desbloquear' }).click();
    await page.getByRole('button', { name: 'Bloquear', exact: true }).waitFor();
  });

  test('gets a command and its answer is shown', async () => {
    const { id, publish } = await machine(unique('CMD'));
    await publish(20);
    const page = await browser.person(`/maquinas/${id}`);
    await page.getByRole('button', { name: 'Enviar comando' }).click();
    const form = page.getByRole('dialog');
    await form.getByLabel('Mensagem').fill('Manutenção hoje às 22 h.');
    await form.getByRole('button', { name: 'Enviar comando' }).click();
    await page.getByText('Aplicado', { exact: true }).waitFor();
    await page.getByText('feito').waitFor();
  });

  test('has charts of what it measured, with its availability', async () => {
    const { id, publish } = await machine(unique('GRAF'));
    for (const cpu of [10, 50, 90]) await publish(cpu);
    const page = await browser.person(`/maquinas/${id}?periodo=1h`);
    await page.getByRole('img', { name: /^CPU: / }).waitFor();
    await page.locator('.grafico canvas').nth(2).waitFor();
    // SegmentedControl's radios lie under their labels.
    await page.getByText('30 dias').click();
    await page.waitForURL(/periodo=30d/);
    await page.getByText('Disponibilidade').waitFor();
  });
});

describe('the first run', () => {
  test('goes from the code to the first machine', async () => {
    const data = join(tmpdir(), unique('narcidi-setup'));
    const smtp = await startSmtp();
    const empty = await serve(data, {
      NARCIDI_ADMIN_EMAIL: '',
      NARCIDI_ADMIN_PASSWORD: '',
      NARCIDI_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    });
    try {
      const { setup_url } = await empty.line((line) => 'setup_url' in line);
      const page = await browser.stranger();
      await page.goto(String(setup_url));
      await page.getByLabel('Seu nome').fill('Dona');
      await page.getByLabel('E-mail').fill('dona@exemplo.com.br');
      await page.getByLabel('Senha', { exact: true }).fill('um-bule-azul-na-janela');
      await page.getByRole('button', { name: 'Criar administrador' }).click();
      await page.getByRole('button', { name: 'Enviar e-mail de teste' }).click();
      await page.getByText('Enviado para dona@exemplo.com.br').waitFor();
      expect(smtp.mails.map(({ to }) => to)).toEqual([['dona@exemplo.com.br']]);
      await page.getByRole('button', { name: 'Continuar', exact: true }).click();
      await page.getByLabel('Nome do produto').fill('Caixa Fácil');
      await page.getByRole('button', { name: 'Continuar' }).click();
      await page.getByLabel('Nome do cliente').fill('Padaria');
      await page.getByLabel('E-mail do cliente').fill('padaria@exemplo.com.br');
      await page.getByRole('button', { name: 'Continuar' }).click();
      const command = (await page.locator('pre').textContent()) ?? '';
      const chave = /--chave (\S+)/.exec(command)?.[1] ?? '';
      const answer = await fetch(`${empty.url}/api/v1/licencas/ativar/${chave}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ impressao: unique('serie'), nome: 'CAIXA-01', produto: 'caixa-facil' }),
      });
      expect(answer.status).toBe(201);
      await page.getByText('CAIXA-01 se conectou').waitFor();
      await page.getByRole('button', { name: 'Ir para o painel' }).click();
      await page.getByRole('heading', { name: 'Painel' }).waitFor();
    } finally {
      await empty.signal('SIGTERM');
      await smtp.stop();
      rmSync(data, { recursive: true, force: true });
    }
  });
});
