/** Versions as text: semantic versioning 2.0.0 to the letter, without the leniency of a `v` in front. */

import { compare, parse, prerelease, SemVer } from 'semver';
import { invalidField } from '../../core/problem';

const charactersMax = 64;
/** What semver.org defines; the library also takes `v1.2.3` and `= 1.2.3`. */
const strictPattern =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$/;

/** @throws Problem VALIDACAO naming the field. */
export function checkSemver(campo: string, text: string): string {
  const valid = text.length <= charactersMax && strictPattern.test(text) && parse(text) !== null;
  if (!valid) throw invalidField(campo, 'deve ser uma versão semver, como 2.1.0 ou 2.1.0-beta.1');
  return text;
}

/** The version without its build metadata, which semver ranks as nothing. */
export function precedenceOf(versao: string): string {
  return parse(versao)?.version ?? versao;
}

/** A version parsed once, for comparing it many times. @throws TypeError for what `checkSemver` refuses. */
export function semverOf(versao: string): SemVer {
  return new SemVer(versao);
}

/** Below zero when `a` comes before `b`, zero when semver ranks them equal. */
export function compareVersions(a: string | SemVer, b: string | SemVer): number {
  return compare(a, b);
}

export function isPrerelease(versao: SemVer): boolean {
  return prerelease(versao) !== null;
}

/**
 * Compares versions of operating systems, numbers separated by dots: `10.0.19045`, `14.4`.
 * @returns below zero when `a` comes before `b`.
 */
export function compareSystems(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (let n = 0; n < Math.max(left.length, right.length); n += 1) {
    const difference = (left[n] ?? 0) - (right[n] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
