/** Passwords: how strong one must be, and how it is kept and compared. */

import { createGate } from '../../core/gate';
import { invalidField } from '../../core/problem';

const charactersMin = 8;
const charactersMax = 256;
/** Of zxcvbn's 0 to 4: from 2 on, guessing by the log-in call takes more than a lifetime. */
const scoreMin = 2;
/** The estimate's cost grows with the length; what is this long is judged by its beginning. */
const estimatedCharactersMax = 64;
/** argon2id takes 64 MiB and a processor for each password. */
const hashesMax = 2;
const waitingMax = 64;
/**
 * Compared with for unknown users, so that they cost as much time as known ones: the hash of a random text that nobody kept,
 * made with the same costs as every other. Made at start instead, it would take 64 MiB and a tenth of a second then.
 */
export const decoyHash =
  '$argon2id$v=19$m=65536,t=2,p=1$hP9HPXGPP8yVM3qYrdbkjpeIVINQqi+xcUCgTnDyE2g$nLszpqi8XY5qwCWeBaNUMXBHrzuOzZ8Wu1JBIenEC4M';

export type Senhas = ReturnType<typeof createSenhas>;

export function createSenhas() {
  const gate = createGate(hashesMax, waitingMax);

  /** argon2id with Bun's defaults (64 MiB, 2 passes). @throws Problem VALIDACAO for one too short or too long. */
  async function preparar(senha: string, campo = 'senha'): Promise<string> {
    if (senha.length < charactersMin) throw invalidField(campo, `precisa de pelo menos ${charactersMin} caracteres`);
    if (senha.length > charactersMax) throw invalidField(campo, `passa de ${charactersMax} caracteres`);
    return gate.run(() => Bun.password.hash(senha, 'argon2id'));
  }

  return {
    preparar,

    /**
     * The same for a password that somebody chose, which must not be easy to guess.
     * @param relacionados what a guesser would try first: the name and the address of its owner.
     * @throws Problem VALIDACAO saying why it is weak.
     */
    async prepararForte(senha: string, relacionados: readonly string[], campo = 'senha'): Promise<string> {
      if (senha.length >= charactersMin) {
        const { estimate } = await import('./senha-forca.model');
        const { score, warning, suggestions } = estimate(senha.slice(0, estimatedCharactersMax), relacionados);
        if (score < scoreMin) {
          const reasons = [warning, ...suggestions].filter(Boolean).join(' ');
          throw invalidField(campo, `é fácil de adivinhar. ${reasons}`.trim());
        }
      }
      return preparar(senha, campo);
    },

    /** Whether the password is the one of the hash; without a hash it never is, in the same time. */
    async conferir(senha: string, hash: string | null): Promise<boolean> {
      const against = hash ?? decoyHash;
      const known = senha.slice(0, charactersMax + 1);
      const equal = await gate.run(() => Bun.password.verify(known, against).catch(() => false));
      return hash !== null && equal;
    },
  };
}
