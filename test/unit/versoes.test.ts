/** The rules of versions that have more cases than a table. */

import { describe, expect, test } from 'bun:test';
import { array, assert, constantFrom, integer, nat, oneof, property, record, string, tuple, uuid } from 'fast-check';
import { chooseUpdate, type Procura, prepareCatalogo, rolloutPlace } from '../../src/modules/versoes/escolha.model';
import { decideEntrega } from '../../src/modules/versoes/faixa.model';
import { compareSystems, compareVersions, semverOf } from '../../src/modules/versoes/semver.model';
import { arquiteturas, canais, plataformas, type VersaoOferta } from '../../src/modules/versoes/versoes.model';

const etag = '"x"';
const ask = (range: string, bytes: number) =>
  decideEntrega((name) => (name === 'range' ? range : null), { etag, modificadaEm: 0, bytes });

describe('ranges', () => {
  test('never lie outside the file, whatever is asked', () => {
    const number = oneof(nat(30).map(String), constantFrom('', 'x', '99999999999999999999'));
    const specs = array(tuple(number, number), { minLength: 1, maxLength: 20 });
    assert(
      property(specs, integer({ min: 1, max: 20 }), (pairs, bytes) => {
        const entrega = ask(`bytes=${pairs.map(([a, b]) => `${a}-${b}`).join(',')}`, bytes);
        if (entrega.status !== 206) return;
        for (const { inicio, fim } of entrega.faixas) expect(0 <= inicio && inicio <= fim && fim < bytes).toBe(true);
        const total = entrega.faixas.reduce((sum, { inicio, fim }) => sum + fim - inicio + 1, 0);
        expect(total).toBeLessThanOrEqual(bytes);
      }),
    );
  });

  test('any text is answered, and what is no range is the whole file', () => {
    assert(
      property(string(), (text) => {
        const { status } = ask(text, 10);
        expect(/^bytes\s*=/i.test(text.trim()) || status === 200).toBe(true);
      }),
    );
  });
});

describe('a staged rollout', () => {
  test('gives each caller one place of ten thousand, the same each time', () => {
    assert(
      property(uuid(), uuid(), (versao, lugar) => {
        const place = rolloutPlace(versao, lugar);
        expect(Number.isInteger(place) && place >= 0 && place < 10_000).toBe(true);
        expect(rolloutPlace(versao, lugar)).toBe(place);
      }),
    );
  });

  test('is even: of ten thousand callers every tenth of the places has its tenth', () => {
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 10_000; n += 1)
      tenths[Math.floor(rolloutPlace('v', `m${n}`) / 1_000)] =
        (tenths[Math.floor(rolloutPlace('v', `m${n}`) / 1_000)] ?? 0) + 1;
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  });
});

const versions = tuple(nat(3), nat(3), nat(3), constantFrom('', '-rc.1', '-beta.2')).map(
  ([major, minor, patch, pre]) => `${major}.${minor}.${patch}${pre}`,
);
const oferta = record({
  versao: versions,
  canal: constantFrom(...canais),
  plataforma: constantFrom(...plataformas),
  arquitetura: constantFrom(...arquiteturas),
  versao_minima: oneof(versions, constantFrom(null)),
  obrigatoria: constantFrom(true, false),
  distribuicao_pct: constantFrom(0, 50, 100),
  distribuicao_pausada: constantFrom(true, false),
}).map(
  (fields): VersaoOferta => ({
    ...fields,
    id: `${fields.versao} ${fields.plataforma} ${fields.arquitetura} ${fields.canal}`,
    produto_id: 'p',
    produto: 'p',
    arquivo: 'a',
    tamanho: 1,
    sha256: '',
    sha512: '',
    assinatura: '',
    assinatura_kid: '',
    assinatura_tauri: null,
    requisitos: {},
    status: 'publicada',
    publicada_em: 1,
    criado_em: 1,
  }),
);

describe('the next step', () => {
  test('is newer, meant for the caller, reachable at once, and whoever follows the steps comes to an end', () => {
    assert(
      property(
        array(oferta, { minLength: 8, maxLength: 30 }),
        versions,
        constantFrom(...canais),
        (ofertas, atual, canal) => {
          const catalogo = prepareCatalogo(ofertas);
          let present = atual;
          for (let steps = 0; ; steps += 1) {
            expect(steps).toBeLessThanOrEqual(ofertas.length);
            const procura: Procura = {
              versaoAtual: semverOf(present),
              plataforma: 'linux',
              arquitetura: 'x64',
              canal,
              soVersao: null,
              verificaSo: false,
              lugar: 'm',
              direito: null,
              fixada: null,
            };
            const found = chooseUpdate(catalogo, procura)?.versao;
            if (!found) return;
            expect(compareVersions(found.versao, present)).toBeGreaterThan(0);
            expect(['linux', 'qualquer']).toContain(found.plataforma);
            expect(['x64', 'qualquer']).toContain(found.arquitetura);
            expect(canais.indexOf(found.canal)).toBeLessThanOrEqual(canais.indexOf(canal));
            expect(found.distribuicao_pausada || found.distribuicao_pct === 0).toBe(false);
            if (found.versao_minima !== null)
              expect(compareVersions(present, found.versao_minima)).toBeGreaterThanOrEqual(0);
            present = found.versao;
          }
        },
      ),
    );
  });
});

test('systems compare number by number', () => {
  expect(compareSystems('10.0.9', '10.0.10')).toBeLessThan(0);
  expect(compareSystems('14', '14.0.0')).toBe(0);
  expect(compareSystems('14.4', '14')).toBeGreaterThan(0);
});
