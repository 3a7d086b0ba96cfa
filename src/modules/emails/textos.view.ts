/** What the mails say, in each language: Liquid over `dados`. A mail without an entry here lists its data plainly. */

import type { Idioma } from './emails.model';
import type { Modelo } from './mensagem.view';

export const palavras: Readonly<Record<Idioma, { abrir: string; rodape: string }>> = {
  'pt-BR': { abrir: 'Abrir', rodape: 'Mensagem automática do narcidicontrol. Não é preciso responder.' },
  en: { abrir: 'Open', rodape: 'Automatic message from narcidicontrol. No answer is needed.' },
};

const detalhes = '{{ detalhe }}';

/** The first sentence of an alert, by the event that raised it; `{{ total }}` alerts, the first one's `titulo`. */
const aberturas: Readonly<Record<string, Readonly<Record<Idioma, string>>>> = {
  'cliente.criado': {
    'pt-BR': '{% if total > 1 %}{{ total }} clientes novos{% else %}Cliente novo: {{ nome }}{% endif %}',
    en: '{% if total > 1 %}{{ total }} new customers{% else %}New customer: {{ nome }}{% endif %}',
  },
  'licenca.expirada': {
    'pt-BR': '{% if total > 1 %}{{ total }} licenças expiraram{% else %}Licença expirada: {{ nome }}{% endif %}',
    en: '{% if total > 1 %}{{ total }} licences have expired{% else %}Licence expired: {{ nome }}{% endif %}',
  },
  'maquina.offline': {
    'pt-BR': '{% if total > 1 %}{{ total }} máquinas offline{% else %}Máquina offline: {{ nome }}{% endif %}',
    en: '{% if total > 1 %}{{ total }} machines offline{% else %}Machine offline: {{ nome }}{% endif %}',
  },
  'seguranca.suspeita': {
    'pt-BR': '{% if total > 1 %}{{ total }} atividades suspeitas{% else %}Atividade suspeita: {{ nome }}{% endif %}',
    en: '{% if total > 1 %}{{ total }} suspicious acts{% else %}Suspicious act: {{ nome }}{% endif %}',
  },
  'fatura.pendente': {
    'pt-BR': '{% if total > 1 %}{{ total }} pagamentos pendentes{% else %}Pagamento pendente: {{ nome }}{% endif %}',
    en: '{% if total > 1 %}{{ total }} payments pending{% else %}Payment pending: {{ nome }}{% endif %}',
  },
};

const alertas = Object.entries(aberturas).map(([evento, abertura]): [string, Readonly<Record<Idioma, Modelo>>] => [
  `alerta.${evento}`,
  {
    'pt-BR': { assunto: `[{{ severidade }}] ${abertura['pt-BR']}`, paragrafos: [detalhes] },
    en: { assunto: `[{{ severity }}] ${abertura.en}`, paragrafos: [detalhes] },
  },
]);

export const modelos: Readonly<Record<string, Readonly<Record<Idioma, Modelo>>>> = {
  ...Object.fromEntries(alertas),
  alerta: {
    'pt-BR': { assunto: '[{{ severidade }}] {{ titulo }}', paragrafos: [detalhes] },
    en: { assunto: '[{{ severity }}] {{ titulo }}', paragrafos: [detalhes] },
  },
  recuperar_senha: {
    'pt-BR': {
      assunto: 'Redefinir a senha',
      paragrafos: [
        'Olá{% if nome %}, {{ nome }}{% endif %}.',
        'Alguém pediu para redefinir a senha desta conta. Se não foi você, ignore esta mensagem.',
        '{% if validade_minutos %}O endereço vale por {{ validade_minutos }} minutos.{% endif %}',
      ],
    },
    en: {
      assunto: 'Reset your password',
      paragrafos: [
        'Hello{% if nome %}, {{ nome }}{% endif %}.',
        'Somebody asked to reset the password of this account. If it was not you, ignore this message.',
        '{% if validade_minutos %}The address is valid for {{ validade_minutos }} minutes.{% endif %}',
      ],
    },
  },
  teste: {
    'pt-BR': {
      assunto: 'Teste de e-mail do narcidicontrol',
      paragrafos: ['Se você lê isto, o envio de e-mails funciona.'],
    },
    en: { assunto: 'Test mail from narcidicontrol', paragrafos: ['If you can read this, mail works.'] },
  },
  relatorio: {
    'pt-BR': { assunto: '{{ titulo }}', paragrafos: ['{{ resumo }}'] },
    en: { assunto: '{{ titulo }}', paragrafos: ['{{ resumo }}'] },
  },
};
