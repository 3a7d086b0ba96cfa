/**
 * Fills a new data folder with licences straight through the tables, for measuring at size; also by hand:
 * `bun scripts/bench/seed.ts FOLDER LICENCES KEYS.txt`.
 */

import { Database } from 'bun:sqlite';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { dayMs, systemClock } from '../../src/core/clock';
import { uuidV7 } from '../../src/core/ids';
import { foldText } from '../../src/core/text';
import { buildChave, chavePrefixo, normalizeChave } from '../../src/modules/licencas/chave.model';
import { produtoPadrao } from '../../src/modules/produtos/produtos.store';
import { prepareDataFolder } from '../../src/storage/data-folder';
import { openStores } from '../../src/stores';

const licencasPerCliente = 5;
const transactionRows = 10_000;

if (import.meta.main) {
  const [path, licencas, keysFile] = process.argv.slice(2);
  if (!path || !keysFile || !(Number(licencas) > 0)) throw new Error('usage: seed.ts FOLDER LICENCES KEYS.txt');
  await seed(path, Number(licencas), keysFile);
}

/** Seeds a new data folder. The keys are written to a file, one a line. */
export async function seed(path: string, licencas: number, keysFile: string): Promise<void> {
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
          const nome = nameOf(n);
          const email = `cliente${n}@exemplo.com.br`;
          insertCliente.run(clienteId, nome, email, foldText(`${nome} ${email}`), at, at);
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
  writeFileSync(keysFile, `${keys.join('\n')}\n`);
}

const first = [
  'Padaria',
  'Farmácia',
  'Auto Peças',
  'Clínica',
  'Supermercado',
  'Escritório',
  'Oficina',
  'Escola',
  'Laticínios',
];
const second = [
  'Três Irmãos',
  'São João',
  'Rondon',
  'Vida Plena',
  'Bom Preço',
  'Nogueira',
  'do Zeca',
  'Pantanal',
  'Serra Azul',
];

/** A company's name that a part of it finds again. */
export function nameOf(n: number): string {
  return `${first[n % first.length]} ${second[Math.floor(n / 9) % second.length]} ${n}`;
}
