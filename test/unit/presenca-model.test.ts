import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  heardAt,
  isLateFarewell,
  leftAt,
  lookAgain,
  offlineAt,
  offlineReason,
  type Presenca,
} from '../../src/modules/maquinas/presenca.model';

const time = fc.integer({ min: 0, max: 10_000_000 });
const motivo = fc.constantFrom('desconectou' as const, 'conexao_perdida' as const);
const presenca: fc.Arbitrary<Presenca> = fc.record({
  ouvidaEm: time,
  saida: fc.option(fc.record({ em: time, motivo }), { nil: null }),
});
const regras = fc.record({
  intervaloMs: fc.integer({ min: 1_000, max: 300_000 }),
  carenciaAte: fc.oneof(fc.constant(0), time),
});

describe('a machine is offline', () => {
  test('by the end of its connection plus 10 s or by three missed intervals, whichever comes first', () => {
    fc.assert(
      fc.property(presenca, regras, (p, r) => {
        const silence = Math.max(p.ouvidaEm + 3 * r.intervaloMs, r.carenciaAte);
        const farewell = p.saida ? p.saida.em + 10_000 : Number.POSITIVE_INFINITY;
        const { em, motivo: why } = offlineAt(p, r);
        expect(em).toBe(Math.min(silence, farewell));
        expect(why).toBe(p.saida && farewell <= silence ? p.saida.motivo : 'sem_heartbeat');
      }),
    );
  });

  test('from that very moment on, and never before', () => {
    fc.assert(
      fc.property(presenca, regras, fc.integer({ min: 1, max: 1_000_000 }), (p, r, ms) => {
        const { em, motivo: why } = offlineAt(p, r);
        expect([offlineReason(p, r, em - ms), offlineReason(p, r, em), offlineReason(p, r, em + ms)]).toEqual([
          null,
          why,
          why,
        ]);
      }),
    );
  });

  test('never for silence before the grace of a start is over', () => {
    fc.assert(
      fc.property(presenca, regras, time, (p, r, now) => {
        fc.pre(now < r.carenciaAte && p.saida === null);
        expect(offlineReason(p, r, now)).toBeNull();
      }),
    );
  });
});

describe('hearing a machine', () => {
  test('after its connection ended brings it back for three intervals; what it sent before does not', () => {
    fc.assert(
      fc.property(presenca, regras, time, (p, r, em) => {
        const after = heardAt(p, em);
        expect(after.ouvidaEm).toBe(Math.max(p.ouvidaEm, em));
        const stillGone = p.saida !== null && em < p.saida.em;
        expect(after.saida).toEqual(stillGone ? p.saida : null);
        expect(offlineAt(after, r).em).toBeGreaterThanOrEqual(stillGone ? 0 : em + 3 * r.intervaloMs);
      }),
    );
  });

  test('can only put off the moment at which it is offline', () => {
    fc.assert(
      fc.property(presenca, regras, time, (p, r, em) => {
        expect(offlineAt(heardAt(p, em), r).em).toBeGreaterThanOrEqual(offlineAt(p, r).em);
      }),
    );
  });
});

describe('leaving', () => {
  test('counts once: of several signs of the same end the first is kept', () => {
    fc.assert(
      fc.property(presenca, time, motivo, time, motivo, (p, a, first, b, second) => {
        const once = leftAt({ ...p, saida: null }, a, first);
        expect(leftAt(once, b, second)).toEqual({ ouvidaEm: p.ouvidaEm, saida: { em: a, motivo: first } });
      }),
    );
  });

  test('of an old session is ignored once another was born', () => {
    expect(isLateFarewell('s2', 's1')).toBe(true);
    expect(isLateFarewell('s2', 's2')).toBe(false);
    expect(isLateFarewell(null, 's1')).toBe(false);
    expect(isLateFarewell('s2', null)).toBe(false);
  });
});

describe('the clock of attention', () => {
  const looks = fc.array(fc.record({ elapsedMs: fc.integer({ min: -60_000, max: 600_000 }), paused: fc.boolean() }));

  test('never runs backwards, nor gives a machine more than the planned time for one look, stalls of 2 s apart', () => {
    fc.assert(
      fc.property(looks, (steps) => {
        let atencao = { olhadaEm: 1_000_000, perdidoMs: 0 };
        for (const { elapsedMs, paused } of steps) {
          const now = atencao.olhadaEm + elapsedMs;
          const before = atencao.olhadaEm - atencao.perdidoMs;
          atencao = lookAgain(atencao, now, 1_000, paused);
          const passed = now - atencao.perdidoMs - before;
          expect(passed).toBeGreaterThanOrEqual(0);
          expect(passed).toBeLessThanOrEqual(3_000);
          if (paused || elapsedMs < 0) expect(passed).toBe(0);
          else if (elapsedMs <= 3_000) expect(passed).toBe(elapsedMs);
          else expect(passed).toBe(1_000);
        }
      }),
    );
  });
});
