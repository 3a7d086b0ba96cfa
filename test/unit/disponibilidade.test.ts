import { afterAll, beforeAll, expect, test } from 'bun:test';
import { uuidV7 } from '../../src/core/ids';
import { createAtivacao } from '../../src/modules/licencas/ativacao.service';
import { createDisponibilidade } from '../../src/modules/maquinas/disponibilidade.service';
import { actor, openServices } from '../support/services';
import { scratchSeries } from './series-support';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const start = Date.parse('2026-11-20T00:00:00Z');

let services: Awaited<ReturnType<typeof openServices>>;
const series = scratchSeries();
beforeAll(async () => {
  services = await openServices(start);
});
afterAll(async () => {
  await services.close();
  await series.remove();
});

async function newMachine(nome: string): Promise<string> {
  const cliente = await services.clientes.criar(actor, { nome: `Dono de ${nome}`, email: `${nome}@exemplo.com.br` });
  const { facts } = await services.licencas.criar(actor, { cliente_id: cliente.id, tipo: 'perpetua' });
  const { work, keyring } = services;
  const ativacao = createAtivacao({ work, ids: uuidV7, keyring, leasedUntil: (now) => now, refused: () => undefined });
  const { maquina } = await ativacao.ativarPorId(actor, facts.licenca.id, { impressao: nome, nome });
  return maquina.id;
}

async function heard(id: string, from: number, to: number): Promise<void> {
  const points = [];
  for (let em = from; em < to; em += minuteMs) points.push({ em, cpu: 1, memoria: 1, disco: 1 });
  await series.store.append(id, points, to);
}

test('the fleet was there as much as its machines were, each since it was registered; the worst are named', async () => {
  const { work } = services;
  const disponibilidade = createDisponibilidade({ work, series: series.store, heartbeatIntervalMs: minuteMs });
  const day = 24 * hourMs;
  expect(await disponibilidade.daFrota(start, start + day)).toEqual({ media_pct: null, piores: [] });
  await newMachine('nunca-vista');
  const sempre = await newMachine('sempre');
  const metade = await newMachine('metade');
  services.setClock(start + 18 * hourMs);
  const tarde = await newMachine('tarde');
  await heard(sempre, start, start + day);
  await heard(metade, start, start + 12 * hourMs);
  await heard(tarde, start + 18 * hourMs, start + 21 * hourMs);
  const { media_pct, piores } = await disponibilidade.daFrota(start, start + day);
  // 24 of 24 hours, 12 of 24 and 3 of 6, and half a minute's grace after the last heartbeat of two.
  expect(media_pct).toBeCloseTo((100 * (24 + 12 + 3)) / (24 + 24 + 6), 1);
  expect(piores.map(({ nome, cliente }) => `${nome}, ${cliente}`).sort()).toEqual([
    'metade, Dono de metade',
    'tarde, Dono de tarde',
  ]);
  for (const { disponibilidade_pct } of piores) expect(disponibilidade_pct).toBeCloseTo(50, 0);
});
