/** Expected failures: one catalogue of stable codes, answered as RFC 9457 problem details. */

const catalogue = {
  JSON_INVALIDO: { status: 400, title: 'O corpo não é JSON válido' },
  REQUISICAO_INVALIDA: { status: 400, title: 'A requisição não pôde ser lida' },
  CURSOR_INVALIDO: { status: 422, title: 'O cursor não é desta lista' },
  NAO_AUTENTICADO: { status: 401, title: 'É preciso autenticar-se' },
  ASSINATURA_INVALIDA: { status: 401, title: 'A assinatura da requisição não confere' },
  TOKEN_INVALIDO: { status: 401, title: 'O token não vale ou expirou' },
  PAGAMENTO_NAO_CONFIGURADO: { status: 403, title: 'O recebimento de pagamentos não está configurado' },
  SEM_PERMISSAO: { status: 403, title: 'Falta permissão para esta ação' },
  NAO_ENCONTRADO: { status: 404, title: 'Não encontrado' },
  METODO_NAO_PERMITIDO: { status: 405, title: 'Método não permitido neste endereço' },
  CONFLITO: { status: 409, title: 'O estado atual não permite esta ação' },
  EMAIL_DUPLICADO: { status: 409, title: 'Já existe um cadastro com este e-mail' },
  DOCUMENTO_DUPLICADO: { status: 409, title: 'Já existe um cadastro com este documento' },
  SLUG_DUPLICADO: { status: 409, title: 'Já existe um produto com este slug' },
  NOME_DUPLICADO: { status: 409, title: 'Já existe um cadastro com este nome' },
  PERFIL_EMBUTIDO: { status: 409, title: 'Os perfis embutidos não mudam' },
  ULTIMO_ADMINISTRADOR: { status: 409, title: 'Precisa restar um administrador ativo' },
  EM_USO: { status: 409, title: 'O registro está em uso e não pode ser excluído' },
  REFERENCIA_DIVERGENTE: { status: 409, title: 'Esta referência de pagamento já foi usada em outra fatura' },
  VERSAO_DUPLICADA: { status: 409, title: 'Já existe esta versão neste canal e plataforma' },
  TRANSICAO_INVALIDA: { status: 409, title: 'O estado atual não permite esta transição' },
  LIMITE_DE_MAQUINAS: { status: 409, title: 'A licença não tem assentos livres' },
  LIMITE_DE_COMANDOS: { status: 409, title: 'A máquina já tem comandos demais por receber' },
  REQUISICAO_EM_ANDAMENTO: { status: 409, title: 'A primeira requisição com esta Idempotency-Key ainda não terminou' },
  REQUISICAO_INTERROMPIDA: { status: 409, title: 'A primeira requisição fez efeito, mas sua resposta se perdeu' },
  SETUP_CONCLUIDO: { status: 410, title: 'A configuração inicial já foi feita' },
  CODIGO_INVALIDO: { status: 403, title: 'O código não vale, já foi usado ou expirou' },
  ORIGEM_RECUSADA: { status: 403, title: 'A requisição veio de outro site' },
  CODIGO_DE_SETUP_INVALIDO: { status: 403, title: 'O código de configuração não vale ou expirou' },
  VERSAO_RETIRADA: { status: 410, title: 'A versão foi retirada' },
  VERSAO_DESATUALIZADA: { status: 412, title: 'O registro mudou desde que foi lido' },
  CORPO_GRANDE_DEMAIS: { status: 413, title: 'O corpo da requisição é grande demais' },
  TIPO_DE_CONTEUDO: { status: 415, title: 'O tipo de conteúdo não é aceito' },
  UPGRADE_NECESSARIO: { status: 426, title: 'Neste endereço só se fala WebSocket' },
  FAIXA_INVALIDA: { status: 416, title: 'A faixa pedida está fora do arquivo' },
  VALIDACAO: { status: 422, title: 'Há campos inválidos' },
  IDEMPOTENCIA_DIVERGENTE: { status: 422, title: 'Esta Idempotency-Key já foi usada com outro corpo' },
  HASH_DIVERGENTE: { status: 422, title: 'O arquivo recebido não é o declarado' },
  VALOR_DIVERGENTE: { status: 422, title: 'O valor pago não é o da fatura' },
  DESTINO_RECUSADO: { status: 422, title: 'O endereço de destino não é permitido' },
  CSV_INVALIDO: { status: 422, title: 'O arquivo não é o CSV esperado' },
  IMPORTACAO_RECUSADA: { status: 422, title: 'A importação foi recusada' },
  EMAIL_NAO_CONFIGURADO: { status: 409, title: 'Nenhum servidor de e-mail está configurado' },
  EMAIL_NAO_ENVIADO: { status: 502, title: 'O servidor de e-mail não aceitou a mensagem' },
  HISTORICO_INSUFICIENTE: { status: 409, title: 'Ainda não há história suficiente para treinar' },
  MODELO_INVALIDO: { status: 422, title: 'O arquivo não é um modelo deste programa' },
  IMPRESSAO_INVALIDA: { status: 422, title: 'A impressão da máquina não serve como identificação' },
  HEARTBEAT_NO_FUTURO: { status: 422, title: 'O relógio da máquina está adiantado' },
  HEARTBEAT_ANTIGO: { status: 422, title: 'O heartbeat é mais antigo do que o que se guarda' },
  MUITAS_REQUISICOES: { status: 429, title: 'Requisições demais' },
  MUITAS_TENTATIVAS: { status: 429, title: 'Tentativas de acesso demais' },
  NAO_ENCONTRADA: { status: 404, title: 'A chave não existe' },
  BLOQUEADA: { status: 403, title: 'A licença está bloqueada' },
  EXPIRADA: { status: 403, title: 'A licença expirou' },
  CANCELADA: { status: 403, title: 'A licença foi cancelada' },
  CLIENTE_BLOQUEADO: { status: 403, title: 'O cliente está bloqueado' },
  MAQUINA_BLOQUEADA: { status: 403, title: 'A máquina está bloqueada' },
  VERSAO_NAO_PERMITIDA: { status: 403, title: 'A licença não permite esta versão' },
  URL_INVALIDA: { status: 403, title: 'O endereço assinado foi alterado ou não é deste servidor' },
  URL_EXPIRADA: { status: 403, title: 'O endereço assinado expirou' },
  PRODUTO_DIFERENTE: { status: 403, title: 'A licença é de outro produto' },
  AINDA_NAO_VIGENTE: { status: 403, title: 'A licença ainda não começou a valer' },
  MAQUINA_NAO_ATIVADA: { status: 404, title: 'A máquina não está ativa nesta licença' },
  INDISPONIVEL: { status: 503, title: 'O servidor não pode responder agora' },
  BACKUP_FALHOU: { status: 500, title: 'O backup não pôde ser feito' },
  ARMAZENAMENTO_CHEIO: { status: 507, title: 'Não há espaço em disco' },
  ERRO_INTERNO: { status: 500, title: 'Erro interno' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof catalogue;

/** One invalid field: its dotted path in the body or the name of the parameter, and what is wrong with it. */
export interface FieldError {
  campo: string;
  mensagem: string;
}

export interface ProblemDetails {
  detalhe?: string | undefined;
  erros?: readonly FieldError[];
  headers?: Readonly<Record<string, string>>;
  /** Further members of the problem document, such as `definitivo`. */
  extra?: Readonly<Record<string, unknown>>;
}

/** An expected failure with a stable code; anything else that is thrown is a bug and becomes a 500. */
export class Problem extends Error {
  readonly codigo: ProblemCode;
  readonly status: number;
  readonly details: ProblemDetails;

  constructor(codigo: ProblemCode, details: ProblemDetails = {}) {
    super(details.detalhe ?? catalogue[codigo].title);
    this.name = 'Problem';
    this.codigo = codigo;
    this.status = catalogue[codigo].status;
    this.details = details;
  }

  /** The RFC 9457 document of this failure. */
  document(instance: string, requestId: string | null): Record<string, unknown> {
    return {
      ...this.details.extra,
      type: `/docs/erros#${this.codigo.toLowerCase().replaceAll('_', '-')}`,
      title: catalogue[this.codigo].title,
      status: this.status,
      detail: this.message,
      instance,
      codigo: this.codigo,
      request_id: requestId,
      ...(this.details.erros ? { erros: this.details.erros } : {}),
    };
  }
}

/** A 422 about one field. */
export function invalidField(campo: string, mensagem: string): Problem {
  return new Problem('VALIDACAO', { detalhe: `${campo}: ${mensagem}`, erros: [{ campo, mensagem }] });
}

/** Every code with its status and title, for the documentation. */
export function problemCatalogue(): { codigo: string; status: number; titulo: string }[] {
  return Object.entries(catalogue).map(([codigo, entry]) => ({ codigo, status: entry.status, titulo: entry.title }));
}
