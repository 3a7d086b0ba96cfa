/** Sample customers and licences, made through the services as an administrator would. */

import { cnpj } from 'cpf-cnpj-validator';
import type { App } from '../../app';
import { systemActor } from '../../core/actor';
import type { ClienteTipo } from '../../modules/clientes/clientes.model';
import type { NewLicenca } from '../../modules/licencas/licencas.service';

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

const terms: readonly Pick<NewLicenca, 'tipo' | 'dias' | 'recursos'>[] = [
  { tipo: 'perpetua', recursos: ['nfe', 'usuarios:10'] },
  { tipo: 'temporaria', dias: 365, recursos: ['nfe'] },
  { tipo: 'assinatura', dias: 30, recursos: ['nfe', 'sped', 'usuarios:25'] },
  { tipo: 'demonstracao', recursos: [] },
];

/** Creates the customers with a licence each. @returns as many seats as there are machines. */
export async function createSampleCustomers(
  { clientes, licencas }: App['services'],
  machines: number,
): Promise<Seat[]> {
  const actor = systemActor('demo');
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
    const { chave } = await licencas.criar(actor, { cliente_id: cliente.id, ...chosen, limite_maquinas: limite });
    for (let seat = 0; seat < perCustomer && chave; seat += 1) {
      seats.push({ chave, nome: `${prefix}-${String(seat + 1).padStart(2, '0')}` });
    }
  }
  return seats.slice(0, machines);
}
