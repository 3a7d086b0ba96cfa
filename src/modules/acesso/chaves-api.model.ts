/** Rules about API keys. */

import { normalizeAddress, normalizeNetwork, readNetworks } from '../../core/address';
import { invalidField } from '../../core/problem';

/** Why a key does not open anything just now, for the log of whoever looks after it. */
export type ChaveApiRefusal = 'inativa' | 'expirada' | 'endereco';

/** @returns null when the key may be used now, from this address. */
export function refusalOf(
  chave: { ativa: boolean; expira_em: number | null; enderecos: readonly string[] },
  ip: string | null,
  now: number,
): ChaveApiRefusal | null {
  if (!chave.ativa) return 'inativa';
  if (chave.expira_em !== null && now >= chave.expira_em) return 'expirada';
  if (chave.enderecos.length === 0) return null;
  const address = ip === null ? null : normalizeAddress(ip);
  return address !== null && readNetworks(chave.enderecos).include(address) ? null : 'endereco';
}

/** Networks as they are kept. @throws Problem VALIDACAO naming the one that is none. */
export function cleanEnderecos(enderecos: readonly string[]): string[] {
  return enderecos.map((text, index) => {
    const network = normalizeNetwork(text);
    if (network === null)
      throw invalidField(`enderecos.${index}`, 'não é um endereço IP nem uma rede, como 10.0.0.0/8');
    return network;
  });
}
