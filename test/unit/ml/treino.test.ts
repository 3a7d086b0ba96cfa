import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { dayMs } from '../../../src/core/clock';
import { uuidV7 } from '../../../src/core/ids';
import { createChurn } from '../../../src/modules/ml/churn.service';
import { createModelos } from '../../../src/modules/ml/modelos.service';
import { addRecusas } from '../../../src/modules/ml/recusas.store';
import { examplesAt, horizonMs, momentsOf, splitByTime } from '../../../src/modules/ml/treino.model';
import { createTreino } from '../../../src/modules/ml/treino.service';
import { shippedChurnModel } from '../../../src/native/shipped-models';
import { actor, openServices } from '../../support/services';

const start = Date.UTC(2025, 0, 10);
const months = 14;
let services: Awaited<ReturnType<typeof openServices>>;
let treino: ReturnType<typeof createTreino>;
let modelos: ReturnType<typeof createModelos>;
let churn: ReturnType<typeof createChurn>;
let watched = '';

/** Fourteen months of a house whose customers leave after their licence has refused them again and again. */
beforeAll(async () => {
  services = await openServices(start);
  const { work, clock } = services;
  modelos = createModelos({ work, ids: uuidV7, shipped: shippedChurnModel, onError: () => undefined });
  churn = createChurn({ work, clock, modelos, series: { buckets: async function* () {} } });
  treino = createTreino({ work, clock, modelos, activity: churn.activity });
  await modelos.install();
  const staying: { id: string; licencaId: string }[] = [];
  for (let month = 0; month < months; month += 1) {
    const at = start + month * 30 * dayMs;
    services.setClock(at);
    const arriving = month === 0 ? 160 : 10;
    for (let index = 0; index < arriving; index += 1) {
      const email = `c${month}-${index}@exemplo.com.br`;
      const cliente = await services.clientes.criar(actor, { nome: 'Cliente', email });
      const { facts } = await services.licencas.criar(actor, { cliente_id: cliente.id, tipo: 'perpetua' });
      staying.push({ id: cliente.id, licencaId: facts.licenca.id });
    }
    if (month < 2) continue;
    const leaving = staying.splice(0, 10);
    const refusals = [...leaving, ...staying.slice(0, 3)].map(({ licencaId }) => licencaId);
    await work.write(actor, (tx) =>
      addRecusas(
        tx.db,
        refusals.map((licenca_id) => ({ licenca_id, dia: at, codigo: 'LIMITE_DE_MAQUINAS', quantidade: 20 })),
      ),
    );
    services.setClock(at + 10 * dayMs);
    for (const { id } of leaving) await services.clientes.cancelar(actor, id);
  }
  // Looked back upon, a month at a time, it is five days after refusals and five before the leaving.
  const now = start + (months - 1) * 30 * dayMs + 35 * dayMs;
  services.setClock(now);
  const [refused] = staying;
  watched = refused?.id ?? '';
  const recusa = { licenca_id: refused?.licencaId ?? '', dia: now, codigo: 'LIMITE_DE_MAQUINAS', quantidade: 20 };
  await work.write(actor, (tx) => addRecusas(tx.db, [recusa]));
});
afterAll(() => services.close());

describe("training on the installation's own history", () => {
  test('puts into use what beats the present model on what came later, and scores with it', async () => {
    const { ativado, novo, atual, modelo } = await treino.treinar(actor);
    expect(novo.auc).toBeGreaterThan(atual.auc);
    expect(novo.brier).toBeLessThan(atual.brier);
    expect(novo.auc).toBeGreaterThan(0.65);
    expect(ativado).toBe(true);
    expect(modelo).toMatchObject({ versao: '2', ativo: true, origem: 'história desta instalação' });
    expect(modelo.cartao).toContain('passou a ser usado');
    expect(await churn.executar(actor)).toMatchObject({ modelo: 'churn/2' });
    const { fatores, probabilidade, base } = await churn.obter(actor, watched);
    expect(fatores.find(({ nome }) => nome === 'recusas')?.contribuicao).toBeGreaterThan(0);
    expect(fatores.reduce((sum, { contribuicao }) => sum + contribuicao, base)).toBeCloseTo(probabilidade, 9);
  });

  test('keeps every version, activates none that is no better, and can go back', async () => {
    const again = await treino.treinar(actor);
    expect(again.ativado).toBe(false);
    expect(again.modelo).toMatchObject({ versao: '3', ativo: false });
    const page = {
      limite: 50,
      cursor: null,
      ordem: { campo: 'treinado_em', descendente: false },
      busca: null,
      total: false,
    };
    const { itens } = await modelos.listar(actor, page);
    expect(itens.map(({ versao, ativo }) => [versao, ativo])).toEqual([
      ['1', false],
      ['2', true],
      ['3', false],
    ]);
    await modelos.ativar(actor, itens[0]?.id ?? '');
    expect(await churn.executar(actor)).toMatchObject({ modelo: 'churn/1' });
  });
});

describe('the division by time', () => {
  test('teaches nothing that was still open when judging begins', () => {
    const day = (n: number): number => n * dayMs;
    const people = [
      { id: 'a', desde: 0, ate: day(200) },
      { id: 'b', desde: day(50), ate: null },
    ];
    const moments = momentsOf(people, day(600));
    const examples = moments.flatMap((at) => examplesAt(people, at));
    const { treino: taught, teste: judged } = splitByTime(moments, examples);
    const firstJudged = Math.min(...judged.map(({ at }) => at));
    expect(Math.max(...taught.map(({ at }) => at)) + horizonMs).toBeLessThanOrEqual(firstJudged);
    expect(Math.max(...moments)).toBe(day(600) - horizonMs);
    expect(examples.filter(({ id, saiu }) => id === 'a' && saiu === 1).map(({ at }) => at)).toEqual(
      moments.filter((at) => at < day(200) && at + horizonMs >= day(200)),
    );
    expect(examples.some(({ id, at }) => id === 'a' && at >= day(200))).toBe(false);
  });
});
