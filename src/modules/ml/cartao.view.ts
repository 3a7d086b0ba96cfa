/** The card of a model trained on the installation's own history. */

import type { Metricas } from './modelos.store';

interface Facts {
  exemplos: number;
  clientes: number;
  novo: Metricas;
  atual: Metricas;
  ativado: boolean;
}

/** Markdown in pt-BR. */
export function cartaoProprio({ exemplos, clientes, novo, atual, ativado }: Facts): string {
  const rows = novo.calibracao.map(
    ({ linhas, prevista, observada }) => `| ${linhas} | ${percent(prevista)} | ${percent(observada)} |`,
  );
  return `# Treinado nesta instalação

Aprendeu com ${number(exemplos)} retratos mensais de ${number(clientes)} clientes e foi julgado pelo que veio depois deles.
"Sair" é cancelar em até 60 dias.

| | AUC | Brier |
|---|---|---|
| este modelo | ${decimal(novo.auc)} | ${decimal(novo.brier)} |
| o que estava em uso | ${decimal(atual.auc)} | ${decimal(atual.brier)} |

${ativado ? 'É melhor nas duas medidas: passou a ser usado.' : 'Não é melhor nas duas medidas: ficou guardado, sem uso.'}

| clientes | previsto | observado |
|---|---|---|
${rows.join('\n')}
`;
}

function number(value: number): string {
  return value.toLocaleString('pt-BR');
}

function decimal(value: number): string {
  return value.toLocaleString('pt-BR', { minimumFractionDigits: 4, maximumFractionDigits: 4 });
}

function percent(value: number): string {
  return value.toLocaleString('pt-BR', { style: 'percent', maximumFractionDigits: 1 });
}
