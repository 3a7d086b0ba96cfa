/**
 * Proves the false-alarm budget of the suspicion rules: `bun scripts/train/falsos-alarmes.ts [alarms a week]`.
 *
 * 300 customers live 30 days in which nothing is wrong, after four weeks from which the rules learn what is usual: machines
 * fall by themselves and are switched off at closing time, people mistype passwords, correct records, fill the seats they
 * bought, and the anomaly detector is wrong now and then. The rules of production are asked every five minutes, as there.
 * Seeded: every run prints the same.
 */

import { Database } from 'bun:sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { systemActor } from '../../src/core/actor';
import { dayMs, hourMs, minuteMs } from '../../src/core/clock';
import { uuidV7 } from '../../src/core/ids';
import { createClientes } from '../../src/modules/clientes/clientes.service';
import { createAtivacao } from '../../src/modules/licencas/ativacao.service';
import { createLicencas } from '../../src/modules/licencas/licencas.service';
import { touchMachines } from '../../src/modules/maquinas/maquinas.service';
import { suspeitaTipos } from '../../src/modules/ml/suspeitas.model';
import { createSuspeitas } from '../../src/modules/ml/suspeitas.service';
import { prepareDataFolder } from '../../src/storage/data-folder';
import { openStores } from '../../src/stores';

const porSemana = Number(process.argv[2] ?? 1);
const customers = 300;
const learntDays = 28;
const quietDays = 30;
const lookMs = 5 * minuteMs;
/** Midnight in São Paulo. */
const begin = Date.UTC(2026, 2, 2, 3);
const evaluated = begin + learntDays * dayMs;
const end = evaluated + quietDays * dayMs;

const random = xoroshiro128plus(30);
const draw = (): number => uniformFloat64(random);
const upTo = (n: number): number => Math.floor(draw() * n);

interface Customer {
  id: string;
  licenca: string;
  machines: string[];
  /** From which address its machines come. */
  ip: string;
  /** Two houses in three switch their machines off at closing time. */
  switchesOff: boolean;
}

const path = mkdtempSync(join(tmpdir(), 'narcidi-alarmes-'));
let now = begin;
const clock = { now: () => now };
const folder = prepareDataFolder(path);
const stores = await openStores(folder, clock);
const people = await openHouse();
liveQuietly(people);

const suspeitas = createSuspeitas({ ...stores, clock, ids: uuidV7, relogios: { atrasados: () => [] }, porSemana });
const told = new Map<string, number>();
const askedFrom = performance.now();
let looks = 0;
for (now = evaluated; now < end; now += lookMs) {
  await suspeitas.procurar();
  looks += 1;
}
const lookCostMs = (performance.now() - askedFrom) / looks;
const rows = await stores.work.reader.selectFrom('suspeitas').select('tipo').execute();
for (const { tipo } of rows) told.set(tipo, (told.get(tipo) ?? 0) + 1);

const allowed = (porSemana * quietDays) / 7;
console.log(`| Rule | false alarms allowed in ${quietDays} days | told |\n|---|---|---|`);
for (const tipo of suspeitaTipos) {
  console.log(`| ${tipo} | ${(allowed / suspeitaTipos.length).toFixed(1)} | ${told.get(tipo) ?? 0} |`);
}
console.log(`| all | ${allowed.toFixed(1)} | ${rows.length} |`);
const machinesTotal = people.reduce((sum, { machines }) => sum + machines.length, 0);
console.log(`${customers} customers, ${machinesTotal} machines, ${looks} looks of ${lookCostMs.toFixed(1)} ms`);
await stores.close();
rmSync(path, { recursive: true, force: true });

