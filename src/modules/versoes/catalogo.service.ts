/** The published versions of each product in memory, sorted, for the call every machine makes. A commit that changes any empties it. */

import type { Commit, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { type Candidata, prepareCatalogo } from './escolha.model';
import { publishedOf } from './versoes.store';

/** What a commit touches when it changes any version. */
export const catalogoId = 'versoes';

const productsMax = 1_000;

export type Catalogo = ReturnType<typeof createCatalogo>;

export function createCatalogo({ work }: { work: Pick<UnitOfWork, 'reader'> }) {
  const byProduct = new Map<string, Promise<readonly Candidata[]>>();

  return {
    of(produtoId: string): Promise<readonly Candidata[]> {
      const known = byProduct.get(produtoId);
      if (known) return known;
      const loading = publishedOf(work.reader, produtoId).then(prepareCatalogo);
      if (byProduct.size >= productsMax) byProduct.clear();
      byProduct.set(produtoId, loading);
      // A failure is not remembered.
      loading.catch(() => byProduct.delete(produtoId));
      return loading;
    },

    onCommit(commit: Commit): void {
      if (commit.ids.has(catalogoId)) byProduct.clear();
      // A product's slug may have changed.
      for (const id of byProduct.keys()) if (commit.ids.has(id)) byProduct.delete(id);
    },
  };
}
