/** Licence files: for machines that never see the server. A JWS (RFC 7515) by the same keys as certificates. */

import { type Actor, authorize } from '../../core/actor';
import { type Clock, dayMs, secondMs } from '../../core/clock';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { checkImpressao } from '../maquinas/impressao.model';
import { findMaquinaByImpressao } from '../maquinas/maquinas.store';
import { certificateClaims } from './certificado.model';
import { effectiveEnd } from './licencas.model';
import { getLicenca } from './licencas.store';
import { validationFailures } from './validacao.model';

/** A file for a perpetual licence: nobody carries a new one into the vault every week. */
const fileDaysMax = 3_650;

interface Dependencies {
  work: UnitOfWork;
  keyring: Keyring;
  clock: Clock;
}

export type Arquivo = ReturnType<typeof createArquivo>;

export function createArquivo({ work, keyring, clock }: Dependencies) {
  return {
    /**
     * The signed file of a licence for one machine, or for any when none is named. It lasts to the licence's end.
     * @throws Problem with the first code that applies when the licence or the machine is not good.
     */
    async emitir(actor: Actor, licencaId: string, impressaoText: string | undefined): Promise<string> {
      authorize(actor, 'licencas:ler');
      const facts = await getLicenca(work.reader, licencaId);
      const now = clock.now();
      const impressao = impressaoText === undefined ? undefined : checkImpressao(impressaoText);
      const maquina = impressao === undefined ? null : await findMaquinaByImpressao(work.reader, licencaId, impressao);
      const failure = validationFailures(facts, maquina, { impressao }, now).find(
        ({ codigo }) => codigo !== 'IMPRESSAO_NECESSARIA',
      );
      if (failure) {
        const { codigo, detalhe } = failure;
        if (codigo === 'RECURSO_AUSENTE' || codigo === 'IMPRESSAO_NECESSARIA')
          throw new Error(`a file does not ask for ${codigo}`);
        throw new Problem(codigo, { detalhe });
      }
      const claims = certificateClaims(facts, { impressao, codigo: 'VALIDA' }, now);
      const end = Math.min(effectiveEnd(facts.licenca) ?? Number.POSITIVE_INFINITY, now + fileDaysMax * dayMs);
      return keyring.signJws({ ...claims, exp: Math.floor(end / secondMs), uso: 'arquivo' });
    },
  };
}