/** Customers with one licence each, its seats filled. */
async function openHouse(): Promise<Customer[]> {
  const { work, keyring } = stores;
  const actor = systemActor('simulacao');
  const clientes = createClientes({ work, ids: uuidV7, touchMachines: touchMachines.ofCliente });
  const licencas = createLicencas({
    work,
    clock,
    ids: uuidV7,
    keyring,
    touchMachines: touchMachines.ofLicenca,
    billFirst: async (_tx, licenca) => licenca,
  });
  const ativacao = createAtivacao({ work, ids: uuidV7, keyring, leasedUntil: (at) => at, refused: () => undefined });
  const found: Customer[] = [];
  for (let index = 0; index < customers; index += 1) {
    const cliente = await clientes.criar(actor, { nome: `Loja ${index}`, email: `loja${index}@exemplo.com.br` });
    const seats = 1 + upTo(12);
    const terms = { cliente_id: cliente.id, tipo: 'perpetua' as const, limite_maquinas: seats };
    const { facts, chave } = await licencas.criar(actor, terms);
    const machines: string[] = [];
    for (let seat = 0; seat < seats; seat += 1) {
      const { maquina } = await ativacao.ativar(actor, chave ?? '', { impressao: `loja-${index}-${seat}-serie` });
      machines.push(maquina.id);
    }
    const ip = `10.0.${index >> 8}.${index & 255}`;
    found.push({ id: cliente.id, licenca: facts.licenca.id, machines, ip, switchesOff: index % 3 !== 0 });
  }
  return found;
}

/** Writes what the house would have written in its audit in 58 ordinary days. */
function liveQuietly(everyone: readonly Customer[]): void {
  const db = new Database(folder.database, { strict: true });
  const insert = db.prepare(
    `INSERT INTO auditoria (id, em, ator_tipo, ator_nome, acao, entidade, entidade_id, ip, hash_anterior, hash)
     VALUES (?, ?, 'usuario', ?, ?, ?, ?, ?, '', '')`,
  );
  const anomaly = db.prepare(
    `INSERT INTO anomalias (id, maquina_id, metrica, em, valor, usual_min, usual_max, pontuacao)
     VALUES (?, ?, ?, ?, 97, 10, 40, ?)`,
  );
  const note = (em: number, acao: string, entidade: string, id: string, ip: string, who = 'Ana'): void => {
    const at = Math.round(em);
    insert.run(uuidV7.next(at), at, who, acao, entidade, id, ip);
  };
  db.transaction(() => {
    for (let day = begin; day < end; day += dayMs) {
      const open = new Date(day).getUTCDay() % 7 !== 0;
      for (const { id, licenca, machines, ip, switchesOff } of everyone) {
        // Not every house closes on the minute.
        const closes = day + 18 * hourMs + upTo(20) * minuteMs;
        for (const machine of machines) {
          if (open && switchesOff) note(closes + draw() * 10 * minuteMs, 'desconectar', 'maquina', machine, ip);
          // By itself, once a week; for an update or an hour of bad network, alone.
          if (draw() < 1 / 7) note(day + draw() * dayMs, 'desconectar', 'maquina', machine, ip);
          if (draw() < 1 / 7) wrongDetection(machine, day);
        }
        // A record is corrected once a month, sometimes three or four times until it is right.
        if (draw() < 1 / 30) {
          const at = day + 9 * hourMs + draw() * 9 * hourMs;
          for (let save = 0, saves = 1 + upTo(4); save < saves; save += 1) {
            note(at + save * minuteMs, 'editar', draw() < 0.5 ? 'cliente' : 'licenca', draw() < 0.5 ? id : licenca, ip);
          }
        }
        // A machine is replaced, and now and then two are tried.
        if (draw() < 1 / 60) {
          for (let n = 0, again = 1 + upTo(2); n < again; n += 1) {
            note(day + 12 * hourMs + draw() * hourMs, 'ativar', 'maquina', machines[0] ?? '', ip);
          }
        }
      }
      mistypes(day);
    }
  })();
  db.close();

  /** The detector is wrong about once a week a machine, and a busy hour may count twice. */
  function wrongDetection(machine: string, day: number): void {
    const at = day + draw() * dayMs;
    for (let n = 0, times = draw() < 0.2 ? 2 : 1; n < times; n += 1) {
      const em = Math.round(at + draw() * 40 * minuteMs);
      anomaly.run(uuidV7.next(em), machine, ['cpu', 'memoria', 'disco'][n] ?? 'cpu', em, draw() * 0.4);
    }
  }

  /** Forty people, each from one of five addresses: a wrong password every third day, three in a row at times. */
  function mistypes(day: number): void {
    for (let person = 0; person < 40; person += 1) {
      if (draw() >= 1 / 3) continue;
      const at = day + 8 * hourMs + draw() * 10 * hourMs;
      for (let n = 0, times = 1 + (draw() < 0.3 ? upTo(3) : 0); n < times; n += 1) {
        note(at + n * 20_000, 'login_falhou', 'usuario', `pessoa-${person}`, `200.1.1.${person % 5}`);
      }
    }
  }
}
