/** Sessions and log-ins as people see them: where an account is open, and who has tried. */

import { type Actor, authorize } from '../../core/actor';
import type { Clock } from '../../core/clock';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { Db, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { type AuditRow, listAcessos } from '../auditoria/auditoria.store';
import { findSessao, listSessoes, revokeOthers, type Sessao } from './acesso.store';
import { self } from './prova.service';
import { endSession } from './sessao.service';
import { authorizeUsuario } from './usuarios.service';
import { getUsuario } from './usuarios.store';

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  refreshTtlMs: number;
}

export type SessoesAbertas = ReturnType<typeof createSessoesAbertas>;

export function createSessoesAbertas({ work, clock, refreshTtlMs }: Dependencies) {
  /** Whose sessions are meant: one's own, or another's for whoever may look after them. */
  async function owner(db: Db, actor: Actor, usuarioId: string | null, edit: boolean): Promise<string> {
    if (usuarioId === null) return (await self(db, actor)).id;
    authorize(actor, edit ? 'usuarios:editar' : 'usuarios:ler');
    const usuario = await getUsuario(db, usuarioId);
    if (edit) await authorizeUsuario(db, actor, usuario);
    return usuario.id;
  }

  return {
    /** The sessions that could still be used, the newest first. @param usuarioId null for one's own. */
    async listar(actor: Actor, usuarioId: string | null): Promise<Sessao[]> {
      const id = await owner(work.reader, actor, usuarioId, false);
      return listSessoes(work.reader, id, clock.now(), clock.now() - refreshTtlMs);
    },

    /** @throws Problem NAO_ENCONTRADO, SEM_PERMISSAO */
    async encerrar(actor: Actor, usuarioId: string | null, sessaoId: string): Promise<void> {
      if (usuarioId !== null) authorize(actor, 'usuarios:editar');
      await work.write(actor, async (tx) => {
        const id = await owner(tx.db, actor, usuarioId, true);
        const sessao = await findSessao(tx.db, sessaoId);
        if (sessao?.usuario_id !== id || sessao.revogada_em !== null) {
          throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há sessão aberta com este id.' });
        }
        await endSession(tx, sessao);
      });
    },

    /** All of another, or all of one's own but the one that asks. @throws Problem NAO_ENCONTRADO, SEM_PERMISSAO */
    async encerrarTodas(actor: Actor, usuarioId: string | null): Promise<void> {
      if (usuarioId !== null) authorize(actor, 'usuarios:editar');
      await work.write(actor, async (tx) => {
        const id = await owner(tx.db, actor, usuarioId, true);
        await revokeOthers(tx.db, id, usuarioId === null ? (actor.sessaoId ?? null) : null, tx.now);
        const change = { acao: 'encerrar_sessoes', entidade: 'usuario', entidadeId: id };
        await tx.record({ ...change, antes: null, depois: null, eventos: [] });
      });
    },

    /** Every log-in and failed attempt at an account. */
    async acessos(actor: Actor, usuarioId: string | null, page: PageRequest): Promise<Page<AuditRow>> {
      return listAcessos(work.reader, page, await owner(work.reader, actor, usuarioId, false));
    },
  };
}
