/** What the cold-start model knows of a customer: only what the public data it was trained on and this product both hold. */

/** The columns of the cold-start model, in their order. */
export const caracteristicasIniciais = [
  /** Months since the customer came. */
  'tempo_meses',
  /** Months that one billing period binds. */
  'contrato_meses',
  /** Monthly price over the median monthly price of the installation. */
  'preco_relativo',
  /** Whether it is paid without anybody doing anything: 1 or 0. */
  'pagamento_automatico',
  /** Paid extras: features of the licences beyond the first. */
  'extras',
] as const;
