/**
 * Licence verification, the call that everyone's day depends on.
 *
 * An answer is kept, serialized and signed, until something it rests on changes: a commit that touches the licence, its
 * customer, its product or the machine outdates it before that commit is acknowledged, and the calendar outdates it at
 * the next moment that matters. Answers with a nonce are made anew each time.
 */

import { type Clock, hourMs } from '../../core/clock';
import { createRemembered, type Rests } from '../../core/remembered';
import type { Keyring } from '../../storage/keys/keyring';
import type { Commit } from '../../storage/sqlite/unit-of-work';
import { certificateClaims } from './certificado.model';
import { normalizeChave } from './chave.model';
import type { LicenceReader } from './licencas.facts';
import { type LicencaView, licencaView } from './licencas.view';
import { type Failure, inGrace, nextChange, type ValidationCode, validationFailures } from './validacao.model';

const answersMax = 131_072;
const changesMax = 65_536;
/** A kept certificate is renewed at least this often, so that its offline days count from about now. */
const certificateAgeMsMax = hourMs;
/** Longer questions are answered, but not remembered. */
const rememberedCharactersMax = 512;

export interface VerificationRequest {
  chave: string;
  impressao?: string | undefined;
  produto?: string | undefined;
  versao?: string | undefined;
  recursos?: readonly string[] | undefined;
  nonce?: string | undefined;
  explicar?: boolean | undefined;
}

export interface Verification {
  valida: boolean;
  codigo: ValidationCode;
  detalhe: string;
  /** Always true: a verdict the client may rely on. Trouble of the server is a 429 or 5xx that says false. */
  definitivo: true;
  em_carencia?: boolean;
  licenca?: LicencaView;
  certificado?: string;
  motivos?: Failure[];
}

interface Answer extends Rests {
  /** The answer as JSON, encoded: a hundred thousand strings would be the garbage collector's, bytes are not. */
  json: Uint8Array<ArrayBuffer>;
}

interface Dependencies {
  licences: LicenceReader;
  keyring: Keyring;
  clock: Clock;
  /** Told of a known licence that was refused what was asked, as often as an answer is computed. */
  refused(licencaId: string, codigo: string): void;
}

const encoder = new TextEncoder();

export type Verificacao = ReturnType<typeof createVerificacao>;

export function createVerificacao({ licences, keyring, clock, refused }: Dependencies) {
  const remembered = createRemembered<Answer>(answersMax, changesMax);

  function compute(request: VerificationRequest, now: number): { answer: Verification; ids: string[]; until: number } {
    const symbols = normalizeChave(request.chave);
    const facts = symbols ? licences.byChaveHmac(keyring.lookup('licenca', symbols)) : null;
    if (!facts) return { answer: notFound(request.explicar ?? false, symbols !== null), ids: [], until: now };
    const { licenca } = facts;
    const impressao = request.impressao?.trim() || undefined;
    const maquina = impressao === undefined ? null : licences.machine(licenca.id, impressao);
    const failures = validationFailures(facts, maquina, { ...request, impressao }, now);
    const codigo = failures[0]?.codigo ?? 'VALIDA';
    if (codigo !== 'VALIDA') refused(licenca.id, codigo);
    const grace = inGrace(facts, now);
    const answer: Verification = {
      valida: codigo === 'VALIDA',
      codigo,
      detalhe: failures[0]?.detalhe ?? (grace ? 'A licença é válida, em carência.' : 'A licença é válida.'),
      definitivo: true,
      ...(grace ? { em_carencia: true } : {}),
      licenca: licencaView(facts, now, null),
      certificado: keyring.signJws(certificateClaims(facts, { impressao, codigo, nonce: request.nonce }, now)),
      ...(request.explicar ? { motivos: failures } : {}),
    };
    const seatEnd = licenca.flutuante ? (maquina?.assento_ate ?? now) : Number.POSITIVE_INFINITY;
    const ids = [licenca.id, licenca.cliente_id, licenca.produto_id];
    if (licenca.plano_id !== null) ids.push(licenca.plano_id);
    if (maquina) ids.push(maquina.id);
    return {
      answer,
      ids,
      until: Math.min(now + certificateAgeMsMax, nextChange(licenca, now) ?? Number.POSITIVE_INFINITY, seatEnd),
    };
  }

  return {
    /** Answers one question. Never throws for what the caller sent. */
    verificar(request: VerificationRequest): Verification {
      return compute(request, clock.now()).answer;
    },

    /**
     * The same answer as JSON in UTF-8, remembered under the question as it was asked.
     * @param onUnknown is told that there is no licence with the key.
     * @param question the path and query of the call; the same text must always mean the same request.
     */
    verificarJson(
      question: string,
      request: () => VerificationRequest,
      onUnknown: () => void,
    ): Uint8Array<ArrayBuffer> {
      const now = clock.now();
      const known = remembered.find(question, now);
      if (known) return known.json;
      const stamp = remembered.stamp();
      const asked = request();
      const { answer, ids, until } = compute(asked, now);
      if (ids.length === 0) onUnknown();
      const json = encoder.encode(JSON.stringify(answer));
      if (ids.length > 0 && asked.nonce === undefined && question.length <= rememberedCharactersMax) {
        remembered.keep(question, { json, stamp, computedAt: now, until, ids });
      }
      return json;
    },

    /** Outdates every answer that rests on what a commit touched. */
    onCommit(commit: Commit): void {
      remembered.changed(commit.ids);
    },
  };
}

function notFound(explicar: boolean, wellFormed: boolean): Verification {
  const failure: Failure = {
    codigo: 'NAO_ENCONTRADA',
    detalhe: wellFormed
      ? 'Não há licença com esta chave.'
      : 'O texto não é uma chave de licença; confira se foi digitado por inteiro.',
    remedio: 'Confira a chave com quem vendeu a licença.',
  };
  return {
    valida: false,
    codigo: failure.codigo,
    detalhe: failure.detalhe,
    definitivo: true,
    ...(explicar ? { motivos: [failure] } : {}),
  };
}
