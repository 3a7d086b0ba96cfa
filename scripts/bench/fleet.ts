/**
 * Ten thousand machines connected at once: what each takes of memory, how soon one of them hears that it is blocked while
 * others send heartbeats, and how soon all of them do. `bun scripts/bench/fleet.ts [MACHINES]`, after a build; needs as many
 * file descriptors (`ulimit -n`) in each of two processes. Exit code 1 when a target is missed.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { FleetResult } from './fleet-load';
import { run, stop, stopAll, useScratch } from './processes';
import { serve, tokenOf } from './product';
import { seedMachines } from './seed-machines';
import { limitRow, median, printTable } from './table';

const machinesTotal = Number(process.argv[2] ?? 10_000);
const residentKbMax = 25;
const oneBlockMsMax = 50;
const allBlockedMsMax = 5_000;
const p99 = 0.99;

const scratch = mkdtempSync(join(tmpdir(), 'narcidi-fleet-'));
useScratch(scratch);
try {
  process.exitCode = (await measure()) ? 0 : 1;
} finally {
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
}

async function measure(): Promise<boolean> {
  const executable = resolve(import.meta.dir, '../../dist/narcidicontrol');
  const places = { executable, scratch, data: join(scratch, 'data') };
  const { clienteId, machines } = await seedMachines(places.data, machinesTotal);
  const machinesFile = join(scratch, 'machines.json');
  writeFileSync(machinesFile, JSON.stringify(machines));
  const { child, url, mqttPort } = await serve(places);
  const generator = join(import.meta.dir, 'fleet-load.ts');
  const values = [mqttPort, url, await tokenOf(url), clienteId, String(child.pid), machinesFile];
  const { output } = await run([process.execPath, generator, ...values], import.meta.dir);
  await stop(child);
  const result = JSON.parse(output) as FleetResult;
  const blocks = [...result.blockMs].sort((a, b) => a - b);
  const worst = blocks[Math.floor(blocks.length * p99)] ?? Number.NaN;
  const rows = [
    limitRow(`resident memory of each of ${machinesTotal} connections`, result.residentKb, 'KB', residentKbMax),
    limitRow(`p99 of ${blocks.length} blocks, from the HTTP answer to the machine`, worst, 'ms', oneBlockMsMax),
    limitRow(`block of the customer, until all ${machinesTotal} have heard`, result.allMs, 'ms', allBlockedMsMax),
  ];
  printTable(rows);
  console.log(
    [
      '',
      `fleet: connected in ${Math.round(result.connectMs)} ms; before ${Math.round(result.residentMbBefore)} MB, with all ${Math.round(result.residentMbAfter)} MB`,
      `fleet: median of one block ${median(blocks).toFixed(1)} ms; the answer to the block of all took ${Math.round(result.allAnswerMs)} ms`,
      `fleet: ${result.heartbeats} heartbeats meanwhile, ${Math.round(result.heartbeatsPerSecond)}/s`,
    ].join('\n'),
  );
  return rows.every((row) => row.ok !== false);
}
