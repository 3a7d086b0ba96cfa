/** The guides, in both languages, and the order in which they are read. */

import atualizacoesEn from './en/atualizacoes.md' with { type: 'text' };
import conceitosEn from './en/conceitos.md' with { type: 'text' };
import dimensionamentoEn from './en/dimensionamento.md' with { type: 'text' };
import inicioEn from './en/inicio.md' with { type: 'text' };
import integracaoEn from './en/integracao.md' with { type: 'text' };
import mqttEn from './en/mqtt.md' with { type: 'text' };
import offlineEn from './en/offline.md' with { type: 'text' };
import operacaoEn from './en/operacao.md' with { type: 'text' };
import permissoesEn from './en/permissoes.md' with { type: 'text' };
import webhooksEn from './en/webhooks.md' with { type: 'text' };
import { errosEn, errosPt } from './erros';
import atualizacoesPt from './pt/atualizacoes.md' with { type: 'text' };
import conceitosPt from './pt/conceitos.md' with { type: 'text' };
import dimensionamentoPt from './pt/dimensionamento.md' with { type: 'text' };
import inicioPt from './pt/inicio.md' with { type: 'text' };
import integracaoPt from './pt/integracao.md' with { type: 'text' };
import mqttPt from './pt/mqtt.md' with { type: 'text' };
import offlinePt from './pt/offline.md' with { type: 'text' };
import operacaoPt from './pt/operacao.md' with { type: 'text' };
import permissoesPt from './pt/permissoes.md' with { type: 'text' };
import webhooksPt from './pt/webhooks.md' with { type: 'text' };

export type Lingua = 'pt' | 'en';

export interface Guia {
  /** The last part of its address, the same in both languages. */
  slug: string;
  /** In Markdown. */
  texto: Record<Lingua, string>;
}

export const guias: readonly Guia[] = [
  { slug: 'inicio', texto: { pt: inicioPt, en: inicioEn } },
  { slug: 'conceitos', texto: { pt: conceitosPt, en: conceitosEn } },
  { slug: 'integracao', texto: { pt: integracaoPt, en: integracaoEn } },
  { slug: 'mqtt', texto: { pt: mqttPt, en: mqttEn } },
  { slug: 'offline', texto: { pt: offlinePt, en: offlineEn } },
  { slug: 'webhooks', texto: { pt: webhooksPt, en: webhooksEn } },
  { slug: 'atualizacoes', texto: { pt: atualizacoesPt, en: atualizacoesEn } },
  { slug: 'permissoes', texto: { pt: permissoesPt, en: permissoesEn } },
  { slug: 'operacao', texto: { pt: operacaoPt, en: operacaoEn } },
  { slug: 'dimensionamento', texto: { pt: dimensionamentoPt, en: dimensionamentoEn } },
  { slug: 'erros', texto: { pt: errosPt(), en: errosEn() } },
];

/** What a guide calls itself. */
export function tituloOf(texto: string): string {
  return /^# (.+)$/m.exec(texto)?.[1] ?? '';
}
