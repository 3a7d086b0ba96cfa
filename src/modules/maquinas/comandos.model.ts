/** A command to a machine: its forms, and how it goes from the queue to the machine's answer. No I/O, no clock inside. */

import { valid } from 'semver';
import { dayMs, parseRfc3339 } from '../../core/clock';
import { invalidField } from '../../core/problem';

export const comandoTipos = ['atualizar', 'reiniciar', 'coletar', 'mensagem'] as const;
export type ComandoTipo = (typeof comandoTipos)[number];

export const comandoStatus = ['na_fila', 'enviado', 'recebido', 'aplicado', 'recusado', 'erro', 'expirado'] as const;
export type ComandoStatus = (typeof comandoStatus)[number];

/** What a machine may answer, to a command and to its desired state alike. */
export const resultados = ['recebido', 'aplicado', 'recusado', 'erro'] as const;
export type Resultado = (typeof resultados)[number];

export const comandoLifeMsDefault = 7 * dayMs;
/** As long as the broker keeps the session of a machine that stays away. */
export const comandoLifeMsMax = 30 * dayMs;
export const dadosBytesMax = 16 * 1024;
/** So many commands at most wait to be received by one machine. */
export const comandosWaitingMax = 100;
const secondsMax = 86_400;

export interface Comando {
  id: string;
  maquina_id: string;
  tipo: ComandoTipo;
  dados: Record<string, unknown>;
  status: ComandoStatus;
  /** The machine's own words, or why it was not delivered. */
  detalhe: string | null;
  criado_em: number;
  /** From this moment on it is neither delivered nor waited for. */
  expira_em: number;
  enviado_em: number | null;
  recebido_em: number | null;
  concluido_em: number | null;
  atualizado_em: number;
  rev: number;
}

export interface NewComando {
  tipo: ComandoTipo;
  dados?: Record<string, unknown> | undefined;
  expira_em?: string | undefined;
}

/** Whether nothing has been heard yet of how it ended. */
export function isOpen(status: ComandoStatus): boolean {
  return status === 'na_fila' || status === 'enviado' || status === 'recebido';
}

/** The status at a moment: the end of its time needs nobody to write it down. */
export function comandoStatusAt(comando: Pick<Comando, 'status' | 'expira_em'>, now: number): ComandoStatus {
  return isOpen(comando.status) && comando.expira_em <= now ? 'expirado' : comando.status;
}

/** Whether it may go out to the machine: neither received, answered, cancelled nor past its time. */
export function isDeliverable(comando: Pick<Comando, 'status' | 'expira_em'>, now: number): boolean {
  return (comando.status === 'na_fila' || comando.status === 'enviado') && now < comando.expira_em;
}

/**
 * What becomes of a command when the machine answers. The last word on a command is not taken back; that its time had run
 * out does not undo what a machine says it did.
 * @returns the command as it becomes, or null when the answer changes nothing.
 */
export function answerComando(
  comando: Comando,
  resultado: Resultado,
  detalhe: string | null,
  now: number,
): Comando | null {
  const { status } = comando;
  if (status === 'aplicado' || status === 'recusado' || status === 'erro') return null;
  if (resultado === 'recebido' && (status === 'recebido' || status === 'expirado')) return null;
  return {
    ...comando,
    status: resultado,
    detalhe,
    enviado_em: comando.enviado_em ?? now,
    recebido_em: comando.recebido_em ?? now,
    concluido_em: resultado === 'recebido' ? null : now,
    atualizado_em: now,
    rev: comando.rev + 1,
  };
}

/**
 * Takes a command back before the machine has received it; asked again, it stays taken back.
 * @returns the command as it becomes, or null when the machine has it already or it is over.
 */
export function cancelComando(comando: Comando, now: number): Comando | null {
  if (!isDeliverable(comando, now)) return null;
  return {
    ...comando,
    status: 'expirado',
    detalhe: 'Cancelado antes de ser recebido.',
    expira_em: now,
    concluido_em: now,
    atualizado_em: now,
    rev: comando.rev + 1,
  };
}

/** @throws Problem VALIDACAO */
export function newComando(input: NewComando, id: string, maquinaId: string, now: number): Comando {
  return {
    id,
    maquina_id: maquinaId,
    tipo: input.tipo,
    dados: checkDados(input.tipo, input.dados ?? {}),
    status: 'na_fila',
    detalhe: null,
    criado_em: now,
    expira_em: checkExpiry(input.expira_em, now),
    enviado_em: null,
    recebido_em: null,
    concluido_em: null,
    atualizado_em: now,
    rev: 1,
  };
}

/**
 * Until when a command may be delivered, epoch milliseconds.
 * @throws Problem VALIDACAO
 */
export function checkExpiry(text: string | undefined, now: number): number {
  if (text === undefined) return now + comandoLifeMsDefault;
  const epochMs = parseRfc3339(text);
  if (epochMs === null) throw invalidField('expira_em', 'deve ser uma data e hora RFC 3339');
  if (epochMs <= now) throw invalidField('expira_em', 'já passou');
  if (epochMs > now + comandoLifeMsMax) throw invalidField('expira_em', 'pode ser até 30 dias à frente');
  return epochMs;
}

/**
 * What a command carries. The fields it is known by are checked; others go to the machine as they are, for integrators
 * extend what theirs understand.
 * @throws Problem VALIDACAO
 */
export function checkDados(tipo: ComandoTipo, dados: Record<string, unknown>): Record<string, unknown> {
  if (typeof dados !== 'object' || dados === null || Array.isArray(dados)) {
    throw invalidField('dados', 'deve ser um objeto');
  }
  if (Buffer.byteLength(JSON.stringify(dados)) > dadosBytesMax) {
    throw invalidField('dados', `passa de ${dadosBytesMax} bytes`);
  }
  for (const [campo, [test, mensagem]] of Object.entries(knownFields[tipo])) {
    const value = dados[campo];
    if (value !== undefined && value !== null && !test(value)) throw invalidField(`dados.${campo}`, mensagem);
  }
  if (tipo === 'mensagem' && Object.keys(dados).length === 0) throw invalidField('dados', 'a mensagem está vazia');
  return dados;
}

type Check = readonly [test: (value: unknown) => boolean, mensagem: string];

const text = (max: number): Check => [
  (value) => typeof value === 'string' && value.length > 0 && value.length <= max,
  `texto de 1 a ${max} caracteres`,
];
const oneOf = (...words: string[]): Check => [
  (value) => typeof value === 'string' && words.includes(value),
  `deve ser um destes: ${words.join(', ')}`,
];

const knownFields: Readonly<Record<ComandoTipo, Readonly<Record<string, Check>>>> = {
  atualizar: {
    versao: [(value) => typeof value === 'string' && valid(value) !== null, 'deve ser uma versão semver, como 4.2.1'],
    versao_id: [(value) => typeof value === 'string' && /^[0-9a-f-]{36}$/i.test(value), 'deve ser um id'],
    canal: oneOf('estavel', 'beta', 'alfa'),
    obrigatoria: [(value) => typeof value === 'boolean', 'deve ser true ou false'],
  },
  reiniciar: {
    atraso_s: [
      (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= secondsMax,
      `deve ser um inteiro de 0 a ${secondsMax} segundos`,
    ],
    motivo: text(500),
  },
  coletar: {
    itens: [
      (value) => Array.isArray(value) && value.length <= 50 && value.every((item) => typeof item === 'string'),
      'deve ser uma lista de até 50 textos',
    ],
  },
  mensagem: { titulo: text(200), texto: text(4_000), nivel: oneOf('info', 'aviso', 'critico') },
};
