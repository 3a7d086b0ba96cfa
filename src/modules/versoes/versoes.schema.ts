/** Versions on the wire: shapes, and the fields of the multipart form as text. */

import { t } from 'elysia';
import { rfc3339, rfc3339OrNull } from '../../core/clock';
import { invalidField } from '../../core/problem';
import { integer, line, oneOf, textOrNull, timestamp, timestampOrNull, uuid } from '../../transport/http/kit/wire';
import { readRequisitos } from './requisitos.model';
import { arquiteturas, canais, plataformas, type Versao, versaoStatus } from './versoes.model';
import type { NovaVersao } from './versoes.service';

const notasCharactersMax = 65_536;
const assinaturaCharactersMax = 4_096;
const semver = line(64, { minLength: 1, examples: ['2.1.0'] });

const requisitos = t.Object(
  {
    so_minimo: t.Optional(t.String({ maxLength: 32, examples: ['10.0.19045'] })),
    so_maximo: t.Optional(t.String({ maxLength: 32 })),
    recursos: t.Optional(t.Array(t.String({ maxLength: 80 }), { maxItems: 50, examples: [['nfe']] })),
  },
  { description: 'O que a máquina e a licença precisam ter' },
);

export const versaoSchema = t.Object({
  id: uuid,
  produto: t.String(),
  produto_id: uuid,
  versao: t.String({ examples: ['2.1.0'] }),
  canal: oneOf(canais),
  plataforma: oneOf(plataformas),
  arquitetura: oneOf(arquiteturas),
  arquivo: t.String({ examples: ['Instalador-2.1.0.exe'] }),
  tamanho: t.Integer({ description: 'Bytes' }),
  sha256: t.String({ description: 'Hexadecimal' }),
  sha512: t.String({ description: 'Base 64' }),
  assinatura: t.String({ description: 'Ed25519 sobre os 32 bytes do SHA-256, base64url' }),
  assinatura_kid: t.String({ description: 'A chave, em /.well-known/jwks.json' }),
  assinatura_tauri: t.Union([t.String(), t.Null()], { description: 'O .sig (minisign) do desenvolvedor' }),
  notas: t.String({ description: 'Markdown' }),
  versao_minima: textOrNull,
  requisitos,
  obrigatoria: t.Boolean(),
  distribuicao_pct: t.Integer(),
  distribuicao_pausada: t.Boolean(),
  status: oneOf(versaoStatus),
  publicada_em: timestampOrNull,
  downloads: t.Integer(),
  criado_em: timestamp,
  atualizado_em: timestamp,
});

export function versaoView({
  rev: _,
  criado_em,
  atualizado_em,
  publicada_em,
  ...rest
}: Versao): typeof versaoSchema.static {
  return {
    ...rest,
    publicada_em: rfc3339OrNull(publicada_em),
    criado_em: rfc3339(criado_em),
    atualizado_em: rfc3339(atualizado_em),
  };
}

export const editVersaoBody = t.Partial(
  t.Object({
    canal: oneOf(canais),
    notas: t.String({ maxLength: notasCharactersMax }),
    versao_minima: t.Union([semver, t.Null()]),
    requisitos: t.Any({ description: 'O que a máquina e a licença precisam ter', examples: [{ recursos: ['nfe'] }] }),
    obrigatoria: t.Boolean(),
    distribuicao_pct: integer({ minimum: 0, maximum: 100 }),
    assinatura_tauri: t.Union([t.String({ maxLength: assinaturaCharactersMax }), t.Null()]),
    versao: semver,
    plataforma: oneOf(plataformas),
    arquitetura: oneOf(arquiteturas),
  }),
);

