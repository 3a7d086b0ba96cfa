/** The tables of jobs and reports as Kysely sees them. Times are epoch milliseconds, flags 0 or 1, JSON is text. */

export interface TarefaTable {
  nome: string;
  agenda: string | null;
  ativa: number;
  proxima_em: number;
  repetir_em: number | null;
  falhas: number;
  rev: number;
}

export interface TarefaExecucaoTable {
  id: string;
  nome: string;
  origem: string;
  prevista_em: number;
  inicio: number;
  fim: number | null;
  resultado: string;
  detalhe: string;
}

export interface RelatorioTable {
  id: string;
  tipo: string;
  periodo_inicio: number;
  periodo_fim: number;
  dados: string;
  criado_em: number;
}

export interface OperationSchema {
  tarefas: TarefaTable;
  tarefas_execucoes: TarefaExecucaoTable;
  relatorios: RelatorioTable;
}
