/** Fills a new data folder with machines of one customer straight through the tables, as if they had been activated. */

import { Database } from 'bun:sqlite';
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/core/clock';
import { uuidV7 } from '../../src/core/ids';
import { machineTokenPurpose } from '../../src/modules/licencas/ativacao.service';
import { buildChave, chavePrefixo, normalizeChave } from '../../src/modules/licencas/chave.model';
import { produtoPadrao } from '../../src/modules/produtos/produtos.store';
import { prepareDataFolder } from '../../src/storage/data-folder';
import { openStores } from '../../src/stores';
import type { Machine } from './mqtt-packets';

/** @returns the customer and its machines, with their tokens. */
export async function seedMachines(path: string, count: number): Promise<{ clienteId: string; machines: Machine[] }> {
  const folder = prepareDataFolder(path);
  const clock = systemClock(0);
  const stores = await openStores(folder, clock);
  const { keyring } = stores;
  const produto = await stores.sqlite.reader
    .selectFrom('produtos')
    .select('id')
    .where('slug', '=', produtoPadrao)
    .executeTakeFirstOrThrow();
  await stores.close();

  const now = clock.now();
  const clienteId = uuidV7.next(now);
  const licencaId = uuidV7.next(now);
  const chave = buildChave(randomBytes(24));
  const db = new Database(folder.database);
  db.run(
    `INSERT INTO clientes (id, nome, email, telefone, documento, tipo, status, motivo_bloqueio, metadados, busca,
      criado_em, atualizado_em, rev) VALUES (?, 'Frota', 'frota@exemplo.com.br', NULL, NULL, 'basic', 'ativo', NULL, '{}',
      'frota', ?, ?, 1)`,
    [clienteId, now, now],
  );
  db.run(
    `INSERT INTO licencas (id, chave_hmac, chave_selada, chave_prefixo, cliente_id, produto_id, plano_id, tipo, situacao,
      motivo_bloqueio, limite_maquinas, maquinas_ativas, recursos, inicia_em, expira_em, carencia_dias,
      renovacao_automatica, offline_dias, metadados, inicio_registrado, fim_registrado, criado_em, atualizado_em, rev)
      VALUES (?, ?, ?, ?, ?, ?, NULL, 'perpetua', 'ativa', NULL, ?, ?, '[]', ?, NULL, 0, 0, 7, '{}', 1, 0, ?, ?, 1)`,
    [
      licencaId,
      keyring.lookup('licenca', normalizeChave(chave) ?? ''),
      keyring.seal('licenca.chave', chave),
      chavePrefixo(chave),
      clienteId,
      produto.id,
      count,
      count,
      now,
      now,
      now,
    ],
  );
  const insert = db.prepare(
    `INSERT INTO maquinas (id, cliente_id, licenca_id, nome, impressao, conexao, ativa, bloqueada, revisao, token_hmac,
      token_selado, busca, criado_em, atualizado_em, rev) VALUES (?, ?, ?, ?, ?, 'nunca_vista', 1, 0, 1, ?, ?, ?, ?, ?, 1)`,
  );
  const machines = Array.from({ length: count }, () => ({
    id: uuidV7.next(now),
    token: `nm_${randomBytes(24).toString('base64url')}`,
  }));
  db.transaction(() => {
    for (const [n, { id, token }] of machines.entries()) {
      const nome = `frota-${n}`;
      const hmac = keyring.lookup(machineTokenPurpose, token);
      const sealed = keyring.seal(machineTokenPurpose, token);
      insert.run(id, clienteId, licencaId, nome, `impressao-${n}-${id}`, hmac, sealed, nome, now, now);
    }
  })();
  db.close();
  return { clienteId, machines };
}
