/** Fills a data folder with licences straight through the tables, for measuring at size. Keys go to a file, one a line. */

import { Database } from 'bun:sqlite';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dayMs, systemClock } from '../../src/core/clock';
import { uuidV7 } from '../../src/core/ids';
import { buildChave, chavePrefixo, normalizeChave } from '../../src/modules/licencas/chave.model';
import { produtoPadrao } from '../../src/modules/produtos/produtos.store';
import { prepareDataFolder } from '../../src/storage/data-folder';
import { openStores } from '../../src/stores';

const licencasPerCliente = 5;
const transactionRows = 10_000;

/**
 * Seeds a new data folder.
 * @returns the file with the keys.
 */
export async function seed(path: string, licencas: number): Promise<string> {
  const folder = prepareDataFolder(path);
  const clock = systemClock(0);
  const stores = await openStores(folder, clock);
  const { keyring } = stores;
  const now = clock.now();
  const produto = await stores.sqlite.reader
    .selectFrom('produtos')
    .select('id')
    .where('slug', '=', produtoPadrao)
    .executeTakeFirstOrThrow();
  await stores.close();

  const db = new Database(folder.database);
  db.run('PRAGMA synchronous = OFF');
  const insertCliente = db.prepare(
    `INSERT INTO clientes (id, nome, email, telefone, documento, tipo, status, motivo_bloqueio, metadados, busca,
      criado_em, atualizado_em, rev) VALUES (?, ?, ?, NULL, NULL, 'basic', 'ativo', NULL, '{}', ?, ?, ?, 1)`,
  );
  const insertLicenca = db.prepare(
    `INSERT INTO licencas (id, chave_hmac, chave_selada, chave_prefixo, cliente_id, produto_id, plano_id, tipo, situacao,
      motivo_bloqueio, limite_maquinas, maquinas_ativas, recursos, inicia_em, expira_em, carencia_dias,
      renovacao_automatica, offline_dias, metadados, inicio_registrado, fim_registrado, criado_em, atualizado_em, rev)
      VALUES (?, ?, ?, ?, ?, ?, NULL, 'temporaria', 'ativa', NULL, 3, 0, '["nfe","usuarios:10"]', ?, ?, 0, 0, 7, '{}',
      1, 0, ?, ?, 1)`,
  );
  const keys: string[] = [];
  let clienteId = '';
  for (let from = 0; from < licencas; from += transactionRows) {
    db.transaction(() => {
      for (let n = from; n < Math.min(from + transactionRows, licencas); n += 1) {
        const at = now - (licencas - n);
        if (n % licencasPerCliente === 0) {
          clienteId = uuidV7.next(at);
          insertCliente.run(clienteId, `Cliente ${n}`, `cliente${n}@exemplo.com.br`, `cliente ${n}`, at, at);
        }
        const chave = buildChave(randomBytes(24));
        const hmac = keyring.lookup('licenca', normalizeChave(chave) ?? '');
        const sealed = keyring.seal('licenca.chave', chave);
        insertLicenca.run(
          uuidV7.next(at),
          hmac,
          sealed,
          chavePrefixo(chave),
          clienteId,
          produto.id,
          at,
          now + 365 * dayMs,
          at,
          at,
        );
        keys.push(chave);
      }
    })();
  }
  db.close();
  const file = join(path, '..', 'keys.txt');
  writeFileSync(file, keys.join('\n'));
  return file;
}
