/** What can be done with versions: received, published, edited, rolled out, withdrawn. */

import { type Actor, authorize } from '../../core/actor';
import type { NewEvent } from '../../core/events';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { ContentStore, ReceivedFile } from '../../storage/files/content-store';
import type { Keyring } from '../../storage/keys/keyring';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { type AuditRow, listHistorico } from '../auditoria/auditoria.store';
import { getProdutoBySlugOrId, produtoPadrao } from '../produtos/produtos.store';
import { catalogoId } from './catalogo.service';
import { checkSemver } from './semver.model';
import {
  checkArquivo,
  checkVersaoMinima,
  editVersao,
  pauseVersao,
  publishVersao,
  type Versao,
  type VersaoEdit,
  withdrawVersao,
} from './versoes.model';
import {
  contentInUse,
  deleteVersao,
  getVersao,
  insertVersao,
  listVersoes,
  updateVersao,
  type VersaoFilter,
} from './versoes.store';

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
  keyring: Keyring;
  files: ContentStore;
}

/** What the fields beside the file say. */
export type NovaVersao = Omit<VersaoEdit, 'versao'> & {
  versao: string;
  produto?: string | undefined;
  /** What the file must hash to, hexadecimal, and how long it must be. */
  sha256?: string | undefined;
  tamanho?: number | undefined;
  publicar?: boolean | undefined;
};

export type Versoes = ReturnType<typeof createVersoes>;

export function createVersoes({ work, ids, keyring, files }: Dependencies) {
  async function change(
    actor: Actor,
    id: string,
    acao: string,
    decide: (versao: Versao, now: number) => Versao | null,
    tipo?: NewEvent['tipo'],
  ): Promise<Versao> {
    return work.write(actor, async (tx) => {
      const antes = await getVersao(tx.db, id);
      const depois = decide(antes, tx.now);
      if (!depois) return antes;
      await updateVersao(tx.db, depois);
      await record(tx, acao, antes, depois, tipo ? [versaoEvent(tipo, depois)] : []);
      return depois;
    });
  }

  function newVersao(
    file: ReceivedFile,
    arquivo: string,
    input: NovaVersao,
    now: number,
  ): Omit<Versao, 'produto_id' | 'produto'> {
    const { assinatura, kid } = keyring.signDetached(Buffer.from(file.sha256, 'hex'));
    const versao = checkSemver('versao', input.versao);
    return {
      id: ids.next(now),
      versao,
      canal: input.canal ?? 'estavel',
      plataforma: input.plataforma ?? 'qualquer',
      arquitetura: input.arquitetura ?? 'qualquer',
      arquivo: checkArquivo(arquivo),
      tamanho: file.bytes,
      sha256: file.sha256,
      sha512: file.sha512,
      assinatura,
      assinatura_kid: kid,
      assinatura_tauri: input.assinatura_tauri ?? null,
      notas: input.notas ?? '',
      versao_minima: checkVersaoMinima(versao, input.versao_minima ?? null),
      requisitos: input.requisitos ?? {},
      obrigatoria: input.obrigatoria ?? false,
      distribuicao_pct: input.distribuicao_pct ?? 100,
      distribuicao_pausada: false,
      status: input.publicar ? 'publicada' : 'rascunho',
      publicada_em: input.publicar ? now : null,
      downloads: 0,
      criado_em: now,
      atualizado_em: now,
      rev: 1,
    };
  }

  return {
    /**
     * Takes in a version whose file has arrived; the file is kept only when everything else holds.
     * @throws Problem VALIDACAO, HASH_DIVERGENTE, VERSAO_DUPLICADA, ARMAZENAMENTO_CHEIO
     */
    async criar(actor: Actor, file: ReceivedFile, arquivo: string, input: NovaVersao): Promise<Versao> {
      authorize(actor, 'uploads:criar');
      if (input.publicar) authorize(actor, 'uploads:editar');
      refuseOther(file, input);
      return work.write(actor, async (tx) => {
        const produto = await getProdutoBySlugOrId(tx.db, input.produto ?? produtoPadrao);
        const named = { produto_id: produto.id, produto: produto.slug };
        const versao: Versao = { ...newVersao(file, arquivo, input, tx.now), ...named };
        await insertVersao(tx.db, versao);
        await record(tx, 'criar', null, versao, input.publicar ? [versaoEvent('versao.publicada', versao)] : []);
        // Last, and inside: a name nobody refers to is swept at the next start, a reference to no file would stay.
        await file.keep();
        return versao;
      });
    },

    async listar(actor: Actor, page: PageRequest, filter: VersaoFilter): Promise<Page<Versao>> {
      authorize(actor, 'uploads:ler');
      return listVersoes(work.reader, page, filter);
    },

    async obter(actor: Actor, id: string): Promise<Versao> {
      authorize(actor, 'uploads:ler');
      return getVersao(work.reader, id);
    },

    /** @throws Problem VERSAO_DESATUALIZADA, TRANSICAO_INVALIDA, VERSAO_DUPLICADA, VALIDACAO */
    async atualizar(actor: Actor, id: string, edit: VersaoEdit, esperada: number | null): Promise<Versao> {
      authorize(actor, 'uploads:editar');
      return change(actor, id, 'editar', (versao, now) => {
        if (esperada !== null && versao.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        return editVersao(versao, edit, now);
      });
    },

    /** Publishing what is published already changes nothing; what was withdrawn comes back. */
    async publicar(actor: Actor, id: string): Promise<Versao> {
      authorize(actor, 'uploads:editar');
      return change(actor, id, 'publicar', publishVersao, 'versao.publicada');
    },

    /** From the next request on nobody is offered it, and no download begins. @throws Problem TRANSICAO_INVALIDA */
    async retirar(actor: Actor, id: string): Promise<Versao> {
      authorize(actor, 'uploads:editar');
      return change(actor, id, 'retirar', withdrawVersao, 'versao.retirada');
    },

    async pausar(actor: Actor, id: string, pausada: boolean): Promise<Versao> {
      authorize(actor, 'uploads:editar');
      const acao = pausada ? 'pausar' : 'retomar';
      return change(actor, id, acao, (versao, now) => pauseVersao(versao, pausada, now));
    },

    /** Removes a version that nobody can have any more, and its file unless another has the same. */
    async excluir(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'uploads:excluir');
      await work.write(actor, async (tx) => {
        const antes = await getVersao(tx.db, id);
        if (antes.status === 'publicada') {
          throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'Retire a versão antes de excluí-la.' });
        }
        await deleteVersao(tx.db, id);
        await record(tx, 'excluir', antes, null, []);
      });
      await this.limpar();
    },

    async historico(actor: Actor, id: string, page: PageRequest): Promise<Page<AuditRow>> {
      authorize(actor, 'uploads:ler');
      await getVersao(work.reader, id);
      return listHistorico(work.reader, page, 'versao', id);
    },

    /** Removes contents that no version refers to: of removed versions, or of an upload that a crash cut off. */
    async limpar(): Promise<void> {
      for await (const sha256 of files.list()) {
        if (await contentInUse(work.reader, sha256)) continue;
        // Asked again among the writes: an upload may just be taking this very content in.
        await work.exclusive(async (db) => {
          if (!(await contentInUse(db, sha256))) await files.remove(sha256);
        });
      }
    },
  };
}

