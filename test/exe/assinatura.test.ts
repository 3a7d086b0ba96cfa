import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { type Answer, adminClient, createLicenca } from '../support/app';
import { scratch, serve } from '../support/executable';

let folder: ReturnType<typeof scratch>;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => folder.remove());

const daySeconds = 86_400;
const stepDays = 5;
const unpaidInvoice = 5;
const latePaymentDays = 12;

describe('a year of a monthly subscription, moving NARCIDI_CLOCK_OFFSET', () => {
  test('twelve invoices, none twice, one unpaid period blocked and restored', async () => {
    const data = join(folder.path, 'data');
    const codes: string[] = [];
    let chave = '';
    let licencaId = '';
    let faturas: Answer['body'][] = [];
    for (let day = 0; day <= 360; day += stepDays) {
      const server = await serve(data, { NARCIDI_CLOCK_OFFSET: String(day * daySeconds) });
      const call = await adminClient(server.url);
      if (day === 0) {
        const plano = await call('POST', '/planos', {
          nome: 'Mensal',
          preco_centavos: 9_990,
          periodo: 'mensal',
          carencia_dias: 5,
        });
        const { licenca } = await createLicenca({ call }, { tipo: 'assinatura', plano_id: plano.body.id });
        ({ chave, id: licencaId } = licenca);
      }
      // What has come due is done before the server answers anybody.
      codes.push((await call('GET', `/licencas/verificar/${chave}`)).body.codigo);
      faturas = (await call('GET', `/faturas?licenca_id=${licencaId}&limite=200&ordem=numero`)).body.itens;
      for (const [index, fatura] of faturas.entries()) {
        const ageDays = (Date.now() + day * daySeconds * 1000 - Date.parse(fatura.vence_em)) / (daySeconds * 1000);
        const late = index === unpaidInvoice && ageDays < latePaymentDays;
        if (fatura.status !== 'paga' && !late) await call('POST', `/faturas/${fatura.id}/pagar`);
      }
      expect(await server.signal('SIGTERM')).toBe(0);
    }
    expect(faturas).toHaveLength(12);
    expect(new Set(faturas.map(({ periodo_inicio }) => periodo_inicio)).size).toBe(12);
    for (const [index, { periodo_fim }] of faturas.slice(0, -1).entries())
      expect(periodo_fim).toBe(faturas[index + 1].periodo_inicio);
    // Blocked once, in one stretch, and valid before and after.
    const states = codes.filter((codigo, index) => codigo !== codes[index - 1]);
    expect(states).toEqual(['VALIDA', 'BLOQUEADA', 'VALIDA']);
  }, 300_000);
});
