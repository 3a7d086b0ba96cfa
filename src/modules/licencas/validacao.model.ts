/**
 * Whether a licence is good for a caller: every check in the order of the contract. The first that fails is the answer,
 * all that fail are the explanation. The same checks decide activation, verification and the state of a machine.
 */

import { satisfies, valid } from 'semver';
import { rfc3339 } from '../../core/clock';
import {
  type ClienteEfeito,
  effectiveEnd,
  isExpired,
  isInGrace,
  type Licenca,
  type LicencaTermos,
} from './licencas.model';

export const validationCodes = [
  'NAO_ENCONTRADA',
  'CANCELADA',
  'CLIENTE_BLOQUEADO',
  'BLOQUEADA',
  'AINDA_NAO_VIGENTE',
  'EXPIRADA',
  'PRODUTO_DIFERENTE',
  'VERSAO_NAO_PERMITIDA',
  'RECURSO_AUSENTE',
  'IMPRESSAO_NECESSARIA',
  'MAQUINA_NAO_ATIVADA',
  'MAQUINA_BLOQUEADA',
  'VALIDA',
] as const;

export type ValidationCode = (typeof validationCodes)[number];

export interface Failure {
  codigo: Exclude<ValidationCode, 'VALIDA'>;
  detalhe: string;
  /** The nearest thing that would mend it. */
  remedio: string;
}

/** What decides whether a licence works at all, whoever asks. */
export interface StateFacts {
  licenca: LicencaTermos;
  cliente: ClienteEfeito;
  motivoCliente: string | null;
}

export interface LicenceFacts extends StateFacts {
  licenca: Licenca;
  produtoSlug: string;
}

export interface MachineFacts {
  ativa: boolean;
  /** Until when it holds a seat of a floating licence, epoch milliseconds; null for none. */
  assento_ate?: number | null;
  bloqueada: boolean;
  motivo_bloqueio: string | null;
}

export interface ValidationRequest {
  produto?: string | undefined;
  versao?: string | undefined;
  recursos?: readonly string[] | undefined;
  impressao?: string | undefined;
}

/** What fails by the licence alone, whoever asks: the state that reaches its machines. */
export function licenceFailures(facts: StateFacts, now: number): Failure[] {
  return [cancelled(facts), customerBlocked(facts), blocked(facts), notYet(facts, now), expired(facts, now)].filter(
    (failure) => failure !== null,
  );
}

/**
 * Every check that fails, in the order of the contract; empty when the licence is good for this caller.
 * @param maquina the machine of the named fingerprint, null when there is none.
 */
export function validationFailures(
  facts: LicenceFacts,
  maquina: MachineFacts | null,
  request: ValidationRequest,
  now: number,
): Failure[] {
  const failures = licenceFailures(facts, now);
  const more = [
    otherProduct(facts, request),
    otherVersion(facts, request),
    missingFeature(facts, request),
    ...machineFailures(facts, maquina, request, now),
  ];
  return [...failures, ...more.filter((failure) => failure !== null)];
}

/** Whether the licence is past its end but within its grace. */
export function inGrace(facts: LicenceFacts, now: number): boolean {
  return isInGrace(facts.licenca, now);
}

/**
 * The next moment at which the calendar alone may change the answer; null when it never will.
 */
export function nextChange(licenca: LicencaTermos, now: number): number | null {
  const moments = [licenca.inicia_em, licenca.expira_em, effectiveEnd(licenca)].filter(
    (moment): moment is number => moment !== null && moment > now,
  );
  return moments.length > 0 ? Math.min(...moments) : null;
}

function cancelled({ licenca, cliente }: StateFacts): Failure | null {
  if (licenca.situacao === 'cancelada') {
    return {
      codigo: 'CANCELADA',
      detalhe: 'A licença foi cancelada.',
      remedio: 'Emita uma nova licença para o cliente.',
    };
  }
  if (cliente === 'cancelado') {
    return { codigo: 'CANCELADA', detalhe: 'O cliente foi cancelado.', remedio: 'Ative o cliente.' };
  }
  return null;
}

function customerBlocked({ cliente, motivoCliente }: StateFacts): Failure | null {
  if (cliente !== 'bloqueado') return null;
  return {
    codigo: 'CLIENTE_BLOQUEADO',
    detalhe: withReason('O cliente está bloqueado', motivoCliente),
    remedio: 'Ative o cliente.',
  };
}

function blocked({ licenca }: StateFacts): Failure | null {
  if (licenca.situacao !== 'bloqueada') {
    if (!licenca.inadimplente) return null;
    return {
      codigo: 'BLOQUEADA',
      detalhe: 'A licença está bloqueada: há fatura vencida.',
      remedio: 'Pague a fatura vencida.',
    };
  }
  return {
    codigo: 'BLOQUEADA',
    detalhe: withReason('A licença está bloqueada', licenca.motivo_bloqueio),
    remedio: 'Desbloqueie a licença.',
  };
}

