import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Actor, systemActor } from '../../src/core/actor';
import { eventTypes } from '../../src/core/events';
import { createTemplates, TemplateError } from '../../src/core/template';
import { audibleTypes, mayHear, patternsFault, typesOf } from '../../src/modules/eventos/eventos.model';
import { selectorOf } from '../../src/modules/webhooks/webhooks.model';

const holding = (...permissoes: string[]): Actor => ({ ...systemActor('x'), permissoes });

describe('patterns', () => {
  test('a name means itself, a family all of its names, * everything; nothing else is one', () => {
    expect([...typesOf(['licenca.criada'])]).toEqual(['licenca.criada']);
    expect([...typesOf(['licenca.*'])]).toEqual(eventTypes.filter((tipo) => tipo.startsWith('licenca.')));
    expect([...typesOf(['*'])]).toEqual([...eventTypes]);
    fc.assert(
      fc.property(fc.string({ maxLength: 30 }), (pattern) => {
        const known = eventTypes.some((tipo) => [tipo, `${tipo.split('.')[0]}.*`, '*'].includes(pattern));
        return (patternsFault([pattern]) === null) === known;
      }),
    );
    for (const nonsense of [
      '',
      '.',
      '*.*',
      'licenca',
      'licenca.',
      '.criada',
      'licenca.cri*',
      'LICENCA.*',
      'licenca.* ',
    ]) {
      expect(patternsFault([nonsense])).toBeString();
    }
    expect(patternsFault([])).toBeString();
    expect(patternsFault(Array(51).fill('*'))).toBeString();
  });
});

describe('who may hear', () => {
  test('each family needs the right of its module, and the rest is for those who read the logs', () => {
    expect(new Set(audibleTypes(holding('maquinas:ler')).map((tipo) => tipo.split('.')[0]))).toEqual(
      new Set(['maquina']),
    );
    expect(audibleTypes(holding('auditoria:ler')).every((tipo) => tipo.startsWith('seguranca.'))).toBe(true);
    expect(mayHear(holding('logs:ler'), 'sistema.erro')).toBe(true);
    expect(mayHear(holding('eventos:ler'), 'sistema.erro')).toBe(false);
    expect(audibleTypes(holding('*:ler'))).toEqual([...eventTypes]);
    expect(audibleTypes(holding())).toEqual([]);
  });
});

describe('which events a webhook wants', () => {
  const event = { tipo: 'licenca.criada' as const, entidade: 'licenca', entidadeId: 'l', dados: { cliente_id: 'c' } };

  test('by pattern and customer; an alert only where its rule names webhooks', () => {
    expect(selectorOf({ eventos: ['licenca.*'], cliente_ids: [] })(event)).toBe(true);
    expect(selectorOf({ eventos: ['licenca.*'], cliente_ids: ['c'] })(event)).toBe(true);
    expect(selectorOf({ eventos: ['licenca.*'], cliente_ids: ['d'] })(event)).toBe(false);
    expect(selectorOf({ eventos: ['maquina.*'], cliente_ids: [] })(event)).toBe(false);
    const alerta = { tipo: 'alerta.aberto' as const, entidade: 'alerta', entidadeId: 'a' };
    const every = selectorOf({ eventos: ['*'], cliente_ids: [] });
    expect(every({ ...alerta, dados: { canais: ['webhook'] } })).toBe(true);
    expect(every({ ...alerta, dados: { canais: ['email'] } })).toBe(false);
  });
});

describe('templates', () => {
  const { render } = createTemplates({ forHtml: false });

  test.each([
    ['{% for i in (1..100000000) %}x{% endfor %}', 'memory'],
    [
      '{% for a in (1..3000) %}{% for b in (1..3000) %}{% for c in (1..3000) %}{% endfor %}{% endfor %}{% endfor %}',
      'limit',
    ],
    ['{% for i in (1..1000) %}{% assign s = s | append: s | append: "xxxxxxxxxxxx" %}{% endfor %}{{ s }}', 'limit'],
    ['{{ nome | sem_este_filtro }}', 'undefined filter'],
    ['{% include "/etc/passwd" %}', 'ENOENT'],
    ['{{ nome', 'not closed'],
  ])('%s fails with a reason instead of running on', (source, reason) => {
    const failure = ((): unknown => {
      try {
        return render(source, { nome: 'x' });
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(TemplateError);
    expect(String(failure)).toContain(reason);
  });

  test('nothing but own properties of the data is reached, and HTML is escaped where it should be', () => {
    expect(render('{{ constructor }}{{ dados.__proto__ }}{{ dados.constructor.name }}', { dados: {} })).toBe('');
    expect(createTemplates({ forHtml: true }).render('{{ nome }}', { nome: '<b>"x"</b>' })).toBe(
      '&lt;b&gt;&#34;x&#34;&lt;/b&gt;',
    );
  });
});
