/**
 * Which addresses a request to somebody else's server may reach: the public internet and nothing of our own network
 * (server-side request forgery, OWASP A10). The spelling is settled before: `new URL` turns decimal, octal and hexadecimal
 * forms of an IPv4 address into the usual one (WHATWG URL, 3.5).
 */

import ipaddr from 'ipaddr.js';
import { Problem } from './problem';

/** Global unicast (RFC 4291, 2.4): everything else in IPv6 is local, embeds an IPv4 address, or is not assigned. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');
/** Looks public, but answers inside Azure only, with the machine's secrets. */
const cloudMetadata = new Set(['168.63.129.16']);
const localNames = /(^|\.)(localhost|local|internal|intranet|lan|home\.arpa)$/;

/** Whether an IP address, in text, is on the public internet. What is no address is not. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  if (cloudMetadata.has(address.toString())) return false;
  if (address.range() !== 'unicast') return false;
  return address instanceof ipaddr.IPv4 || address.match(globalUnicast);
}

/** The host of a URL as an address, or null for a name. */
export function literalAddress(url: URL): string | null {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(host) ? host : null;
}

/**
 * Reads the address of a target and refuses what can be refused without asking the DNS.
 * @throws Problem DESTINO_RECUSADO
 */
export function readTarget(text: string, allowPrivate: boolean): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused('não é um endereço válido');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused('só http e https são aceitos');
  if (url.username || url.password) throw refused('o endereço não pode conter usuário nem senha');
  if (allowPrivate) return url;
  const address = literalAddress(url);
  if (address === null ? localNames.test(url.hostname.replace(/\.+$/, '')) : !isPublicAddress(address)) {
    throw refusedAddress();
  }
  return url;
}

/** The refusal of a target on our own network. */
export function refusedAddress(): Problem {
  return refused('aponta para a rede local ou um endereço reservado');
}

function refused(reason: string): Problem {
  return new Problem('DESTINO_RECUSADO', {
    detalhe: `url: ${reason}.`,
    erros: [{ campo: 'url', mensagem: reason }],
  });
}
