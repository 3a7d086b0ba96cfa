/** Asking a person who is logged in for the password once more, before what an open session alone must not do. */

import type { Actor } from '../../core/actor';
import { invalidField, Problem } from '../../core/problem';
import type { Db, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { findUsuario, type Usuario } from './acesso.store';
import type { Senhas } from './senha.service';
import type { Tentativas } from './tentativas';

interface Dependencies {
  work: Pick<UnitOfWork, 'reader'>;
  senhas: Senhas;
  tentativas: Tentativas;
}

/** @throws Problem NAO_AUTENTICADO, VALIDACAO for a wrong password, MUITAS_TENTATIVAS */
export type ProvarSenha = (actor: Actor, senha: string, campo: string) => Promise<void>;

export function createProvarSenha({ work, senhas, tentativas }: Dependencies): ProvarSenha {
  return async (actor, senha, campo) => {
    const { email, senha_hash } = await self(work.reader, actor);
    const tentativa = { tipo: 'pessoa', conta: email, ip: actor.ip, confiavel: true } as const;
    tentativas.check(tentativa);
    if (await senhas.conferir(senha, senha_hash)) return;
    tentativas.failed(tentativa);
    throw invalidField(campo, 'não é a senha atual');
  };
}

/** The user behind a person's token. @throws Problem NAO_AUTENTICADO */
export async function self(db: Db, actor: Actor): Promise<Usuario> {
  const usuario = actor.tipo === 'usuario' && actor.id ? await findUsuario(db, actor.id) : null;
  if (!usuario) throw new Problem('NAO_AUTENTICADO');
  return usuario;
}
