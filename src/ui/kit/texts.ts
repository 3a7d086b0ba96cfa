/**
 * What is written on the screen, in Portuguese and English beside each other: a text that lacks one of them does not compile.
 * Each module has its own texts under its own name.
 */

import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';

export const idiomas = ['pt-BR', 'en'] as const;
export type Idioma = (typeof idiomas)[number];
const storageKey = 'narcidi-idioma';

void i18next.use(initReactI18next).init({
  lng: stored(),
  fallbackLng: 'pt-BR',
  resources: {},
  keySeparator: false,
  nsSeparator: false,
  // React escapes what it shows.
  interpolation: { escapeValue: false },
});
document.documentElement.lang = stored();

function stored(): Idioma {
  const kept = localStorage.getItem(storageKey);
  return idiomas.find((idioma) => idioma === kept) ?? 'pt-BR';
}

export function idiomaAtual(): Idioma {
  return idiomas.find((idioma) => idioma === i18next.language) ?? 'pt-BR';
}

export async function mudarIdioma(idioma: Idioma): Promise<void> {
  localStorage.setItem(storageKey, idioma);
  document.documentElement.lang = idioma;
  await i18next.changeLanguage(idioma);
}

export interface Texts<K extends string> {
  ns: string;
  keys: Record<K, readonly [pt: string, en: string]>;
}
export type Translate<K extends string> = (key: K, values?: Record<string, string | number>) => string;

/** Registers a module's texts. `{{name}}` stands for a value. */
export function defineTexts<K extends string>(ns: string, keys: Texts<K>['keys']): Texts<K> {
  for (const [index, idioma] of idiomas.entries()) {
    const bundle = Object.entries<readonly [string, string]>(keys).map(([key, both]) => [key, both[index]]);
    i18next.addResourceBundle(idioma, ns, Object.fromEntries(bundle));
  }
  return { ns, keys };
}

export function useT<K extends string>({ ns }: Texts<K>): Translate<K> {
  const { t } = useTranslation(ns);
  return (key: string, values) => t(key, { ...values });
}

/** Outside of components. */
export function textOf<K extends string>({ ns }: Texts<K>, key: K, values?: Record<string, string | number>): string {
  const name: string = key;
  return i18next.t(name, { ns, ...values });
}
