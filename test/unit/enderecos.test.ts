import { describe, expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { createEnderecos } from '../../src/modules/versoes/enderecos.service';

const versao = '0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d';
const maquina = 'm:0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3e';
const keyring = {
  lookup: (purpose: string, secret: string) =>
    createHmac('sha256', 'k').update(`${purpose}\0${secret}`).digest('base64url'),
};

function world(startMs: number) {
  let now = startMs;
  const enderecos = createEnderecos({ keyring, clock: { now: () => now } });
  const query = new URLSearchParams(enderecos.assinar(versao, maquina));
  const assinado = {
    para: query.get('para') ?? '',
    ate: query.get('ate') ?? '',
    assinatura: query.get('assinatura') ?? '',
  };
  return { enderecos, assinado, setClock: (ms: number) => (now = ms) };
}

describe('a signed address', () => {
  test('holds to the last millisecond of its quarter of an hour, and not at the next', () => {
    const start = 1_000_000_000_000;
    const { enderecos, assinado, setClock } = world(start);
    expect(enderecos.conferir(versao, assinado)).toBe(maquina);
    setClock(start + 15 * 60_000 - 1);
    expect(enderecos.conferir(versao, assinado)).toBe(maquina);
    setClock(start + 15 * 60_000);
    expect(() => enderecos.conferir(versao, assinado)).toThrow(expect.objectContaining({ codigo: 'URL_EXPIRADA' }));
  });

  test('with a part altered is refused before its end is even looked at', () => {
    const { enderecos, assinado, setClock } = world(0);
    setClock(24 * 3_600_000);
    const altered = [
      { ...assinado, ate: String(Number(assinado.ate) + 1_000_000) },
      { ...assinado, para: maquina.replace('m:', 'l:') },
      { ...assinado, assinatura: '' },
      { ...assinado, assinatura: `${assinado.assinatura}A` },
    ];
    for (const one of altered) {
      expect(() => enderecos.conferir(versao, one)).toThrow(expect.objectContaining({ codigo: 'URL_INVALIDA' }));
    }
    expect(() => enderecos.conferir(maquina.slice(2), assinado)).toThrow(
      expect.objectContaining({ codigo: 'URL_INVALIDA' }),
    );
  });
});
