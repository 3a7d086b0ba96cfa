/** Dates, money and numbers as people write them, in the language of the screen. */

import { cnpj, cpf } from 'cpf-cnpj-validator';
import { idiomaAtual } from './texts';

const formatters = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

function cached<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(
  kind: string,
  make: (idioma: string) => T,
): T {
  const idioma = idiomaAtual();
  const key = `${kind} ${idioma}`;
  const known = formatters.get(key) as T | undefined;
  if (known) return known;
  const made = make(idioma);
  formatters.set(key, made);
  return made;
}

export function number(value: number, decimals = 0): string {
  return cached(`n${decimals}`, (idioma) => new Intl.NumberFormat(idioma, { maximumFractionDigits: decimals })).format(
    value,
  );
}

/** @param share 0 to 1. */
export function percent(share: number, decimals = 0): string {
  const options = { style: 'percent', maximumFractionDigits: decimals } as const;
  return cached(`p${decimals}`, (idioma) => new Intl.NumberFormat(idioma, options)).format(share);
}

export function money(centavos: number): string {
  return cached('m', (idioma) => new Intl.NumberFormat(idioma, { style: 'currency', currency: 'BRL' })).format(
    centavos / 100,
  );
}

/** `24/11/2026 14:05`, local time. */
export function dateTime(when: string | number): string {
  const options = { dateStyle: 'short', timeStyle: 'short' } as const;
  return cached('dt', (idioma) => new Intl.DateTimeFormat(idioma, options)).format(new Date(when));
}

/** With seconds, for what happens fast. */
export function clockTime(when: string | number): string {
  return cached('t', (idioma) => new Intl.DateTimeFormat(idioma, { timeStyle: 'medium' })).format(new Date(when));
}

export function date(when: string | number): string {
  return cached('d', (idioma) => new Intl.DateTimeFormat(idioma, { dateStyle: 'short' })).format(new Date(when));
}

const steps: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/** `há 3 min`, `em 12 dias`. @param now epoch milliseconds */
export function relative(when: string | number, now: number): string {
  const seconds = (new Date(when).getTime() - now) / 1000;
  const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  const format = cached('r', (idioma) => new Intl.RelativeTimeFormat(idioma, { numeric: 'auto', style: 'short' }));
  return format.format(Math.trunc(seconds / size), unit);
}

export function bytes(size: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, size)) / 10));
  return `${number(size / 1024 ** power, power === 0 ? 0 : 1)} ${units[power]}`;
}

/** CPF or CNPJ with its dots, as it is when it is neither. */
export function documento(text: string | null): string {
  if (text === null) return '';
  if (cpf.isValid(text)) return cpf.format(text);
  return cnpj.isValid(text) ? cnpj.format(text) : text;
}
