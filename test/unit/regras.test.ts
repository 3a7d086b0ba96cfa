import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { minuteMs } from '../../src/core/clock';
import { Problem } from '../../src/core/problem';
import {
  checkRegra,
  isBeyond,
  type Medida,
  type RegraFields,
  silentUntil,
  step,
} from '../../src/modules/alertas/regras.model';

const base: RegraFields = {
  nome: 'r',
  ativa: true,
  evento: null,
  metrica: 'cpu',
  condicao: 'maior',
  limite: 90,
  limite_retorno: 80,
  por_minutos: 5,
  severidade: 'aviso',
  canais: ['ui'],
  silencio: null,
  agrupar_por: 'entidade',
};
const quiet: Medida = { desde: null, aberto: false };

const values = fc.array(fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 10 * minuteMs })), {
  maxLength: 60,
});

describe('a metric rule', () => {
  test('opens only after every value of the last por_minutos was beyond the limit, and closes only behind limite_retorno', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 10 }), (series, por_minutos) => {
        const regra = { ...base, por_minutos };
        let medida = quiet;
        let em = 0;
        let beyondSince: number | null = null;
        for (const [valor, gap] of series) {
          em += gap;
          beyondSince = isBeyond('maior', valor, 90) ? (beyondSince ?? em) : null;
          const before = medida;
          const { medida: after, acao } = step(regra, before, valor, em);
          if (acao === 'abrir' && !(beyondSince !== null && em - beyondSince >= por_minutos * minuteMs)) return false;
          if (!before.aberto && beyondSince !== null && em - beyondSince >= por_minutos * minuteMs && acao !== 'abrir')
            return false;
          if (acao === 'fechar' && valor > 80) return false;
          if (before.aberto && valor <= 80 && acao !== 'fechar') return false;
          if (acao === null && after.aberto !== before.aberto) return false;
          medida = after;
        }
        return true;
      }),
    );
  });

  test('between the two limits nothing ever changes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 81, max: 90 }), fc.boolean(), (valor, aberto) => {
        const before: Medida = { desde: aberto ? 1 : null, aberto };
        expect(step(base, before, valor, 1_000)).toEqual({ medida: before, acao: null });
      }),
    );
  });

  test.each([
    ['maior', 91, 90],
    ['>', 91, 90],
    ['maior_igual', 90, 89],
    ['>=', 90, 89],
    ['menor', 89, 90],
    ['<', 89, 90],
    ['menor_igual', 90, 91],
    ['<=', 90, 91],
  ] as const)('%s: %d is beyond 90, %d is not', (condicao, beyond, within) => {
    expect([isBeyond(condicao, beyond, 90), isBeyond(condicao, within, 90)]).toEqual([true, false]);
  });
});

describe('silence', () => {
  const zone = 'America/Sao_Paulo';
  const at = (text: string) => Date.parse(text);

  test.each([
    // 22:00 to 07:00 in São Paulo is 01:00 to 10:00 UTC.
    ['2026-11-25T00:59:00Z', null],
    ['2026-11-25T01:00:00Z', '2026-11-25T10:00:00Z'],
    ['2026-11-25T09:59:59Z', '2026-11-25T10:00:00Z'],
    ['2026-11-25T10:00:00Z', null],
  ])('over midnight, at %s it is silent until %p', (now, until) => {
    expect(silentUntil({ inicio: '22:00', fim: '07:00' }, at(now), zone)).toBe(until === null ? null : at(until));
  });

  test('until a moment, and by day; it always ends ahead', () => {
    expect(silentUntil({ ate: '2026-11-26T00:00:00Z' }, at('2026-11-25T00:00:00Z'), zone)).toBe(
      at('2026-11-26T00:00:00Z'),
    );
    expect(silentUntil({ ate: '2026-11-24T00:00:00Z' }, at('2026-11-25T00:00:00Z'), zone)).toBeNull();
    expect(silentUntil(null, 0, zone)).toBeNull();
    const minute = fc.integer({ min: 0, max: 1439 });
    const text = (n: number) => `${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}`;
    fc.assert(
      fc.property(minute, minute, fc.integer({ min: 0, max: 2_000_000_000_000 }), (a, b, now) => {
        const until = a === b ? null : silentUntil({ inicio: text(a), fim: text(b) }, now, zone);
        return until === null || (until > now && until - now <= 25 * 60 * minuteMs);
      }),
    );
  });
});

describe('a rule', () => {
  test.each([
    [{ evento: 'maquina.offline' as const }, 'evento'],
    [{ metrica: null }, 'evento'],
    [{ metrica: 'temperatura' }, 'metrica'],
    [{ condicao: null }, 'condicao'],
    [{ limite: null }, 'limite'],
    [{ limite_retorno: 95 }, 'limite_retorno'],
    [{ condicao: 'menor' as const, limite_retorno: 80 }, 'limite_retorno'],
    [{ silencio: { ate: 'amanhã' } }, 'silencio.ate'],
    [{ silencio: { inicio: '25:00', fim: '07:00' } }, 'silencio.inicio'],
    [{ silencio: { inicio: '22:00' } }, 'silencio.fim'],
    [{ metrica: null, evento: 'alerta.aberto' as const, limite: null, limite_retorno: null }, 'evento'],
    [
      { metrica: null, evento: 'maquina.offline' as const, limite: 3, limite_retorno: null, por_minutos: 0 },
      'por_minutos',
    ],
    [{ metrica: null, evento: 'maquina.offline' as const, limite: 1.5, limite_retorno: null }, 'limite'],
  ])('with %j is refused for its %s', (fields, campo) => {
    const fault = ((): unknown => {
      try {
        checkRegra({ ...base, ...fields });
      } catch (error) {
        return error;
      }
    })();
    expect(fault).toBeInstanceOf(Problem);
    expect(fault instanceof Problem ? fault.details.erros?.map((erro) => erro.campo) : []).toContain(campo);
  });
});
