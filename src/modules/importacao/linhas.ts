/** What a row of each kind of CSV becomes. */

import { parseRfc3339 } from '../../core/clock';
import { invalidField } from '../../core/problem';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { type ClienteFields, clienteTipos, newCliente } from '../clientes/clientes.model';
import type { Clientes } from '../clientes/clientes.service';
import { findClienteByEmail, refuseDuplicate } from '../clientes/clientes.store';
import { diasMax, licencaPeriod, licencaTipos } from '../licencas/licencas.model';
import type { Licencas, NewLicenca } from '../licencas/licencas.service';
import { getProdutoBySlugOrId } from '../produtos/produtos.store';
import type { CsvRow, RowImporter } from './importacao.service';

const nomeCharactersMax = 300;
const maquinasMax = 1_000_000;

/** Customers: the columns of the export that can be written. */
export function clienteRows(reader: Db, clientes: Clientes, now: () => number): RowImporter {
  return {
    columns: ['nome', 'email', 'telefone', 'documento', 'tipo'],
    async check(row, seen) {
      const cliente = newCliente(clienteFields(row), 'novo', now());
      refuseSeen(seen, 'email', cliente.email);
      if (cliente.documento !== null) refuseSeen(seen, 'documento', cliente.documento);
      await refuseDuplicate(reader, cliente);
    },
    async insert(tx, row) {
      await clientes.criarEm(tx, clienteFields(row));
    },
  };
}

/** Licences, by the e-mail of their customer. */
export function licencaRows(reader: Db, licencas: Licencas, now: () => number): RowImporter {
  return {
    columns: ['cliente_email', 'tipo', 'produto', 'dias', 'inicia_em', 'expira_em', 'limite_maquinas', 'recursos'],
    async check(row) {
      await clienteIdOf(reader, row);
      const fields = licencaFields(row);
      if (fields.produto !== undefined) await getProdutoBySlugOrId(reader, fields.produto);
      licencaPeriod(fields, now());
    },
    async insert(tx, row) {
      await licencas.criarEm(tx, { ...licencaFields(row), cliente_id: await clienteIdOf(tx.db, row) });
    },
  };
}

function clienteFields(row: CsvRow): ClienteFields {
  const nome = row.nome ?? '';
  if (nome.length > nomeCharactersMax) throw invalidField('nome', `passa de ${nomeCharactersMax} caracteres`);
  if (hasControls(nome)) throw invalidField('nome', 'tem caracteres de controle');
  const email = row.email ?? '';
  if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email) || email.length > 254)
    throw invalidField('email', 'não é um endereço de e-mail');
  return {
    nome,
    email,
    telefone: row.telefone || null,
    documento: row.documento || null,
    tipo: row.tipo ? word('tipo', row.tipo, clienteTipos) : undefined,
  };
}

function licencaFields(row: CsvRow): Omit<NewLicenca, 'cliente_id'> {
  return {
    tipo: word('tipo', row.tipo ?? '', licencaTipos),
    produto: row.produto || undefined,
    dias: wholeNumber('dias', row.dias, diasMax),
    inicia_em: moment('inicia_em', row.inicia_em),
    expira_em: moment('expira_em', row.expira_em),
    limite_maquinas: wholeNumber('limite_maquinas', row.limite_maquinas, maquinasMax),
    recursos: row.recursos ? row.recursos.split(/[\s|]+/).map(recurso) : undefined,
  };
}

async function clienteIdOf(db: Db, row: CsvRow): Promise<string> {
  const cliente = await findClienteByEmail(db, row.cliente_email ?? '');
  if (!cliente) throw invalidField('cliente_email', 'não há cliente com este e-mail');
  if (cliente.status === 'cancelado') throw invalidField('cliente_email', 'o cliente está cancelado');
  return cliente.id;
}

function refuseSeen(seen: Set<string>, campo: string, value: string): void {
  const key = `${campo} ${value}`;
  if (seen.has(key)) throw invalidField(campo, 'está repetido no arquivo');
  seen.add(key);
}

function word<const T extends readonly string[]>(campo: string, value: string, words: T): T[number] {
  const found = words.find((known) => known === value.toLowerCase());
  if (found === undefined) throw invalidField(campo, `deve ser um destes: ${words.join(', ')}`);
  return found;
}

function wholeNumber(campo: string, value: string | undefined, max: number): number | undefined {
  if (!value) return undefined;
  const parsed = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(parsed >= 1 && parsed <= max)) throw invalidField(campo, `deve ser um número inteiro de 1 a ${max}`);
  return parsed;
}

function moment(campo: string, value: string | undefined): number | undefined {
  if (!value) return undefined;
  const epochMs = parseRfc3339(value);
  if (epochMs === null) throw invalidField(campo, 'deve ser uma data e hora RFC 3339, como 2026-11-24T14:05:00Z');
  return epochMs;
}

function recurso(value: string): string {
  if (!/^[A-Za-z0-9_.-]{1,64}(:\d{1,9})?$/.test(value))
    throw invalidField('recursos', 'são nomes como nfe ou usuarios:10');
  return value;
}

function hasControls(value: string): boolean {
  return /\p{Cc}/u.test(value);
}
