/** What there is to say of a machine when somebody asks: short enough for an answer of 2,000 characters. */

import { cpus, hostname, totalmem, uptime } from 'node:os';
import si from 'systeminformation';
import { withLimit } from './limit';

const factLimitMs = 10_000;
const disksMax = 6;
const addressesMax = 4;

/** @param versoes versions by name. */
export async function machineFacts(versoes: Record<string, string>): Promise<object> {
  const [os, system, disks, network, cpu] = await Promise.all([
    withLimit(() => si.osInfo(), factLimitMs),
    withLimit(() => si.system(), factLimitMs),
    withLimit(() => si.fsSize(), factLimitMs),
    withLimit(() => si.networkInterfaces(), factLimitMs),
    withLimit(() => si.cpu(), factLimitMs),
  ]);
  const interfaces = Array.isArray(network) ? network : network ? [network] : [];
  return {
    so: os ? `${os.distro} ${os.release}`.trim() : process.platform,
    kernel: os?.kernel ?? null,
    arquitetura: process.arch,
    hostname: hostname(),
    fabricante: short(system?.manufacturer),
    modelo: short(system?.model),
    virtual: system?.virtual ?? null,
    cpu: cpu ? short(`${cpu.manufacturer} ${cpu.brand}`) : null,
    nucleos: cpus().length,
    memoria_mib: Math.round(totalmem() / 1024 ** 2),
    ligada_ha_s: Math.floor(uptime()),
    discos: (disks ?? []).slice(0, disksMax).map(({ mount, type, size, use }) => ({
      ponto: mount.slice(0, 60),
      tipo: type,
      gib: Math.round(size / 1024 ** 3),
      uso_pct: Math.round(use),
    })),
    enderecos: interfaces
      .filter(({ internal, ip4 }) => !internal && ip4)
      .slice(0, addressesMax)
      .map(({ ip4 }) => ip4),
    versoes,
  };
}

function short(text: string | undefined): string | null {
  const trimmed = text?.trim() ?? '';
  return trimmed === '' ? null : trimmed.slice(0, 80);
}
