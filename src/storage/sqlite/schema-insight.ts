/** The tables of predictions and what they rest on, as Kysely sees them. */

export interface ChurnTable {
  cliente_id: string;
  probabilidade: number;
  classe: string;
  base: number;
  fatores: string;
  sugestoes: string;
  modelo: string;
  calculado_em: number;
}

export interface ModeloTable {
  id: string;
  nome: string;
  versao: string;
  origem: string;
  arquivo: Uint8Array;
  sha256: string;
  dados_sha256: string;
  linhas: number;
  metricas: string;
  cartao: string;
  ativo: number;
  treinado_em: number;
}

export interface RecusaTable {
  licenca_id: string;
  /** The first moment of the day, UTC. */
  dia: number;
  codigo: string;
  quantidade: number;
}

export interface AnomaliaTable {
  id: string;
  maquina_id: string;
  metrica: string;
  em: number;
  valor: number;
  usual_min: number;
  usual_max: number;
  pontuacao: number;
}

export interface SuspeitaTable {
  id: string;
  tipo: string;
  pontuacao: number;
  evidencias: string;
  entidade: string;
  entidade_id: string;
  em: number;
  atualizada_em: number;
}

export interface InsightSchema {
  churn: ChurnTable;
  modelos: ModeloTable;
  recusas: RecusaTable;
  anomalias: AnomaliaTable;
  suspeitas: SuspeitaTable;
}
