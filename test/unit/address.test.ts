import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { acoes, allows, beyond, intersect, modulos, type Permissao } from '../../src/core/actor';
import { clientAddress, networkOf, normalizeNetwork, readNetworks } from '../../src/core/address';

describe('networks', () => {
  test.each([
    ['10.1.2.3', '10.1.2.3/32'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    [' 2001:db8::1 ', '2001:db8::1/128'],
    ['2001:db8:1:2:3::/64', '2001:db8:1:2::/64'],
    ['casa', null],
    ['10.0.0.0/33', null],
    ['', null],
  ])('%j is kept as %j', (text, kept) => {
    expect(normalizeNetwork(text)).toBe(kept);
  });

  test('hold the addresses in them, IPv4 in IPv6 too, and no others', () => {
    const networks = readNetworks(['10.0.0.0/8', '2001:db8::/32']);
    for (const inside of ['10.255.0.1', '::ffff:10.0.0.1', '2001:db8:ffff::1'])
      expect(networks.include(inside)).toBe(true);
    for (const outside of ['11.0.0.1', '2001:db9::1', '::1', 'x', '']) expect(networks.include(outside)).toBe(false);
  });

  test('limits count IPv4 by address and IPv6 by /64', () => {
    expect(networkOf('203.0.113.7')).toBe('203.0.113.7');
    expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe(networkOf('2001:db8:1:2::1'));
    expect(networkOf('2001:db8:1:2::1')).not.toBe(networkOf('2001:db8:1:3::1'));
    expect(networkOf('::ffff:203.0.113.7')).toBe('203.0.113.7');
  });
});

describe('the address of a caller', () => {
  const proxies = readNetworks(['10.0.0.0/8', '::1/128']);
  test.each([
    ['10.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['10.0.0.1', '198.51.100.1, 203.0.113.7, 10.0.0.2', '203.0.113.7'],
    ['10.0.0.1', '203.0.113.7:4711', '203.0.113.7'],
    ['10.0.0.1', '[2001:db8::7]:4711', '2001:db8::7'],
    ['::1', ' 203.0.113.7 ', '203.0.113.7'],
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '203.0.113.7, lixo', '10.0.0.1'],
    ['10.0.0.1', null, '10.0.0.1'],
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['::ffff:203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ])('from %s, forwarded for %j, is %s', (peer, forwarded, expected) => {
    expect(clientAddress(peer, forwarded, proxies)).toBe(expected);
  });

  test('without trusted proxies, nobody is believed', () => {
    const nobody = readNetworks([]);
    expect(clientAddress('10.0.0.1', '203.0.113.7', nobody)).toBe('10.0.0.1');
    expect(clientAddress('::ffff:10.0.0.1', '203.0.113.7', nobody)).toBe('10.0.0.1');
  });
});

describe('permissions', () => {
  const pattern = fc
    .tuple(fc.constantFrom('*', ...modulos.slice(0, 4)), fc.constantFrom('*', ...acoes.slice(0, 4)))
    .map(([modulo, acao]) => `${modulo}:${acao}`);
  const patterns = fc.array(pattern, { maxLength: 5 });
  const permissao = fc
    .tuple(fc.constantFrom(...modulos.slice(0, 5)), fc.constantFrom(...acoes))
    .map(([modulo, acao]): Permissao => `${modulo}:${acao}`);

  test('what two lists have in common is what both allow', () => {
    fc.assert(
      fc.property(patterns, patterns, permissao, (one, other, wanted) => {
        expect(allows(intersect(one, other), wanted)).toBe(allows(one, wanted) && allows(other, wanted));
      }),
    );
  });

  test('what is not beyond a list allows nothing that the list does not', () => {
    fc.assert(
      fc.property(patterns, patterns, permissao, (held, asked, wanted) => {
        if (beyond(held, asked) === null && allows(asked, wanted)) expect(allows(held, wanted)).toBe(true);
      }),
    );
    expect(beyond(['clientes:*'], ['*:ler'])).toBe('*:ler');
    expect(
      beyond(
        modulos.map((modulo) => `${modulo}:ler`),
        ['*:ler'],
      ),
    ).toBe('*:ler');
  });
});
