/** The tables as Kysely sees them. Times are epoch milliseconds, flags 0 or 1, JSON is text. */

import type { Generated } from 'kysely';
import type { EventsSchema } from './schema-events';
import type { InsightSchema } from './schema-insight';
import type { OperationSchema } from './schema-operation';

export interface UsuarioTable {
  id: string;
  nome: string;
  email: string;
  senha_hash: string;
  perfil_id: string;
  ativo: number;
  otp_selado: string | null;
  otp_novo_selado: string | null;
  otp_passo: number;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface PerfilTable {
  id: string;
  nome: string;
  permissoes: string;
  embutido: number;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface SessaoTable {
  id: string;
  usuario_id: string;
  ip: string | null;
  agente: string | null;
  criada_em: number;
  usada_em: number;
  revogada_em: number | null;
  cookie_hmac: string | null;
  rede: string | null;
  escopo: string | null;
  /** When a browser's session ends unless it is used again; the others end with their refresh tokens. */
  expira_em: number | null;
}

export interface TokenRenovacaoTable {
  hmac: string;
  sessao_id: string;
  expira_em: number;
  usado_em: number | null;
}

export interface ChaveApiTable {
  id: string;
  nome: string;
  segredo_hmac: string;
  permissoes: string;
  enderecos: string;
  responsavel_id: string;
  ativa: number;
  expira_em: number | null;
  usada_em: number | null;
  usada_de: string | null;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface CodigoRecuperacaoTable {
  usuario_id: string;
  hmac: string;
  usado_em: number | null;
}

export interface RedefinicaoSenhaTable {
  hmac: string;
  usuario_id: string;
  criada_em: number;
  expira_em: number;
  usada_em: number | null;
}

export interface ConfiguracaoTable {
  nome: string;
  valor: string;
  atualizado_em: number;
}

export interface ClienteTable {
  id: string;
  nome: string;
  email: string;
  telefone: string | null;
  documento: string | null;
  tipo: string;
  status: string;
  motivo_bloqueio: string | null;
  metadados: string;
  busca: string;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface ProdutoTable {
  id: string;
  slug: string;
  nome: string;
  /** 1 where the versions are for whoever holds any licence. */
  uso_geral: number;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface LicencaTable {
  id: string;
  chave_hmac: string;
  chave_selada: string;
  chave_prefixo: string;
  cliente_id: string;
  produto_id: string;
  plano_id: string | null;
  tipo: string;
  situacao: string;
  motivo_bloqueio: string | null;
  limite_maquinas: number;
  maquinas_ativas: number;
  recursos: string;
  inicia_em: number;
  expira_em: number | null;
  carencia_dias: number;
  renovacao_automatica: number;
  offline_dias: number;
  metadados: string;
  inicio_registrado: number;
  fim_registrado: number;
  herda_limite: number;
  herda_recursos: number;
  versoes: string | null;
  excedente_pct: number;
  inadimplente: number;
  flutuante: number;
  cobranca_desde: number | null;
  cobranca_periodos: number;
  atualizacoes_ate: number | null;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface MaquinaTable {
  id: string;
  cliente_id: string;
  licenca_id: string;
  nome: string;
  impressao: string;
  hostname: string | null;
  so: string | null;
  arquitetura: string | null;
  versao: string | null;
  ip: string | null;
  conexao: string;
  ativa: number;
  bloqueada: number;
  motivo_bloqueio: string | null;
  revisao: number;
  bloqueio_enviado_em: number | null;
  bloqueio_entregue_em: number | null;
  bloqueio_aplicado_em: number | null;
  bloqueio_recusado_em: number | null;
  bloqueio_resultado: string | null;
  bloqueio_detalhe: string | null;
  ausente_desde: number | null;
  token_hmac: string;
  token_selado: string;
  busca: string;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface ComandoTable {
  id: string;
  maquina_id: string;
  tipo: string;
  dados: string;
  status: string;
  detalhe: string | null;
  criado_em: number;
  expira_em: number;
  enviado_em: number | null;
  recebido_em: number | null;
  concluido_em: number | null;
  atualizado_em: number;
  rev: number;
}

export interface PlanoTable {
  id: string;
  nome: string;
  produto_id: string;
  preco_centavos: number;
  periodo: string;
  limite_maquinas: number;
  recursos: string;
  carencia_dias: number;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface FaturaTable {
  id: string;
  numero: number;
  licenca_id: string;
  cliente_id: string;
  valor_centavos: number;
  status: string;
  periodo_inicio: number;
  periodo_fim: number;
  vence_em: number;
  bloqueia_em: number;
  paga_em: number | null;
  pendencia_avisada: number;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface PagamentoTable {
  referencia: string;
  fatura_id: string;
  valor_centavos: number;
  recebido_em: number;
}

export interface AvisoVencimentoTable {
  licenca_id: string;
  expira_em: number;
  dias: number;
}

export interface AssentoTable {
  licenca_id: string;
  maquina_id: string;
  expira_em: number;
}

export interface VersaoTable {
  id: string;
  produto_id: string;
  versao: string;
  versao_precedencia: string;
  canal: string;
  plataforma: string;
  arquitetura: string;
  arquivo: string;
  tamanho: number;
  sha256: string;
  sha512: string;
  assinatura: string;
  assinatura_kid: string;
  assinatura_tauri: string | null;
  notas: string;
  versao_minima: string | null;
  requisitos: string;
  obrigatoria: number;
  distribuicao_pct: number;
  distribuicao_pausada: number;
  status: string;
  publicada_em: number | null;
  downloads: number;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface FixacaoTable {
  id: string;
  alvo: string;
  alvo_id: string;
  produto_id: string;
  versao: string;
  motivo: string | null;
  criado_em: number;
}

export interface MaquinaVersaoTable {
  maquina_id: string;
  desde: number;
  versao: string;
  ate: number | null;
}

export interface AuditoriaTable {
  seq: Generated<number>;
  id: string;
  em: number;
  ator_tipo: string;
  ator_id: string | null;
  ator_nome: string;
  acao: string;
  entidade: string;
  entidade_id: string;
  antes: string | null;
  depois: string | null;
  ip: string | null;
  request_id: string | null;
  hash_anterior: string;
  hash: string;
}

/** The last link of the audit's chain and its seal, one row. */
export interface AuditoriaSeloTable {
  unico: number;
  seq: number;
  hash: string;
  selo: string;
}

export interface IdempotenciaTable {
  id: string;
  corpo_hash: string;
  estado: string;
  status: number | null;
  resposta_selada: string | null;
  entidade: string | null;
  entidade_id: string | null;
  criada_em: number;
}

export interface Schema extends EventsSchema, InsightSchema, OperationSchema {
  usuarios: UsuarioTable;
  perfis: PerfilTable;
  sessoes: SessaoTable;
  tokens_renovacao: TokenRenovacaoTable;
  chaves_api: ChaveApiTable;
  codigos_recuperacao: CodigoRecuperacaoTable;
  redefinicoes_senha: RedefinicaoSenhaTable;
  configuracao: ConfiguracaoTable;
  clientes: ClienteTable;
  produtos: ProdutoTable;
  licencas: LicencaTable;
  maquinas: MaquinaTable;
  comandos: ComandoTable;
  planos: PlanoTable;
  assentos: AssentoTable;
  faturas: FaturaTable;
  pagamentos: PagamentoTable;
  avisos_vencimento: AvisoVencimentoTable;
  versoes: VersaoTable;
  fixacoes: FixacaoTable;
  maquinas_versoes: MaquinaVersaoTable;
  auditoria: AuditoriaTable;
  auditoria_selo: AuditoriaSeloTable;
  idempotencia: IdempotenciaTable;
}
