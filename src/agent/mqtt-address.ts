/** Where the broker is, seen from here. */

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|0\.0\.0\.0|\[::\])$/;

/**
 * The server names its broker as it sees it itself; a loopback address means the server's machine, which is this one only
 * when the server is reached by a loopback address too.
 * @param told the address of the activation.
 * @param configured instead of it, when not empty.
 */
export function mqttAddress(told: string, configured: string, server: URL): string {
  if (configured !== '') return configured;
  const address = URL.parse(told);
  if (!address) return told;
  if (loopback.test(address.hostname) && !loopback.test(server.hostname)) address.hostname = server.hostname;
  return address.href;
}