/** @throws Problem HASH_DIVERGENTE, VALIDACAO for an empty file */
function refuseOther(file: ReceivedFile, { sha256, tamanho }: NovaVersao): void {
  if (file.bytes === 0)
    throw new Problem('VALIDACAO', {
      detalhe: 'arquivo: está vazio',
      erros: [{ campo: 'arquivo', mensagem: 'está vazio' }],
    });
  if (sha256 !== undefined && sha256 !== file.sha256) {
    throw new Problem('HASH_DIVERGENTE', { detalhe: `O SHA-256 do que chegou é ${file.sha256}, não ${sha256}.` });
  }
  if (tamanho !== undefined && tamanho !== file.bytes) {
    throw new Problem('HASH_DIVERGENTE', { detalhe: `Chegaram ${file.bytes} bytes, não ${tamanho}.` });
  }
}

async function record(
  tx: Tx,
  acao: string,
  antes: Versao | null,
  depois: Versao | null,
  eventos: readonly NewEvent[],
): Promise<void> {
  const entidadeId = depois?.id ?? antes?.id ?? '';
  await tx.record({ acao, entidade: 'versao', entidadeId, antes, depois, eventos });
  tx.touch(catalogoId);
}

/** What events tell of a version. */
export function versaoEvent(tipo: NewEvent['tipo'], versao: Versao, more: Record<string, unknown> = {}): NewEvent {
  const { id, produto_id, produto, canal, plataforma, arquitetura, arquivo, tamanho, sha256, obrigatoria } = versao;
  const named = { versao_id: id, versao: versao.versao, produto_id, produto, canal, plataforma, arquitetura };
  const dados = { ...named, arquivo, tamanho, sha256, obrigatoria, ...more };
  return { tipo, entidade: 'versao', entidadeId: id, dados };
}
