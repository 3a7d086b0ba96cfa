/**
 * Signed addresses: a download without a credential in a header, for a quarter of an hour, by whom it was given to. The
 * HMAC is over the version, the caller and the end, so that none of them can be changed.
 */

import { timingSafeEqual } from 'node:crypto';
import { type Clock, minuteMs, secondMs } from '../../core/clock';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';

const validMs = 15 * minuteMs;
const purpose = 'versao.endereco';
const refPattern = /^[ml]:[0-9a-f-]{36}$/;

export interface Assinado {
  /** The caller, as `Chamador.ref`. */
  para: string;
  /** Epoch seconds, the first at which it no longer holds. */
  ate: string;
  assinatura: string;
}

export type Enderecos = ReturnType<typeof createEnderecos>;

export function createEnderecos({ keyring, clock }: { keyring: Pick<Keyring, 'lookup'>; clock: Clock }) {
  const sign = (versaoId: string, para: string, ate: string): string =>
    keyring.lookup(purpose, `${versaoId}\0${para}\0${ate}`);

  return {
    /** The query of a signed address. */
    assinar(versaoId: string, para: string): string {
      const ate = String(Math.ceil((clock.now() + validMs) / secondMs));
      return `para=${para}&ate=${ate}&assinatura=${sign(versaoId, para, ate)}`;
    },

    /** @returns the caller it was given to. @throws Problem URL_INVALIDA, URL_EXPIRADA */
    conferir(versaoId: string, { para, ate, assinatura }: Assinado): string {
      const wanted = Buffer.from(sign(versaoId, para, ate));
      const given = Buffer.from(assinatura);
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted) || !refPattern.test(para)) {
        throw new Problem('URL_INVALIDA');
      }
      if (clock.now() >= Number(ate) * secondMs) {
        throw new Problem('URL_EXPIRADA', { detalhe: 'Consulte de novo se há atualização para ter outro endereço.' });
      }
      return para;
    },
  };
}
