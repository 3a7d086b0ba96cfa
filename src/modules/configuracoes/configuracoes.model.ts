/** A setting as it is shown: never the value of a secret. */

export const configuracaoGrupos = [
  'servidor',
  'rede',
  'acesso',
  'maquinas',
  'logs',
  'backups',
  'email',
  'integracoes',
] as const;
export type ConfiguracaoGrupo = (typeof configuracaoGrupos)[number];

/** Where a value came from: the command line, the environment, the file in the data folder, or nowhere. */
export const origens = ['flag', 'environment', 'config.json', 'default'] as const;

export interface Configuracao {
  /** The environment variable. */
  nome: string;
  grupo: ConfiguracaoGrupo;
  /** As text; a secret that is set is masked, empty means unset. */
  valor: string;
  padrao: string;
  origem: (typeof origens)[number];
  segredo: boolean;
  /** The flag of `serve` with its dashes, null for a setting that has none. */
  flag: string | null;
  /** The key in config.json. */
  chave: string;
  descricao: string;
}
