/** The card of the cold-start model: what it learned from, how well, and what it does not know. */

interface Manifest {
  versao: string;
  origem: string;
  linhas: number;
  caracteristicas: readonly string[];
  validacao: {
    auc: number;
    brier: number;
    calibracao: readonly { linhas: number; prevista: number; observada: number }[];
  };
}

/** @param everyColumn what the same trainer reaches on the same data when it may use every column. */
export function card(manifest: Manifest, everyColumn: { auc: number; brier: number }): string {
  const { auc, brier, calibracao } = manifest.validacao;
  const rows = calibracao.map(
    ({ linhas, prevista, observada }) => `| ${linhas} | ${prevista.toFixed(3)} | ${observada.toFixed(3)} |`,
  );
  return `# churn ${manifest.versao}: the cold-start model

Says how likely a customer is to leave before the installation has a history of its own.

- **Learned from** ${manifest.origem}: ${manifest.linhas} customers of a telephone company, a snapshot of one quarter. None of
  them buys software from a small software house: the order of the risks carries over better than their size.
- **Knows only** what both that data and this product hold: ${manifest.caracteristicas.map((name) => `\`${name}\``).join(', ')}.
  The price is relative to the median of the data, so that the currency does not matter.
- **Does not know** behaviour: heartbeats, overdue invoices, failed validations, versions. Those enter as bounded adjustments
  beside the model, until the installation's own history is enough to train on.
- **Is** gradient-boosted trees (\`src/modules/ml/boosting.model.ts\`), as ONNX, run by onnxruntime.

5-fold cross-validation, stratified and seeded: AUC ${auc.toFixed(4)}, Brier ${brier.toFixed(4)}. With every column of the data the
same trainer reaches AUC ${everyColumn.auc.toFixed(4)}, Brier ${everyColumn.brier.toFixed(4)}.

| rows | predicted | observed |
|---|---|---|
${rows.join('\n')}

Made again by \`bun scripts/train/churn.ts telco_ibm.csv models/churn/${manifest.versao}\`; the same data give the same bytes.
`;
}
