/** Sample plans, customers, licences and invoices, made through the services as an administrator would. */

import { cnpj } from 'cpf-cnpj-validator';
import type { App } from '../../app';
import { type Actor, systemActor } from '../../core/actor';
import { dayMs } from '../../core/clock';
import { readPage } from '../../core/page';
import type { ClienteTipo } from '../../modules/clientes/clientes.model';
import { faturaSortable } from '../../modules/faturas/faturas.store';
import type { NewLicenca } from '../../modules/licencas/licencas.service';
import type { NewPlano } from '../../modules/planos/planos.service';

/** A seat of a licence that a simulated machine takes. */
export interface Seat {
  chave: string;
  nome: string;
}

const companies: readonly (readonly [string, ClienteTipo, string])[] = [
  ['Padaria Três Irmãos', 'basic', 'CAIXA'],
  ['Farmácia São João', 'pro', 'BALCAO'],
  ['Auto Peças Rondon', 'basic', 'ESTOQUE'],
  ['Clínica Vida Plena', 'enterprise', 'RECEPCAO'],
  ['Supermercado Bom Preço', 'enterprise', 'PDV'],
  ['Escritório Contábil Nogueira', 'pro', 'MESA'],
  ['Transportadora Pantanal', 'pro', 'DESPACHO'],
  ['Escola Pequeno Príncipe', 'free', 'SECRETARIA'],
  ['Oficina do Zeca', 'basic', 'OFICINA'],
  ['Laticínios Serra Azul', 'enterprise', 'LINHA'],
];

const plans: readonly Pick<NewPlano, 'nome' | 'preco_centavos' | 'recursos'>[] = [
  { nome: 'Essencial', preco_centavos: 8_900, recursos: ['nfe'] },
  { nome: 'Profissional', preco_centavos: 24_900, recursos: ['nfe', 'sped', 'usuarios:10'] },
  { nome: 'Empresarial', preco_centavos: 69_000, recursos: ['nfe', 'sped', 'usuarios:25'] },
];
/** Long enough that nobody is blocked while a demo is looked at. */
const graceDays = 15;

const terms: readonly Pick<NewLicenca, 'tipo' | 'dias' | 'recursos'>[] = [
  { tipo: 'assinatura' },
  { tipo: 'perpetua', recursos: ['nfe', 'usuarios:10'] },
  { tipo: 'assinatura' },
  { tipo: 'assinatura' },
  { tipo: 'temporaria', dias: 365, recursos: ['nfe'] },
  { tipo: 'assinatura' },
  { tipo: 'assinatura' },
  { tipo: 'demonstracao', recursos: [] },
];

/**
 * Creates the customers with a licence each; subscriptions began on different days, and one in three has not paid.
 * @returns as many seats as there are machines.
 */
export async function createSampleCustomers(
  { clientes, licencas, planos, faturas }: App['services'],
  machines: number,
  now: number,
): Promise<Seat[]> {
  const actor = systemActor('demo');
  const perPlan: string[] = [];
  for (const plan of plans) {
    const plano = { ...plan, periodo: 'mensal', limite_maquinas: machines, carencia_dias: graceDays } as const;
    perPlan.push((await planos.criar(actor, plano)).id);
  }
  const perCustomer = Math.ceil(machines / companies.length);
  const seats: Seat[] = [];
  for (const [index, [nome, tipo, prefix]] of companies.entries()) {
    const cliente = await clientes.criar(actor, {
      nome,
      tipo,
      email: `financeiro@cliente${index + 1}.exemplo.com.br`,
      telefone: `(67) 3${String(200 + index)}-${String(1000 + index * 37)}`,
      documento: cnpj.generate(),
    });
    const limite = Math.max(1, perCustomer + (index % 3));
    const chosen = terms[index % terms.length];
    if (!chosen) continue;
    const subscription = chosen.tipo === 'assinatura' && {
      plano_id: perPlan[Math.floor(index / 2) % perPlan.length],
      inicia_em: now - index * 2 * dayMs,
      renovacao_automatica: true,
    };
    const nova = { cliente_id: cliente.id, ...chosen, ...subscription, limite_maquinas: limite };
    const { chave } = await licencas.criar(actor, nova);
    if (subscription && index % 3 !== 0) await payAll(faturas, actor, cliente.id);
    for (let seat = 0; seat < perCustomer && chave; seat += 1) {
      seats.push({ chave, nome: `${prefix}-${String(seat + 1).padStart(2, '0')}` });
    }
  }
  return seats.slice(0, machines);
}

async function payAll(faturas: App['services']['faturas'], actor: Actor, cliente_id: string): Promise<void> {
  const page = readPage({}, faturaSortable, 'criado_em');
  for (const { id } of (await faturas.listar(actor, page, { cliente_id })).itens) await faturas.pagar(actor, id);
}
