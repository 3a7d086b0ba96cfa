/** The systemd unit of the agent, confined to what it needs. */

import { dirname, resolve } from 'node:path';
import type { AgentSettings } from './agent.settings';
import { agentSettingDeclarations } from './agent.settings';

/** Where systemd keeps the state of a service of this name. */
const stateFolder = '/var/lib/narcidi-agent';
const stateFile = '/run/narcidi-agent/estado.json';
const secretsFile = '/etc/narcidi-agent.env';

/**
 * The unit for these settings. The key is not part of it: it belongs into the environment file, readable by root only.
 * @param executable the path of this executable.
 */
export function systemdUnit(settings: AgentSettings, executable: string): string {
  const told = { ...settings, data: stateFolder, estadoArquivo: settings.estadoArquivo || stateFile };
  const flags = Object.entries(agentSettingDeclarations).flatMap(([name, { flag, default: standard }]) => {
    const value = settingOf(told, name);
    return flag === undefined || name === 'chave' || value === standard ? [] : [`--${flag}`, textOf(name, value)];
  });
  const writable = [
    ...(settings.software === '' ? [] : [dirname(resolve(settings.software))]),
    ...(settings.produtoAgente === '' ? [] : [dirname(executable)]),
    ...(settings.estadoArquivo === '' ? [] : [dirname(resolve(settings.estadoArquivo))]),
  ];
  const runsCommands = [
    settings.aoMudar,
    settings.aoReiniciar,
    settings.aoReceberMensagem,
    settings.softwarePronto,
  ].some((command) => command !== '');
  return `[Unit]
Description=narcidicontrol agent
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart=${[executable, 'agent', ...flags].map(quoted).join(' ')}
# NARCIDI_CHAVE=… for the first start; mode 0600, owned by root.
EnvironmentFile=-${secretsFile}
Restart=always
RestartSec=5
KillMode=mixed
TimeoutStopSec=15
StateDirectory=narcidi-agent
StateDirectoryMode=0700
RuntimeDirectory=narcidi-agent
RuntimeDirectoryMode=0755
RuntimeDirectoryPreserve=yes
UMask=0077
${writable.length === 0 ? '' : `ReadWritePaths=${[...new Set(writable)].map(quoted).join(' ')}\n`}ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
${runsCommands ? '# The commands it runs keep the rights of root, to restart services and the like.\n' : 'CapabilityBoundingSet=\n'}NoNewPrivileges=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
}

function settingOf(settings: AgentSettings, name: string): unknown {
  return Object.entries(settings).find(([known]) => known === name)?.[1];
}

function textOf(name: string, value: unknown): string {
  return name === 'estadoModo' && typeof value === 'number' ? `0${value.toString(8)}` : String(value);
}

/** One word of ExecStart as systemd reads it: `%` and `$` are its own, quotes and backslashes are escaped. */
function quoted(word: string): string {
  const escaped = word.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/%/g, '%%').replace(/\$/g, '$$$$');
  return /[\s"'\\;]/.test(word) || word === '' ? `"${escaped}"` : escaped;
}
