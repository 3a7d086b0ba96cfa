/** What the law gives a customer's people: to see all that is held, and to be forgotten (LGPD, Lei 13.709/2018, art. 18). */

import { type Actor, authorize } from '../../core/actor';
import { everyItem, type Page, type PageRequest } from '../../core/page';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { type AuditRow, listHistorico } from '../auditoria/auditoria.store';
import type { Fatura } from '../faturas/faturas.model';
import { listFaturas } from '../faturas/faturas.store';
import { listLicencas } from '../licencas/licencas.store';
import type { LicenceFacts } from '../licencas/validacao.model';
import type { Comando } from '../maquinas/comandos.model';
import { listComandos, removeComandosOfCliente } from '../maquinas/comandos.store';
import type { MaquinaComLicenca } from '../maquinas/maquinas.model';
import { anonymizeMaquinas, listMaquinas } from '../maquinas/maquinas.store';
import type { Cliente } from './clientes.model';
import { getCliente, updateCliente } from './clientes.store';

export interface HeldData {
  cliente: Cliente;
  licencas: LicenceFacts[];
  maquinas: MaquinaComLicenca[];
  comandos: Comando[];
  faturas: Fatura[];
  historico: AuditRow[];
}

export type Lgpd = ReturnType<typeof createLgpd>;

export function createLgpd({ work, clock }: { work: UnitOfWork; clock: { now(): number } }) {
  return {
    async historico(actor: Actor, id: string, page: PageRequest): Promise<Page<AuditRow>> {
      authorize(actor, 'clientes:ler');
      await getCliente(work.reader, id);
      return listHistorico(work.reader, page, 'cliente', id);
    },

    /** Everything that is held on a customer. */
    async exportar(actor: Actor, id: string): Promise<HeldData> {
      authorize(actor, 'clientes:ler');
      const db = work.reader;
      const now = clock.now();
      return {
        cliente: await getCliente(db, id),
        licencas: await collect('criado_em', (page) => listLicencas(db, page, { cliente_id: id }, now)),
        maquinas: await collect('criado_em', (page) => listMaquinas(db, page, { cliente_id: id }, now)),
        comandos: await collect('criado_em', (page) => listComandos(db, { cliente_id: id }, page, {}, now)),
        faturas: await collect('criado_em', (page) => listFaturas(db, page, { cliente_id: id })),
        historico: await collect('em', (page) => listHistorico(db, page, 'cliente', id)),
      };
    },

    /**
     * Takes everything personal from a customer for good. Invoices and audit stay, as the law on accounting asks; the
     * audit row of this very act holds nothing of what was taken.
     */
    async anonimizar(actor: Actor, id: string): Promise<Cliente> {
      authorize(actor, 'clientes:excluir');
      return work.write(actor, async (tx) => {
        const antes = await getCliente(tx.db, id);
        const email = `anonimizado-${id}@anonimo.invalid`;
        if (antes.email === email) return antes;
        const depois: Cliente = {
          ...antes,
          nome: 'Cliente anonimizado',
          email,
          telefone: null,
          documento: null,
          metadados: {},
          atualizado_em: tx.now,
          rev: antes.rev + 1,
        };
        await updateCliente(tx.db, depois);
        await anonymizeMaquinas(tx.db, id);
        await removeComandosOfCliente(tx.db, id);
        await tx.record({
          acao: 'anonimizar',
          entidade: 'cliente',
          entidadeId: id,
          antes: null,
          depois,
          eventos: [
            {
              tipo: 'cliente.atualizado',
              entidade: 'cliente',
              entidadeId: id,
              dados: { cliente_id: id, anonimizado: true },
            },
          ],
        });
        return depois;
      });
    },
  };
}

async function collect<T>(campo: string, list: (page: PageRequest) => Promise<Page<T>>): Promise<T[]> {
  return Array.fromAsync(everyItem(campo, list));
}