function notYet({ licenca }: StateFacts, now: number): Failure | null {
  if (now >= licenca.inicia_em) return null;
  const inicio = rfc3339(licenca.inicia_em);
  return {
    codigo: 'AINDA_NAO_VIGENTE',
    detalhe: `A licença começa a valer em ${inicio}.`,
    remedio: `Espere até ${inicio} ou antecipe inicia_em.`,
  };
}

function expired({ licenca }: StateFacts, now: number): Failure | null {
  const end = effectiveEnd(licenca);
  if (end === null || !isExpired(licenca, now)) return null;
  return { codigo: 'EXPIRADA', detalhe: `A licença expirou em ${rfc3339(end)}.`, remedio: 'Renove a licença.' };
}

function otherProduct({ produtoSlug }: LicenceFacts, { produto }: ValidationRequest): Failure | null {
  if (produto === undefined || produto === produtoSlug) return null;
  return {
    codigo: 'PRODUTO_DIFERENTE',
    detalhe: `A licença é do produto ${produtoSlug}, não de ${produto}.`,
    remedio: `Use uma licença do produto ${produto}.`,
  };
}

function missingFeature({ licenca }: LicenceFacts, { recursos }: ValidationRequest): Failure | null {
  const missing = (recursos ?? []).filter((recurso) => !includesFeature(licenca.recursos, recurso));
  if (missing.length === 0) return null;
  return {
    codigo: 'RECURSO_AUSENTE',
    detalhe: `A licença não inclui: ${missing.join(', ')}.`,
    remedio: `Acrescente ${missing.join(', ')} aos recursos da licença.`,
  };
}

/**
 * Whether features held cover one that is asked for: `usuarios` asks that it be there at all, `usuarios:8` that its limit
 * is at least 8. A feature without a limit covers every number.
 */
export function includesFeature(held: readonly string[], wanted: string): boolean {
  const [name, amount] = wanted.split(':');
  return held.some((recurso) => {
    const [heldName, limit] = recurso.split(':');
    return heldName === name && (amount === undefined || limit === undefined || Number(amount) <= Number(limit));
  });
}

function otherVersion({ licenca }: LicenceFacts, { versao }: ValidationRequest): Failure | null {
  if (licenca.versoes === null || versao === undefined) return null;
  if (valid(versao) !== null && satisfies(versao, licenca.versoes, { includePrerelease: true })) return null;
  return {
    codigo: 'VERSAO_NAO_PERMITIDA',
    detalhe: `A licença permite as versões ${licenca.versoes}, não ${versao.slice(0, 64)}.`,
    remedio: `Use uma versão em ${licenca.versoes} ou amplie as versões da licença.`,
  };
}

function machineFailures(
  { licenca }: LicenceFacts,
  maquina: MachineFacts | null,
  { impressao }: ValidationRequest,
  now: number,
): Failure[] {
  if (impressao === undefined) {
    if (licenca.maquinas_ativas === 0) return [];
    return [
      {
        codigo: 'IMPRESSAO_NECESSARIA',
        detalhe: `A licença tem ${licenca.maquinas_ativas} máquina(s) e a consulta não diz de qual se trata.`,
        remedio: 'Informe a impressão da máquina no parâmetro impressao.',
      },
    ];
  }
  const failures: Failure[] = [];
  if (!maquina?.ativa) {
    failures.push({
      codigo: 'MAQUINA_NAO_ATIVADA',
      detalhe: 'Nenhuma máquina ativa desta licença tem esta impressão.',
      remedio: 'Ative a máquina com a chave da licença.',
    });
  }
  if (maquina?.ativa && licenca.flutuante && !holdsSeat(maquina, now)) {
    failures.push({
      codigo: 'MAQUINA_NAO_ATIVADA',
      detalhe: 'A licença é flutuante e a máquina não tem assento agora.',
      remedio: 'Mande um heartbeat; havendo assento livre, ele é tomado.',
    });
  }
  if (maquina?.bloqueada) {
    failures.push({
      codigo: 'MAQUINA_BLOQUEADA',
      detalhe: withReason('A máquina está bloqueada', maquina.motivo_bloqueio),
      remedio: 'Desbloqueie a máquina.',
    });
  }
  return failures;
}

/** Whether a machine holds a seat of its floating licence. */
export function holdsSeat(maquina: Pick<MachineFacts, 'assento_ate'>, now: number): boolean {
  return (maquina.assento_ate ?? 0) > now;
}

function withReason(text: string, motivo: string | null): string {
  return motivo ? `${text}: ${motivo}` : `${text}.`;
}
