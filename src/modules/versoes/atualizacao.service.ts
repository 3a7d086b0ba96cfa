/** Is there something newer for me? The next step for a machine or a licence, and where to fetch it. */

import { Problem } from '../../core/problem';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import type { Catalogo } from './catalogo.service';
import { type Chamador, direitoOf } from './chamadores.service';
import type { Enderecos } from './enderecos.service';
import { type Candidata, chooseUpdate, type Escolha, type Procura, reachable, refusal } from './escolha.model';
import type { FindFixada } from './fixacoes.store';
import { checkSemver, compareVersions, semverOf } from './semver.model';
import type { Arquitetura, Canal, Plataforma, VersaoOferta } from './versoes.model';

const motivosMax = 20;

export interface Pedido {
  produto?: string | undefined;
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
  function procuraOf(chamador: Chamador, wanted: Omit<Procura, 'lugar' | 'direito' | 'fixada'>): Procura {
    const { cliente_id, produto_id } = chamador.facts.licenca;
    const pin = fixada(chamador.maquina?.id ?? null, cliente_id, produto_id);
    return {
      ...wanted,
      lugar: chamador.lugar,
      direito: direitoOf(chamador),
      fixada: pin === null ? null : semverOf(pin),
    };
  }

  async function notesOf(id: string): Promise<string> {
    const row = await work.reader.selectFrom('versoes').select('notas').where('id', '=', id).executeTakeFirst();
    return row?.notas ?? '';
  }

  return {
    /**
     * The next step for a caller.
     * @param origem scheme and authority under which the caller reached this server.
     * @throws Problem PRODUTO_DIFERENTE, VALIDACAO
     */
    async verificar(chamador: Chamador, pedido: Pedido, origem: string): Promise<Atualizacao> {
      const versaoAtual = semverOf(checkSemver('versao_atual', pedido.versao_atual));
      refuseOtherProduct(chamador, pedido.produto);
      const procura = procuraOf(chamador, {
        versaoAtual,
        plataforma: pedido.plataforma,
        arquitetura: pedido.arquitetura,
        canal: pedido.canal ?? 'estavel',
        soVersao: pedido.so_versao ?? null,
        verificaSo: false,
      });
      const todas = await catalogo.of(chamador.facts.licenca.produto_id);
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

    procuraOf,
    notesOf,
    catalogo: (chamador: Chamador) => catalogo.of(chamador.facts.licenca.produto_id),
  };
}

/** @throws Problem PRODUTO_DIFERENTE */
export function refuseOtherProduct({ facts }: Chamador, produto: string | undefined): void {
  if (produto === undefined || produto === facts.produtoSlug || produto === facts.licenca.produto_id) return;
  throw new Problem('PRODUTO_DIFERENTE', {
    detalhe: `A licença é do produto ${facts.produtoSlug}, não de ${produto.slice(0, 100)}.`,
  });
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
