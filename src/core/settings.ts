/**
 * Settings are declared beside their use with these builders and resolved once at start:
 * flag over environment over `<data>/config.json` over default.
 */

import { normalizeNetwork } from './address';
import { OperationalError } from './operational-error';

export interface Setting<T> {
  /** The environment variable, the setting's name everywhere. */
  env: string;
  /** The flag of `serve`, without the dashes. */
  flag?: string;
  default: T;
  /** A value as a person would write it, where that is not its plain text. */
  show?(value: T): string;
  description: string;
  /** Masked by `narcidicontrol config` and in logs. */
  secret?: boolean;
  /** @throws OperationalError telling what is accepted. */
  parse(text: string): T;
}

interface Declaration {
  env: string;
  flag?: string;
  description: string;
  secret?: boolean;
}

/** The key of a setting in config.json: its environment name without the prefix, in lower case. */
export function configKey(setting: { env: string }): string {
  return setting.env.replace(/^NARCIDI_/, '').toLowerCase();
}

function refuse(env: string, text: string, wanted: string): never {
  throw new OperationalError(`${env}: "${text}" is not valid; expected ${wanted}`);
}

/** A setting of free text; empty means unset. */
export function text(declaration: Declaration, defaultValue: string): Setting<string> {
  return { ...declaration, default: defaultValue, parse: (value) => value };
}

/** An http or https address without a slash at its end; empty means unset. */
export function url(declaration: Declaration, defaultValue: string): Setting<string> {
  return {
    ...declaration,
    default: defaultValue,
    parse: (value) => {
      if (value !== '' && !/^https?:\/\/[^\s/]+/.test(value))
        refuse(declaration.env, value, 'an http or https address');
      return value.replace(/\/+$/, '');
    },
  };
}

/** A whole number within bounds. */
export function integer(declaration: Declaration, defaultValue: number, min: number, max: number): Setting<number> {
  return {
    ...declaration,
    default: defaultValue,
    parse: (value) => {
      const parsed = /^-?\d+$/.test(value.trim()) ? Number(value) : Number.NaN;
      if (!(parsed >= min && parsed <= max)) refuse(declaration.env, value, `a whole number from ${min} to ${max}`);
      return parsed;
    },
  };
}

/** A value of a setting as a person would write it. */
export function shown<T>(setting: Setting<T>, value: T): string {
  return setting.show?.(value) ?? String(value);
}

/** `on` or `off`. */
export function onOff(declaration: Declaration, defaultValue: boolean): Setting<boolean> {
  return {
    ...declaration,
    default: defaultValue,
    show: (value) => (value ? 'on' : 'off'),
    parse: (value) => {
      const known = { on: true, off: false, true: true, false: false, '1': true, '0': false }[value.toLowerCase()];
      return known ?? refuse(declaration.env, value, 'on or off');
    },
  };
}

/** One of a list of words. */
export function oneOf<const T extends readonly string[]>(
  declaration: Declaration,
  values: T,
  defaultValue: T[number],
): Setting<T[number]> {
  return {
    ...declaration,
    default: defaultValue,
    parse: (value) => values.find((known) => known === value) ?? refuse(declaration.env, value, values.join(', ')),
  };
}

/** A list of whole numbers separated by commas. */
export function integers(declaration: Declaration, defaultValue: readonly number[]): Setting<readonly number[]> {
  return {
    ...declaration,
    default: defaultValue,
    parse: (value) => {
      const parts = value.split(',').map((part) => part.trim());
      if (!parts.every((part) => /^\d{1,9}$/.test(part))) refuse(declaration.env, value, 'whole numbers with commas');
      return parts.map(Number);
    },
  };
}

/** A list of networks (CIDR) or single addresses, separated by commas. */
export function networks(declaration: Declaration): Setting<readonly string[]> {
  return {
    ...declaration,
    default: [],
    parse: (value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean)
        .map((part) => normalizeNetwork(part) ?? refuse(declaration.env, value, 'addresses or networks with commas')),
  };
}
