/** Who may fetch the file of a version, and counting who did. */

import { type Actor, authorize } from '../../core/actor';
import { Problem } from '../../core/problem';
import type { ContentStore } from '../../storage/files/content-store';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { findUsoGeral } from '../produtos/produtos.store';
import { type Chamador, type Chamadores, direitoOf } from './chamadores.service';
import type { Assinado, Enderecos } from './enderecos.service';
import { lacksRight } from './requisitos.model';
import type { Versao } from './versoes.model';
import { versaoEvent } from './versoes.service';
import { addDownload, getVersao } from './versoes.store';

interface Dependencies {
  work: UnitOfWork;
  files: Pick<ContentStore, 'pathOf' | 'sizeOf'>;
  chamadores: Chamadores;
  enderecos: Enderecos;
}

/** A file that may be sent now. */
export interface Download {
  versao: Versao;
  path: string;
  /** To whom, for the count. */
  actor: Actor;
  chamador: Chamador | null;
}

export type Downloads = ReturnType<typeof createDownloads>;

export function createDownloads({ work, files, chamadores, enderecos }: Dependencies) {
  const isUsoGeral = async (produtoId: string): Promise<boolean> =>
    (await findUsoGeral(work.reader, produtoId)) !== null;

  async function forCaller(actor: Actor, id: string, chamador: Chamador): Promise<Download> {
    const versao = await getVersao(work.reader, id);
    // What is not out is nobody's business.
    if (versao.status === 'rascunho') throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há versão com este id.' });
    refuseWithdrawn(versao);
    if (versao.produto_id !== chamador.facts.licenca.produto_id && !(await isUsoGeral(versao.produto_id))) {
      throw new Problem('PRODUTO_DIFERENTE', { detalhe: `A licença é do produto ${chamador.facts.produtoSlug}.` });
    }
    const reason = lacksRight(versao, direitoOf(chamador, versao.produto_id));
    if (reason) throw new Problem('VERSAO_NAO_PERMITIDA', { detalhe: reason });
    return open(versao, actor, chamador);
  }

  /** @throws Problem INDISPONIVEL when the file is not on the disk as it was sent, which `doctor` tells of. */
  async function open(versao: Versao, actor: Actor, chamador: Chamador | null): Promise<Download> {
    if ((await files.sizeOf(versao.sha256)) !== versao.tamanho) {
      throw new Problem('INDISPONIVEL', { detalhe: 'O arquivo desta versão não está no disco do servidor.' });
    }
    return { versao, path: files.pathOf(versao.sha256), actor, chamador };
  }

  return {
    forCaller,

    /**
     * For a bearer: a machine gets what its licence is entitled to, people what is not withdrawn, drafts included.
     * @throws Problem NAO_ENCONTRADO, VERSAO_RETIRADA, VERSAO_NAO_PERMITIDA, PRODUTO_DIFERENTE and as `Chamadores`
     */
    async abrir(actor: Actor, id: string): Promise<Download> {
      if (actor.tipo === 'maquina' && actor.id !== null) return forCaller(actor, id, chamadores.byMachine(actor.id));
      authorize(actor, 'uploads:ler');
      const versao = await getVersao(work.reader, id);
      refuseWithdrawn(versao);
      return open(versao, actor, null);
    },

    /** For whom a signed address was given to, judged as that caller is now. @throws Problem URL_INVALIDA, URL_EXPIRADA and as `abrir` */
    async abrirAssinado(anonymous: Actor, id: string, assinado: Assinado): Promise<Download> {
      const chamador = chamadores.byRef(enderecos.conferir(id, assinado));
      return forCaller(actorOf(anonymous, chamador), id, chamador);
    },

    /** Counts one complete download. */
    async concluido({ versao, actor, chamador }: Download): Promise<void> {
      const { cliente_id, id } = chamador?.facts.licenca ?? {};
      const who = { maquina_id: chamador?.maquina?.id ?? null, licenca_id: id ?? null, cliente_id: cliente_id ?? null };
      await work.write(actor, async (tx) => {
        await addDownload(tx.db, versao.id);
        await tx.record({
          acao: 'baixar',
          entidade: 'versao',
          entidadeId: versao.id,
          antes: null,
          depois: who,
          eventos: [versaoEvent('versao.baixada', versao, who)],
        });
      });
    },
  };
}

/** The caller as it stands in the audit, where it came without a token. */
export function actorOf(anonymous: Actor, { facts, maquina }: Chamador): Actor {
  if (maquina) return { ...anonymous, tipo: 'maquina', id: maquina.id, nome: 'máquina' };
  return { ...anonymous, tipo: 'licenca', id: facts.licenca.id, nome: facts.licenca.chave_prefixo };
}

function refuseWithdrawn({ status }: Versao): void {
  if (status === 'retirada') throw new Problem('VERSAO_RETIRADA');
}
