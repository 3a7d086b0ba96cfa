import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { dayMs } from '../../src/core/clock';
import {
  blockLicenca,
  cancelLicenca,
  isExpired,
  type Licenca,
  licencaPeriod,
  licencaStatusAt,
  renewLicenca,
} from '../../src/modules/licencas/licencas.model';
import { nextChange } from '../../src/modules/licencas/validacao.model';

const now = Date.UTC(2026, 10, 24);

function licenca(fields: Partial<Licenca> = {}): Licenca {
  return {
    id: 'l',
    chave_prefixo: 'AAAAA',
    chave_selada: '',
    chave_hmac: '',
    cliente_id: 'c',
    produto_id: 'p',
    plano_id: null,
    tipo: 'temporaria',
    situacao: 'ativa',
    motivo_bloqueio: null,
    limite_maquinas: 1,
    maquinas_ativas: 0,
    recursos: [],
    inicia_em: now,
    expira_em: now + dayMs,
    carencia_dias: 0,
    renovacao_automatica: false,
    offline_dias: 7,
    metadados: {},
    inicio_registrado: true,
    fim_registrado: false,
    herda_limite: false,
    herda_recursos: false,
    versoes: null,
    atualizacoes_ate: null,
    excedente_pct: 0,
    inadimplente: false,
    flutuante: false,
    cobranca_desde: null,
    cobranca_periodos: 0,
    criado_em: now,
    atualizado_em: now,
    rev: 1,
    ...fields,
  };
}

describe('the calendar of a licence', () => {
  test('the moment of expiry itself is already expired, the one before is not', () => {
    const one = licenca();
    expect(isExpired(one, now + dayMs - 1)).toBe(false);
    expect(isExpired(one, now + dayMs)).toBe(true);
  });

  test('it begins at inicia_em', () => {
    const one = licenca({ inicia_em: now + 10 });
    expect(licencaStatusAt(one, 'ativo', now + 9)).toBe('pendente');
    expect(licencaStatusAt(one, 'ativo', now + 10)).toBe('ativa');
  });

  test('a demonstration lasts 14 days unless told otherwise', () => {
    expect(licencaPeriod({ tipo: 'demonstracao' }, now)).toEqual({ iniciaEm: now, expiraEm: now + 14 * dayMs });
    expect(licencaPeriod({ tipo: 'demonstracao', dias: 3 }, now).expiraEm).toBe(now + 3 * dayMs);
  });

  test.each([
    [{ tipo: 'temporaria' as const }],
    [{ tipo: 'assinatura' as const }],
    [{ tipo: 'perpetua' as const, dias: 3 }],
    [{ tipo: 'temporaria' as const, dias: 3, expira_em: now + dayMs }],
    [{ tipo: 'temporaria' as const, expira_em: now }],
  ])('%j is refused', (terms) => {
    expect(() => licencaPeriod(terms, now)).toThrow();
  });

  test('the status changes only at the moments nextChange names', () => {
    const offsets = fc.integer({ min: -50, max: 50 });
    fc.assert(
      fc.property(
        offsets,
        fc.option(offsets),
        fc.nat(3),
        fc.boolean(),
        fc.nat(100),
        (start, end, graceDays, subscription, step) => {
          const one = licenca({
            tipo: subscription ? 'assinatura' : 'temporaria',
            inicia_em: now + start,
            expira_em: end === null ? null : now + start + Math.abs(end) + 1,
            carencia_dias: graceDays,
          });
          const next = nextChange(one, now) ?? Number.POSITIVE_INFINITY;
          const later = Math.min(now + step, next - 1);
          return licencaStatusAt(one, 'ativo', now) === licencaStatusAt(one, 'ativo', later);
        },
      ),
    );
  });
});

describe('renewing', () => {
  test('extends from the later of now and the present expiry', () => {
    expect(renewLicenca(licenca(), { dias: 30 }, now).expira_em).toBe(now + 31 * dayMs);
    expect(renewLicenca(licenca({ expira_em: now - dayMs }), { dias: 30 }, now).expira_em).toBe(now + 30 * dayMs);
  });

  test('never shortens, whatever is asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: -400, max: 400 }), fc.integer({ min: -500, max: 500 }), (expiry, wanted) => {
        const one = licenca({ expira_em: now + expiry * dayMs });
        try {
          const renewed = renewLicenca(one, { expira_em: now + wanted * dayMs }, now);
          return (renewed.expira_em ?? 0) > Math.max(now, one.expira_em ?? 0);
        } catch {
          return wanted <= Math.max(0, expiry);
        }
      }),
    );
  });

  test('a perpetual or cancelled licence cannot be renewed', () => {
    expect(() => renewLicenca(licenca({ expira_em: null }), { dias: 1 }, now)).toThrow('perpétua');
    expect(() => renewLicenca(licenca({ situacao: 'cancelada' }), { dias: 1 }, now)).toThrow('cancelada');
  });
});

describe('any sequence of actions', () => {
  type Action = 'block' | 'unblock' | 'cancel' | 'renew';
  const actions = fc.array(fc.constantFrom<Action>('block', 'unblock', 'cancel', 'renew'), { maxLength: 20 });

  test('leaves a cancelled licence cancelled, and every change has the next revision', () => {
    fc.assert(
      fc.property(actions, (sequence) => {
        let one = licenca();
        let cancelled = false;
        for (const action of sequence) {
          const before = one;
          try {
            if (action === 'block') one = blockLicenca(one, true, 'motivo', now) ?? one;
            if (action === 'unblock') one = blockLicenca(one, false, null, now) ?? one;
            if (action === 'cancel') one = cancelLicenca(one, now);
            if (action === 'renew') one = renewLicenca(one, { dias: 1 }, now);
          } catch {
            expect(cancelled).toBe(true);
          }
          cancelled ||= action === 'cancel';
          expect(one.situacao === 'cancelada').toBe(cancelled);
          expect(one.rev).toBe(one === before ? before.rev : before.rev + 1);
        }
      }),
    );
  });
});
