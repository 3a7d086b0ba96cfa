/** The guide to the error codes, made from the catalogue so that it cannot fall behind. */

import { problemCatalogue } from '../core/problem';

/** What to do, by the family of the status. */
const remedies: readonly (readonly [test: (status: number) => boolean, pt: string, en: string])[] = [
  [(status) => status === 401, 'Entre de novo ou confira a credencial.', 'Log in again or check the credential.'],
  [
    (status) => status === 403,
    'Não adianta repetir: mude o que o código diz, ou peça a permissão.',
    'Repeating is no use: change what the code says, or ask for the permission.',
  ],
  [(status) => status === 404, 'Confira o endereço e o id.', 'Check the address and the id.'],
  [
    (status) => status === 412,
    'Leia de novo e decida com o que está lá agora.',
    'Read it again and decide with what is there now.',
  ],
  [(status) => status === 429, 'Espere o que diz `Retry-After`.', 'Wait for as long as `Retry-After` says.'],
  [
    (status) => status >= 500,
    'Tente de novo mais tarde; se continuar, veja `narcidicontrol doctor`.',
    'Try again later; if it goes on, see `narcidicontrol doctor`.',
  ],
  [
    (status) => status === 409,
    'O estado atual não permite: veja `detail`.',
    'The present state does not allow it: see `detail`.',
  ],
  [
    () => true,
    'Corrija o pedido: `erros` diz campo por campo.',
    'Correct the request: `erros` says it field by field.',
  ],
];

const intro = {
  pt: `# Códigos de erro

Todo erro é \`application/problem+json\` (RFC 9457): \`codigo\` é estável e não muda com o idioma, \`detail\` explica este caso, \`request_id\` acha o registro no log.
`,
  en: `# Error codes

Every error is \`application/problem+json\` (RFC 9457): \`codigo\` is stable and does not change with the language, \`detail\` explains this case, \`request_id\` finds it in the log.
`,
};

function guide(lingua: 'pt' | 'en'): string {
  const entries = problemCatalogue().map(({ codigo, status, titulo }) => {
    const [, pt, en] = remedies.find(([test]) => test(status)) ?? [null, '', ''];
    return `## ${codigo}\n\n**${status}** · ${titulo}. ${lingua === 'pt' ? pt : en}\n`;
  });
  return [intro[lingua], ...entries].join('\n');
}

export const errosPt = (): string => guide('pt');
export const errosEn = (): string => guide('en');
