/** What parameters mean whose routes only name them: one vocabulary, as the API has one. */

import type { Parameter } from './parts';

const inPath: Readonly<Record<string, string>> = {
  id: 'Identificador (UUIDv7)',
  sessao_id: 'A sessão',
  mudanca: 'A linha do histórico',
  comando: 'O comando',
  cliente_id: 'O cliente',
  arquitetura: 'x64 ou arm64',
  nome: 'O nome',
  documento: 'O documento do feed',
};

const inQuery: Readonly<Record<string, string>> = {
  acao: 'Só esta ação',
  alvo_id: 'Só deste alvo',
  arquitetura: 'Só desta arquitetura',
  assinatura: 'A assinatura do endereço',
  ate: 'Até este momento, exclusive',
  ativo: 'Só os ativos, ou só os inativos',
  busca: 'Parte do texto procurado',
  canal: 'Só deste canal',
  chave_prefixo: 'Só as chaves que começam por este grupo',
  classe: 'Só desta classe de risco',
  cliente_id: 'Só deste cliente',
  de: 'Deste momento em diante',
  desde: 'Deste momento em diante',
  documento: 'Só com este CPF ou CNPJ',
  email: 'Só com este e-mail',
  entidade: 'Só deste tipo de entidade',
  entidade_id: 'Só desta entidade',
  formato: 'Em que formato',
  impressao: 'A impressão da máquina',
  licenca_id: 'Só desta licença',
  modulo: 'Só deste módulo',
  para: 'A quem o endereço foi dado',
  perfil_id: 'Só deste perfil',
  plano_id: 'Só deste plano',
  plataforma: 'Só desta plataforma',
  produto: 'Slug ou id do produto',
  produto_id: 'Só deste produto',
  regra_id: 'Só desta regra',
  severidade: 'Só desta severidade',
  so_versao: 'Versão do sistema operacional',
  status: 'Só neste estado',
  tipo: 'Só deste tipo',
  versao: 'A versão',
};

/** The meaning of a parameter, or its name when it says it all. */
export function parameterWords(parameter: Parameter): string {
  return (parameter.in === 'path' ? inPath : inQuery)[parameter.name] ?? parameter.name;
}
