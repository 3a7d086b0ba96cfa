/** A customer of the software house: types and rules. No I/O, no clock, no random inside. */

import { cnpj, cpf } from 'cpf-cnpj-validator';
import { checkMetadados, type Metadados } from '../../core/metadados';
import { invalidField, Problem } from '../../core/problem';
import { foldText } from '../../core/text';

export const clienteTipos = ['free', 'basic', 'pro', 'enterprise'] as const;
export const clienteStatus = ['ativo', 'bloqueado', 'cancelado'] as const;

export type ClienteTipo = (typeof clienteTipos)[number];
export type ClienteStatus = (typeof clienteStatus)[number];

export interface Cliente {
  id: string;
  nome: string;
  email: string;
  telefone: string | null;
  documento: string | null;
  tipo: ClienteTipo;
  status: ClienteStatus;
  motivo_bloqueio: string | null;
  metadados: Metadados;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface ClienteFields {
  nome: string;
  email: string;
  telefone?: string | null | undefined;
  documento?: string | null | undefined;
  tipo?: ClienteTipo | undefined;
  metadados?: Metadados | undefined;
}

/** A new customer, active from the start. */
export function newCliente(fields: ClienteFields, id: string, now: number): Cliente {
  return {
    id,
    nome: cleanName(fields.nome),
    email: cleanEmail(fields.email),
    telefone: fields.telefone?.trim() || null,
    documento: cleanDocumento(fields.documento ?? null),
    tipo: fields.tipo ?? 'basic',
    status: 'ativo',
    motivo_bloqueio: null,
    metadados: checkMetadados(fields.metadados ?? {}),
    criado_em: now,
    atualizado_em: now,
    rev: 1,
  };
}

/** The customer with any subset of its writable fields replaced. */
export function editCliente(cliente: Cliente, fields: Partial<ClienteFields>, now: number): Cliente {
  return {
    ...cliente,
    ...(fields.nome === undefined ? {} : { nome: cleanName(fields.nome) }),
    ...(fields.email === undefined ? {} : { email: cleanEmail(fields.email) }),
    ...(fields.telefone === undefined ? {} : { telefone: fields.telefone?.trim() || null }),
    ...(fields.documento === undefined ? {} : { documento: cleanDocumento(fields.documento) }),
    ...(fields.tipo === undefined ? {} : { tipo: fields.tipo }),
    ...(fields.metadados === undefined ? {} : { metadados: checkMetadados(fields.metadados) }),
    atualizado_em: now,
    rev: cliente.rev + 1,
  };
}

/**
 * Moves a customer to another status. Asking for the status it already has is no change; `cancelado` is left only by
 * activating it again.
 * @returns the customer as it becomes, or null when nothing changes.
 * @throws Problem TRANSICAO_INVALIDA for blocking a cancelled customer.
 */
export function moveCliente(
  cliente: Cliente,
  status: ClienteStatus,
  motivo: string | null,
  now: number,
): Cliente | null {
  if (cliente.status === status && cliente.motivo_bloqueio === motivo) return null;
  if (cliente.status === 'cancelado' && status === 'bloqueado') {
    throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'Um cliente cancelado não pode ser bloqueado.' });
  }
  if (cliente.status === status && status === 'cancelado') return null;
  return { ...cliente, status, motivo_bloqueio: motivo, atualizado_em: now, rev: cliente.rev + 1 };
}

/** The text by which a customer is found: lower case, without accents. */
export function clienteBusca(cliente: Cliente): string {
  return foldText([cliente.nome, cliente.email, cliente.documento, cliente.telefone].filter(Boolean).join(' '));
}

function cleanName(nome: string): string {
  const trimmed = nome.trim();
  if (!trimmed) throw invalidField('nome', 'não pode ser vazio');
  return trimmed;
}

function cleanEmail(email: string): string {
  return email.trim().toLowerCase();
}

/**
 * A CPF or a CNPJ, numeric or alphanumeric (Receita Federal, IN 2.229/2024), without punctuation.
 * @throws Problem VALIDACAO when the check digits do not hold.
 */
export function cleanDocumento(documento: string | null): string | null {
  if (documento === null || documento.trim() === '') return null;
  const bare = documento.replace(/[.\-/\s]/g, '').toUpperCase();
  const valid = bare.length === 11 ? cpf.isValid(bare) : bare.length === 14 && cnpj.isValid(bare);
  if (!valid) throw invalidField('documento', 'não é um CPF ou CNPJ válido (dígitos verificadores)');
  return bare;
}
