/** Profiles: a name for a list of permissions. The four built-in ones cannot be changed, so their ids are fixed. */

import { isPattern } from '../../core/actor';
import { invalidField } from '../../core/problem';

export interface Perfil {
  id: string;
  nome: string;
  permissoes: string[];
  embutido: boolean;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface PerfilEmbutido {
  id: string;
  nome: string;
  permissoes: readonly string[];
}

export const perfisEmbutidos: readonly PerfilEmbutido[] = [
  { id: '00000000-0000-7000-8000-000000000001', nome: 'administrador', permissoes: ['*:*'] },
  {
    id: '00000000-0000-7000-8000-000000000002',
    nome: 'operador',
    permissoes: [
      'clientes:*',
      'licencas:*',
      'maquinas:*',
      'produtos:*',
      'planos:*',
      'faturas:*',
      'uploads:*',
      'alertas:*',
      'eventos:ler',
      'painel:ler',
      'relatorios:ler',
      'ml:ler',
      'webhooks:ler',
      'tarefas:ler',
    ],
  },
  {
    id: '00000000-0000-7000-8000-000000000003',
    nome: 'suporte',
    permissoes: [
      'clientes:ler',
      'licencas:ler',
      'licencas:bloquear',
      'maquinas:ler',
      'maquinas:editar',
      'maquinas:bloquear',
      'maquinas:executar',
      'produtos:ler',
      'planos:ler',
      'faturas:ler',
      'uploads:ler',
      'alertas:ler',
      'alertas:editar',
      'eventos:ler',
      'painel:ler',
      'ml:ler',
    ],
  },
  { id: '00000000-0000-7000-8000-000000000004', nome: 'leitura', permissoes: ['*:ler'] },
];

/** The id of the profile that may do everything. */
export const perfilAdministradorId = '00000000-0000-7000-8000-000000000001';

/**
 * Permissions as they are kept: known, each once.
 * @throws Problem VALIDACAO naming the one that is unknown.
 */
export function cleanPermissoes(permissoes: readonly string[]): string[] {
  for (const [index, pattern] of permissoes.entries()) {
    if (!isPattern(pattern))
      throw invalidField(`permissoes.${index}`, 'não é uma permissão, como clientes:ler ou licencas:*');
  }
  return [...new Set(permissoes)].sort();
}
