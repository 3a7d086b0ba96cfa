/** Who runs what, since when. */

import { type Actor, authorize } from '../../core/actor';
import type { Page, PageRequest } from '../../core/page';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { getMaquina } from '../maquinas/maquinas.store';
import { getProdutoBySlugOrId, produtoPadrao } from '../produtos/produtos.store';
import { type Adocao, countRodando, listRodando, type Passagem, passagensOf, type Rodando } from './adocao.store';
import { getVersao } from './versoes.store';

export type Adocoes = ReturnType<typeof createAdocoes>;

export function createAdocoes({ work }: { work: Pick<UnitOfWork, 'reader'> }) {
  return {
    /** The machines that run a version now, whatever platform they are of. @throws Problem NAO_ENCONTRADO */
    async maquinasDe(actor: Actor, versaoId: string, page: PageRequest): Promise<Page<Rodando>> {
      authorize(actor, 'maquinas:ler');
      return listRodando(work.reader, page, await getVersao(work.reader, versaoId));
    },

    /** How many machines run each version of a product. @throws Problem VALIDACAO */
    async porVersao(actor: Actor, produto: string | undefined): Promise<Adocao[]> {
      authorize(actor, 'uploads:ler');
      return countRodando(work.reader, (await getProdutoBySlugOrId(work.reader, produto ?? produtoPadrao)).id);
    },

    /** What a machine has run. @throws Problem NAO_ENCONTRADO */
    async historico(actor: Actor, maquinaId: string): Promise<Passagem[]> {
      authorize(actor, 'maquinas:ler');
      await getMaquina(work.reader, maquinaId);
      return passagensOf(work.reader, maquinaId);
    },
  };
}