/** For the document; what arrives is read by `readCampos`. */
export const novaVersaoForm = t.Object({
  arquivo: t.String({ format: 'binary' }),
  produto: t.Optional(t.String({ description: 'Slug ou id; padrao se não for dito' })),
  versao: semver,
  canal: t.Optional(oneOf(canais, 'estavel se não for dito')),
  plataforma: t.Optional(oneOf(plataformas, 'qualquer se não for dita')),
  arquitetura: t.Optional(oneOf(arquiteturas, 'qualquer se não for dita')),
  notas: t.Optional(t.String()),
  versao_minima: t.Optional(semver),
  requisitos: t.Optional(requisitos),
  obrigatoria: t.Optional(t.Boolean()),
  distribuicao_pct: t.Optional(t.Integer({ minimum: 0, maximum: 100 })),
  assinatura_tauri: t.Optional(t.String()),
  status: t.Optional(oneOf(['rascunho', 'publicada'], 'rascunho se não for dito')),
  sha256: t.Optional(t.String({ description: 'Hexadecimal; se for dito, o que chegar tem de bater' })),
  tamanho: t.Optional(t.Integer({ description: 'Bytes; idem' })),
});

export const versaoFilterQuery = {
  produto: t.Optional(t.String({ maxLength: 100, description: 'Slug' })),
  produto_id: t.Optional(uuid),
  versao: t.Optional(t.String({ maxLength: 64 })),
  canal: t.Optional(oneOf(canais)),
  plataforma: t.Optional(oneOf(plataformas)),
  arquitetura: t.Optional(oneOf(arquiteturas)),
  status: t.Optional(oneOf(versaoStatus)),
};

/** The fields of the form. An empty one counts as not sent. @throws Problem VALIDACAO */
export function readCampos(campos: ReadonlyMap<string, string>): NovaVersao {
  const text = (campo: string): string | undefined => campos.get(campo)?.trim() || undefined;
  const versao = text('versao');
  if (versao === undefined) throw invalidField('versao', 'é obrigatório');
  const sha256 = text('sha256')?.toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256))
    throw invalidField('sha256', 'deve ter 64 dígitos hexadecimais');
  // Forms send every line break as CRLF, whatever was typed.
  const notas = campos.get('notas')?.replaceAll('\r\n', '\n');
  if ((notas?.length ?? 0) > notasCharactersMax)
    throw invalidField('notas', `no máximo ${notasCharactersMax} caracteres`);
  const assinatura = text('assinatura_tauri')?.replaceAll('\r\n', '\n');
  if ((assinatura?.length ?? 0) > assinaturaCharactersMax) {
    throw invalidField('assinatura_tauri', `no máximo ${assinaturaCharactersMax} caracteres`);
  }
  return {
    versao,
    sha256,
    notas,
    produto: text('produto') ?? text('produto_id'),
    canal: word('canal', text('canal'), canais),
    plataforma: word('plataforma', text('plataforma'), plataformas),
    arquitetura: word('arquitetura', text('arquitetura'), arquiteturas),
    versao_minima: text('versao_minima'),
    requisitos: readRequisitos(json('requisitos', text('requisitos'))),
    obrigatoria: flag('obrigatoria', text('obrigatoria')),
    distribuicao_pct: whole('distribuicao_pct', text('distribuicao_pct'), 100),
    assinatura_tauri: assinatura,
    publicar: word('status', text('status'), ['rascunho', 'publicada'] as const) === 'publicada',
    tamanho: whole('tamanho', text('tamanho'), Number.MAX_SAFE_INTEGER),
  };
}

function word<const T extends readonly string[]>(
  campo: string,
  text: string | undefined,
  words: T,
): T[number] | undefined {
  if (text === undefined) return undefined;
  const known = words.find((one) => one === text);
  if (known === undefined) throw invalidField(campo, `deve ser um destes: ${words.join(', ')}`);
  return known;
}

function flag(campo: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  return word(campo, text, ['true', 'false', '1', '0'] as const) === 'true' || text === '1';
}

function whole(campo: string, text: string | undefined, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw invalidField(campo, `deve ser um número inteiro de 0 a ${max}`);
  return value;
}

function json(campo: string, text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    throw invalidField(campo, 'deve ser um objeto JSON');
  }
}
