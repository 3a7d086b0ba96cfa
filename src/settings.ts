/** Every setting of the program, gathered from where each is declared, and how its value is found. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperationalError } from './core/operational-error';
import { configKey, integer, oneOf, type Setting, shown, text } from './core/settings';
import { acessoSettings } from './modules/acesso/acesso.settings';
import { backupsSettings } from './modules/backups/backups.settings';
import type { Configuracao, ConfiguracaoGrupo } from './modules/configuracoes/configuracoes.model';
import { emailsSettings } from './modules/emails/emails.settings';
import { logsSettings } from './modules/logs/logs.settings';
import { maquinasSettings } from './modules/maquinas/maquinas.settings';
import { mlSettings } from './modules/ml/ml.settings';
import { versoesSettings } from './modules/versoes/versoes.settings';
import { webhooksSettings } from './modules/webhooks/webhooks.settings';
import { transportSettings } from './transport/transport.settings';

const centurySeconds = 3_155_760_000;

/** Settings of the process as a whole. */
const processSettings = {
  data: text({ env: 'NARCIDI_DATA', flag: 'data', description: 'the data folder' }, './narcidi-data'),
  timeZone: text(
    { env: 'NARCIDI_TZ', description: 'IANA time zone of schedules, periods and reports' },
    'America/Sao_Paulo',
  ),
  logLevel: oneOf(
    { env: 'NARCIDI_LOG_LEVEL', description: 'least level that is logged' },
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal'],
    'info',
  ),
  clockOffsetSeconds: integer(
    { env: 'NARCIDI_CLOCK_OFFSET', description: 'seconds added to the clock (tests of expiry)' },
    0,
    -centurySeconds,
    centurySeconds,
  ),
};

/** Declared with the first release, so that a configuration for the parts to come is no mistake. */
const announcedSettings = {
  paymentSecret: text(
    { env: 'NARCIDI_PAYMENT_SECRET', description: 'secret of the payment webhook; refused when empty', secret: true },
    '',
  ),
  databaseUrl: text({ env: 'NARCIDI_DATABASE_URL', description: 'none: SQLite in the data folder', secret: true }, ''),
  redisUrl: text({ env: 'NARCIDI_REDIS_URL', description: 'none: LMDB in the data folder', secret: true }, ''),
  s3Url: text({ env: 'NARCIDI_S3_URL', description: 'none: files in the data folder', secret: true }, ''),
};

export const settingDeclarations = {
  ...processSettings,
  ...transportSettings,
  ...acessoSettings,
  ...maquinasSettings,
  ...mlSettings,
  ...logsSettings,
  ...backupsSettings,
  ...emailsSettings,
  ...webhooksSettings,
  ...versoesSettings,
  ...announcedSettings,
};

/** Under which heading a person looks for a setting. */
const groups: readonly (readonly [ConfiguracaoGrupo, object])[] = [
  ['servidor', processSettings],
  ['rede', transportSettings],
  ['acesso', acessoSettings],
  ['maquinas', { ...maquinasSettings, ...mlSettings }],
  ['logs', logsSettings],
  ['backups', backupsSettings],
  ['email', emailsSettings],
  ['integracoes', { ...webhooksSettings, ...versoesSettings, ...announcedSettings }],
];

type Declarations = typeof settingDeclarations;
type SettingName = keyof Declarations;
export type Settings = Readonly<{ [Name in SettingName]: Declarations[Name] extends Setting<infer T> ? T : never }>;

/** Where a value came from, for `narcidicontrol config`. */
export type Source = 'flag' | 'environment' | 'config.json' | 'default';

export type SettingSources = Readonly<Record<SettingName, Source>>;

/** The effective settings, and where each came from. */
export interface Resolved {
  settings: Settings;
  sources: SettingSources;
}

export interface Sources {
  /** By the flag's name without dashes. */
  flags: Readonly<Record<string, string | undefined>>;
  env: Readonly<Record<string, string | undefined>>;
}

const names = Object.keys(settingDeclarations) as SettingName[];

/**
 * Resolves every setting: flag over environment over `<data>/config.json` over default.
 * @throws OperationalError for a value that is not valid or an unknown key in config.json.
 */
export function resolveSettings({ flags, env }: Sources): Resolved {
  const data = flags.data ?? env.NARCIDI_DATA ?? settingDeclarations.data.default;
  const file = readConfigFile(data);
  const settings: Record<string, unknown> = {};
  const sources = {} as Record<SettingName, Source>;
  for (const name of names) {
    const setting: Setting<unknown> = settingDeclarations[name];
    const given: [Source, string | undefined][] = [
      ['flag', setting.flag === undefined ? undefined : flags[setting.flag]],
      ['environment', env[setting.env] || undefined],
      ['config.json', file[configKey(setting)]],
    ];
    const found = given.find(([, value]) => value !== undefined);
    settings[name] = found?.[1] === undefined ? setting.default : setting.parse(found[1]);
    sources[name] = found?.[0] ?? 'default';
  }
  checkTimeZone(String(settings.timeZone));
  return { settings: Object.freeze(settings) as Settings, sources };
}

function readConfigFile(data: string): Record<string, string> {
  const path = join(data, 'config.json');
  if (!existsSync(path)) return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new OperationalError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new OperationalError(`${path} is not an object`);
  const known = new Set(names.map((name) => configKey(settingDeclarations[name])));
  return Object.fromEntries(
    Object.entries(parsed).map(([key, value]: [string, unknown]) => {
      if (!known.has(key))
        throw new OperationalError(`${path}: unknown key "${key}"; known: ${[...known].sort().join(', ')}`);
      return [key, Array.isArray(value) ? value.join(',') : String(value)];
    }),
  );
}

function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat('pt-BR', { timeZone });
  } catch {
    throw new OperationalError(`NARCIDI_TZ: "${timeZone}" is not an IANA time zone`);
  }
}

/** Every setting as text, secrets masked. */
export function describeSettings({ settings, sources }: Resolved): Configuracao[] {
  return names.map((name) => {
    const setting: Setting<unknown> = settingDeclarations[name];
    const value = shown(setting, settings[name]);
    return {
      nome: setting.env,
      grupo: groups.find(([, declarations]) => name in declarations)?.[0] ?? 'servidor',
      valor: setting.secret && value !== '' ? '********' : value,
      padrao: shown(setting, setting.default),
      origem: sources[name],
      segredo: setting.secret ?? false,
      flag: setting.flag === undefined ? null : `--${setting.flag}`,
      chave: configKey(setting),
      descricao: setting.description,
    };
  });
}
