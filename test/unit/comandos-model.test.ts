import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  answerComando,
  type Comando,
  cancelComando,
  comandoStatus,
  comandoStatusAt,
  isDeliverable,
  newComando,
  type Resultado,
  resultados,
} from '../../src/modules/maquinas/comandos.model';

const now = 1_000_000;
const time = fc.integer({ min: now - 1_000, max: now + 1_000 });
const comando: fc.Arbitrary<Comando> = fc
  .record({ status: fc.constantFrom(...comandoStatus), expira_em: time })
  .map(({ status, expira_em }) => ({ ...newComando({ tipo: 'reiniciar' }, 'c', 'm', now - 1_000), status, expira_em }));
const answers = fc.array(fc.constantFrom(...resultados), { maxLength: 8 });

function answerAll(first: Comando, words: readonly Resultado[]): Comando {
  let found = first;
  for (const word of words) found = answerComando(found, word, word, now) ?? found;
  return found;
}

describe('the answers of a machine', () => {
  test('the first word on how it ended is the last one', () => {
    fc.assert(
      fc.property(comando, answers, answers, (start, before, after) => {
        const ended = answerAll(start, before);
        if (ended.status !== 'aplicado' && ended.status !== 'recusado' && ended.status !== 'erro') return;
        expect(answerAll(ended, after)).toEqual(ended);
      }),
    );
  });

  test('said twice count once', () => {
    fc.assert(
      fc.property(comando, fc.constantFrom(...resultados), (start, word) => {
        const once = answerComando(start, word, null, now) ?? start;
        expect(answerComando(once, word, null, now)).toBeNull();
      }),
    );
  });

  test('each change is one revision, and one that ended says when', () => {
    fc.assert(
      fc.property(comando, fc.constantFrom(...resultados), (start, word) => {
        const after = answerComando(start, word, 'x', now);
        if (!after) return;
        expect([after.rev, after.status]).toEqual([start.rev + 1, word]);
        expect(after.concluido_em !== null).toBe(word !== 'recebido');
        expect(after.recebido_em).not.toBeNull();
      }),
    );
  });
});

describe('time', () => {
  test('from expira_em on, what is open is expired and nothing is delivered', () => {
    fc.assert(
      fc.property(comando, time, (start, at) => {
        const status = comandoStatusAt(start, at);
        if (isDeliverable(start, at)) {
          expect(at).toBeLessThan(start.expira_em);
          expect(['na_fila', 'enviado']).toContain(status);
        }
        if (at >= start.expira_em) expect(['aplicado', 'recusado', 'erro', 'expirado']).toContain(status);
        else expect(status).toBe(start.status);
      }),
    );
  });

  test('a cancelled command is not delivered at any time, and what the machine has cannot be cancelled', () => {
    fc.assert(
      fc.property(comando, time, (start, at) => {
        const cancelled = cancelComando(start, now);
        expect(cancelled !== null).toBe(isDeliverable(start, now));
        if (cancelled) expect([isDeliverable(cancelled, at), cancelled.status]).toEqual([false, 'expirado']);
      }),
    );
  });
});

describe('what a command carries', () => {
  test('any object up to 16 KiB whose known fields are right goes through as it is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^x_[a-z]{1,8}$/), fc.jsonValue(), { maxKeys: 5 }), (dados) => {
        fc.pre(Object.keys(dados).length > 0);
        expect(newComando({ tipo: 'mensagem', dados }, 'c', 'm', now).dados).toEqual(dados);
      }),
    );
  });
});
