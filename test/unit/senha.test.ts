import { describe, expect, test } from 'bun:test';
import { createGate } from '../../src/core/gate';
import { Problem } from '../../src/core/problem';
import { createSenhas, decoyHash } from '../../src/modules/acesso/senha.service';

describe('passwords', () => {
  const senhas = createSenhas();

  test('an unknown account is compared with a hash of the same costs, and never matches', async () => {
    const hash = await senhas.preparar('um-bule-azul-na-janela');
    const costs = (text: string): string[] => text.split('$').slice(0, 4);
    expect(costs(decoyHash)).toEqual(costs(hash));
    expect(decoyHash.length).toBe(hash.length);
    expect(await senhas.conferir('um-bule-azul-na-janela', hash)).toBe(true);
    expect(await senhas.conferir('um-bule-azul-na-janela', null)).toBe(false);
    expect(await senhas.conferir('', null)).toBe(false);
  });

  test('what is kept that is no hash matches nothing', async () => {
    expect(await senhas.conferir('um-bule-azul-na-janela', 'lixo')).toBe(false);
  });
});

describe('a gate', () => {
  test('lets so many through at once, so many wait, in order, and refuses the rest', async () => {
    const gate = createGate(2, 3);
    const order: number[] = [];
    let running = 0;
    let most = 0;
    const work = (n: number) => async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(n);
      running -= 1;
    };
    const results = await Promise.allSettled([0, 1, 2, 3, 4, 5, 6].map((n) => gate.run(work(n))));
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(most).toBe(2);
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBe(2);
    for (const { reason } of refused) expect(reason instanceof Problem && reason.codigo).toBe('INDISPONIVEL');
    await gate.run(work(7));
    expect(order.at(-1)).toBe(7);
  });

  test('work that fails gives its place back', async () => {
    const gate = createGate(1, 1);
    await expect(gate.run(() => Promise.reject(new Error('x')))).rejects.toThrow('x');
    expect(await gate.run(async () => 1)).toBe(1);
  });
});
