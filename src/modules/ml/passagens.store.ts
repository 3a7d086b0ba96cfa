/** Since when each customer is one, and until when it was. */

import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Passagem } from './treino.model';

/** Every customer there ever was. The moment of leaving is the audit's; one that came back has not left. */
export async function passagens(db: Db): Promise<Passagem[]> {
  const rows = await db
    .selectFrom('clientes')
    .leftJoin(
      db
        .selectFrom('auditoria')
        .select(['entidade_id', ({ fn }) => fn.max('em').as('em')])
        .where('entidade', '=', 'cliente')
        .where('acao', '=', 'cancelar')
        .groupBy('entidade_id')
        .as('saida'),
      'saida.entidade_id',
      'clientes.id',
    )
    .select(['clientes.id', 'clientes.criado_em', 'clientes.status', 'saida.em'])
    .execute();
  return rows.map(({ id, criado_em, status, em }) => ({
    id,
    desde: criado_em,
    ate: status === 'cancelado' ? em : null,
  }));
}
