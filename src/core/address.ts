/** IP addresses of callers: one spelling for each, the network a caller comes from, and lists of networks (CIDR). */

import ipaddr from 'ipaddr.js';

/** An IPv6 customer is given a /64 at least: single addresses there are no identity. */
const ipv6NetworkBits = 64;

export interface Networks {
  /** How many there are. */
  size: number;
  /** Whether an address is in any of the networks. */
  include(address: string): boolean;
}

/** The usual spelling of an address, IPv4 in IPv6 unwrapped; null for what is none. */
export function normalizeAddress(text: string): string | null {
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : null;
}

/** The part of a URL that reaches, from this machine, a server that listens on `host`: one that takes all is met on loopback. */
export function localAuthority(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** The network that limits count by: an IPv4 address, or the /64 of an IPv6 one. */
export function networkOf(address: string): string {
  if (!address.includes(':') || !ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed instanceof ipaddr.IPv4) return parsed.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${ipv6NetworkBits}`)}/${ipv6NetworkBits}`;
}

/** A network or single address as it is kept, such as `10.0.0.0/8` or `203.0.113.7/32`; null for what is neither. */
export function normalizeNetwork(text: string): string | null {
  const trimmed = text.trim();
  const whole = ipaddr.isValid(trimmed) ? `${trimmed}/${trimmed.includes(':') ? 128 : 32}` : trimmed;
  if (!ipaddr.isValidCIDR(whole)) return null;
  const [address, bits] = ipaddr.parseCIDR(whole);
  const network = `${address.toString()}/${bits}`;
  return `${(address instanceof ipaddr.IPv4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(network)}/${bits}`;
}

/** Reads networks that `normalizeNetwork` made. */
export function readNetworks(texts: readonly string[]): Networks {
  const networks = texts.map((text) => ipaddr.parseCIDR(text));
  return {
    size: networks.length,
    include(text) {
      if (!ipaddr.isValid(text)) return false;
      const address = ipaddr.process(text);
      return networks.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));
    },
  };
}

const forwardedMax = 20;

/**
 * Who a request comes from. Only what a trusted proxy says is believed: its `X-Forwarded-For` is read from the right, the
 * nearest first, up to the first address that is no trusted proxy. Everybody else may write there what they like.
 * @param peer the address of the connection.
 */
export function clientAddress(peer: string, forwardedFor: string | null, trusted: Networks): string {
  // Almost every installation; parsing addresses would be the dearest part of a verification.
  if (trusted.size === 0 && !peer.includes(':')) return peer;
  let client = normalizeAddress(peer) ?? peer;
  const hops = (forwardedFor ?? '').split(',').slice(-forwardedMax).reverse();
  for (const hop of hops) {
    if (!trusted.include(client)) break;
    // Some proxies add the port.
    const address = normalizeAddress(
      hop
        .trim()
        .replace(/^\[(.+)\](:\d+)?$/, '$1')
        .replace(/^([\d.]+):\d+$/, '$1'),
    );
    if (address === null) break;
    client = address;
  }
  return client;
}
