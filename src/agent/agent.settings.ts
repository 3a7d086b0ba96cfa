/** The settings of the agent: flag over environment over default. The server's own settings are none of its business. */

import { OperationalError } from '../core/operational-error';
import { integer, oneOf, type Setting, text } from '../core/settings';

const readySecondsMax = 3_600;
const daySeconds = 86_400;

export const agentSettingDeclarations = {
  server: text(
    { env: 'NARCIDI_SERVER', flag: 'server', description: 'address of the server; after the first start it is known' },
    '',
  ),
  chave: text(
    {
      env: 'NARCIDI_CHAVE',
      flag: 'chave',
      description: 'licence key to register with; needed by the first start only',
      secret: true,
    },
    '',
  ),
  data: text({ env: 'NARCIDI_AGENT_DATA', flag: 'data', description: 'the state folder' }, './narcidi-agent'),
  nome: text(
    {
      env: 'NARCIDI_AGENT_NOME',
      flag: 'nome',
      description: 'name the machine registers under; its host name when empty',
    },
    '',
  ),
  mqtt: text(
    { env: 'NARCIDI_AGENT_MQTT', flag: 'mqtt', description: 'MQTT address instead of the one the server names' },
    '',
  ),
  ca: text(
    { env: 'NARCIDI_AGENT_CA', flag: 'ca', description: 'PEM file with the authority of a server of one’s own' },
    '',
  ),
  bufferMib: integer(
    {
      env: 'NARCIDI_AGENT_BUFFER',
      flag: 'buffer',
      description: 'MiB of heartbeats kept while offline; then the oldest go',
    },
    64,
    1,
    10_240,
  ),
  estadoArquivo: text(
    {
      env: 'NARCIDI_AGENT_ESTADO',
      flag: 'estado-arquivo',
      description: 'file that tells the software its state; estado.json in the state folder when empty',
    },
    '',
  ),
  estadoModo: mode(
    { env: 'NARCIDI_AGENT_ESTADO_MODO', flag: 'estado-modo', description: 'mode of that file, octal' },
    0o644,
  ),
  aoMudar: text(
    { env: 'NARCIDI_AGENT_AO_MUDAR', flag: 'ao-mudar', description: 'command run when the state changes' },
    '',
  ),
  aoReiniciar: text(
    {
      env: 'NARCIDI_AGENT_AO_REINICIAR',
      flag: 'ao-reiniciar',
      description: 'command that restarts the software, for the command reiniciar and after an update',
    },
    '',
  ),
  aoReceberMensagem: text(
    {
      env: 'NARCIDI_AGENT_AO_RECEBER_MENSAGEM',
      flag: 'ao-receber-mensagem',
      description: 'command run for each message',
    },
    '',
  ),
  comandoLimiteSeconds: integer(
    {
      env: 'NARCIDI_AGENT_COMANDO_LIMITE',
      flag: 'comando-limite',
      description: 'seconds a configured command may take',
    },
    60,
    1,
    3_600,
  ),
  software: text(
    {
      env: 'NARCIDI_AGENT_SOFTWARE',
      flag: 'software',
      description: 'file of the software to keep up to date; none when empty',
    },
    '',
  ),
  softwareVersao: text(
    {
      env: 'NARCIDI_AGENT_SOFTWARE_VERSAO',
      flag: 'software-versao',
      description: 'version of that file as it was installed',
    },
    '0.0.0',
  ),
  softwarePronto: text(
    {
      env: 'NARCIDI_AGENT_SOFTWARE_PRONTO',
      flag: 'software-pronto',
      description: 'command that ends with 0 once the software is ready after an update',
    },
    '',
  ),
  prazoProntoSeconds: integer(
    {
      env: 'NARCIDI_AGENT_PRAZO_PRONTO',
      flag: 'prazo-pronto',
      description: 'seconds a new version has to become ready before the old one is put back',
    },
    120,
    1,
    readySecondsMax,
  ),
  produto: text(
    {
      env: 'NARCIDI_AGENT_PRODUTO',
      flag: 'produto',
      description: 'product of the software; the one of the licence when empty',
    },
    '',
  ),
  produtoAgente: text(
    {
      env: 'NARCIDI_AGENT_PRODUTO_AGENTE',
      flag: 'produto-agente',
      description:
        'product for every licence (uso_geral) under which the server publishes the agent; when empty it does not update itself',
    },
    '',
  ),
  canal: oneOf(
    { env: 'NARCIDI_AGENT_CANAL', flag: 'canal', description: 'channel of updates: estavel, beta or alfa' },
    ['estavel', 'beta', 'alfa'],
    'estavel',
  ),
  atualizarSeconds: integer(
    {
      env: 'NARCIDI_AGENT_ATUALIZAR_A_CADA',
      flag: 'atualizar-a-cada',
      description: 'seconds between looks for an update; 0 for on command only',
    },
    21_600,
    0,
    30 * daySeconds,
  ),
  logLevel: oneOf(
    { env: 'NARCIDI_LOG_LEVEL', flag: 'log-level', description: 'least level that is logged' },
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    'info',
  ),
};

type Declarations = typeof agentSettingDeclarations;
type Name = keyof Declarations;
export type AgentSettings = Readonly<{ [N in Name]: Declarations[N] extends Setting<infer T> ? T : never }>;

/** @throws OperationalError for a value that is not valid. */
export function resolveAgentSettings(
  flags: Readonly<Record<string, string | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): AgentSettings {
  const resolved = Object.entries<Setting<unknown>>(agentSettingDeclarations).map(([name, setting]) => {
    const given = flags[setting.flag ?? ''] ?? (env[setting.env] || undefined);
    return [name, given === undefined ? setting.default : setting.parse(given)];
  });
  return Object.freeze(Object.fromEntries(resolved) as AgentSettings);
}

/** A file's permissions in octal, as chmod takes them. */
function mode(declaration: Omit<Setting<number>, 'default' | 'parse'>, defaultValue: number): Setting<number> {
  return {
    ...declaration,
    default: defaultValue,
    show: (value) => value.toString(8).padStart(4, '0'),
    parse: (value) => {
      if (/^0?[0-7]{3}$/.test(value)) return Number.parseInt(value, 8);
      throw new OperationalError(`${declaration.env}: "${value}" is not valid; expected a mode such as 0644`);
    },
  };
}
