/** Is there something newer for me? The next step for a machine or a licence, and where to fetch it. */

import { Problem } from '../../core/problem';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { findUsoGeral } from '../produtos/produtos.store';
import type { Catalogo } from './catalogo.service';
import { type Chamador, direitoOf } from './chamadores.service';
import type { Enderecos } from './enderecos.service';
import { type Candidata, chooseUpdate, type Escolha, type Procura, reachable, refusal } from './escolha.model';
import type { FindFixada } from './fixacoes.store';
import { checkSemver, compareVersions, semverOf } from './semver.model';
import type { Arquitetura, Canal, Plataforma, VersaoOferta } from './versoes.model';

const motivosMax = 20;

export interface Pedido {
  versao_atual: string;
  plataforma: Plataforma;
  arquitetura: Arquitetura;
  canal?: Canal | undefined;
  so_versao?: string | undefined;
  explicar?: boolean | undefined;
}

export interface Atualizacao {
  atualizacao: boolean;
  obrigatoria: boolean;
  versao?: Pick<VersaoOferta, 'id' | 'versao' | 'tamanho' | 'sha256' | 'assinatura' | 'assinatura_kid' | 'arquivo'> & {
    notas: string;
  };
  url?: string;
  /** Of every newer version that is not the answer, why not. */
  motivos?: { versao: string; motivo: string }[];
}

interface Dependencies {
  work: Pick<UnitOfWork, 'reader'>;
  catalogo: Catalogo;
  enderecos: Enderecos;
  fixada: FindFixada;
}

export type Atualizacoes = ReturnType<typeof createAtualizacoes>;

export function createAtualizacoes({ work, catalogo, enderecos, fixada }: Dependencies) {
  /** @param produtoId whose versions are looked through; the licence's own unless told. */
  function procuraOf(
    chamador: Chamador,
    wanted: Omit<Procura, 'lugar' | 'direito' | 'fixada'>,
    produtoId = chamador.facts.licenca.produto_id,
  ): Procura {
    const pin = fixada(chamador.maquina?.id ?? null, chamador.facts.licenca.cliente_id, produtoId);
    return {
      ...wanted,
      lugar: chamador.lugar,
      direito: direitoOf(chamador, produtoId),
      fixada: pin === null ? null : semverOf(pin),
    };
  }

  /** The product asked for: the licence's own, or one for every licence. @throws Problem PRODUTO_DIFERENTE */
  async function produtoOf({ facts }: Chamador, produto: string | undefined): Promise<string> {
    const { licenca, produtoSlug } = facts;
    if (produto === undefined || produto === produtoSlug || produto === licenca.produto_id) return licenca.produto_id;
    const geral = await findUsoGeral(work.reader, produto);
    if (geral !== null) return geral;
    throw new Problem('PRODUTO_DIFERENTE', {
      detalhe: `A licença é do produto ${produtoSlug}, não de ${produto.slice(0, 100)}.`,
    });
  }

  async function notesOf(id: string): Promise<string> {
    const row = await work.reader.selectFrom('versoes').select('notas').where('id', '=', id).executeTakeFirst();
    return row?.notas ?? '';
  }

  return {
    /**
     * The next step for a caller.
     * @param origem scheme and authority under which the caller reached this server.
     * @param produtoId as `produtoOf` found it.
     * @throws Problem VALIDACAO
     */
    async verificar(chamador: Chamador, produtoId: string, pedido: Pedido, origem: string): Promise<Atualizacao> {
      const versaoAtual = semverOf(checkSemver('versao_atual', pedido.versao_atual));
      const procura = procuraOf(
        chamador,
        {
          versaoAtual,
          plataforma: pedido.plataforma,
          arquitetura: pedido.arquitetura,
          canal: pedido.canal ?? 'estavel',
          soVersao: pedido.so_versao ?? null,
          verificaSo: false,
        },
        produtoId,
      );
      const todas = await catalogo.of(produtoId);
      const escolha = chooseUpdate(todas, procura);
      const motivos = pedido.explicar ? { motivos: explain(todas, procura, escolha) } : {};
      if (!escolha) return { atualizacao: false, obrigatoria: false, ...motivos };
      const { id, versao, tamanho, sha256, assinatura, assinatura_kid, arquivo } = escolha.versao;
      return {
        atualizacao: true,
        obrigatoria: escolha.obrigatoria,
        versao: { id, versao, notas: await notesOf(id), tamanho, sha256, assinatura, assinatura_kid, arquivo },
        url: this.endereco(id, chamador.ref, origem),
        ...motivos,
      };
    },

    /** A signed address of a version's file, for a caller. */
    endereco: (versaoId: string, ref: string, origem: string): string =>
      `${origem}/api/v1/uploads/download/${versaoId}?${enderecos.assinar(versaoId, ref)}`,

    produtoOf,
    procuraOf,
    notesOf,
    catalogo: (chamador: Chamador) => catalogo.of(chamador.facts.licenca.produto_id),
  };
}

function explain(todas: readonly Candidata[], procura: Procura, escolha: Escolha | null) {
  const { versaoAtual } = procura;
  return todas
    .filter(({ ordem }) => versaoAtual === null || compareVersions(ordem, versaoAtual) > 0)
    .filter(({ id }) => id !== escolha?.versao.id)
    .slice(0, motivosMax)
    .map((versao) => ({ versao: versao.versao, motivo: refusal(versao, procura) ?? notReached(versao, procura) }));
}

function notReached(versao: Candidata, { versaoAtual }: Procura): string {
  if (reachable(versao, versaoAtual)) return 'Há uma mais nova.';
  return `Só se chega a ela a partir da ${versao.versao_minima}.`;
}
