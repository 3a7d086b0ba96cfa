/** What the server runs with, and whether its mail arrives. Settings are read once at start, so nothing here changes one. */

import { join } from 'node:path';
import { type Actor, authorize } from '../../core/actor';
import { invalidField, Problem } from '../../core/problem';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { addresses } from '../emails/emails.model';
import type { Emails } from '../emails/emails.service';
import type { Configuracao } from './configuracoes.model';

const reasonCharactersMax = 300;

interface Dependencies {
  work: UnitOfWork;
  emails: Pick<Emails, 'configurado' | 'destinatarios' | 'testar'>;
  configuracoes: readonly Configuracao[];
  /** The data folder, where config.json lies. */
  folder: string;
}

export type Configuracoes = ReturnType<typeof createConfiguracoes>;

export function createConfiguracoes({ work, emails, configuracoes, folder }: Dependencies) {
  const arquivo = join(folder, 'config.json');
  let testing = false;
  return {
    listar(actor: Actor) {
      authorize(actor, 'configuracoes:ler');
      return { itens: [...configuracoes], arquivo };
    },

    /**
     * Sends a mail now; the attempt is in the audit, whatever came of it.
     * @param para the receiver; the first one of alerts and reports when not said.
     * @throws Problem EMAIL_NAO_CONFIGURADO, EMAIL_NAO_ENVIADO with what the mail server said, VALIDACAO, CONFLITO
     */
    async testarEmail(actor: Actor, para?: string): Promise<{ para: string }> {
      authorize(actor, 'configuracoes:executar');
      if (!emails.configurado) {
        throw new Problem('EMAIL_NAO_CONFIGURADO', {
          detalhe: 'Nenhum servidor de e-mail está configurado: defina NARCIDI_SMTP_URL e reinicie o servidor.',
        });
      }
      const receiver = para ?? addresses(emails.destinatarios)[0];
      if (receiver === undefined) throw invalidField('para', 'é preciso quando NARCIDI_MAIL_TO está vazio');
      if (testing) throw new Problem('CONFLITO', { detalhe: 'Um teste de e-mail já está em andamento.' });
      testing = true;
      try {
        const failure = await emails.testar(receiver);
        const depois = { para: receiver, enviado: failure === null };
        await work.write(actor, (tx) =>
          tx.record({
            acao: 'testar',
            entidade: 'configuracoes',
            entidadeId: 'email',
            antes: null,
            depois,
            eventos: [],
          }),
        );
        if (failure === null) return { para: receiver };
        const reason = failure.message.slice(0, reasonCharactersMax);
        throw new Problem('EMAIL_NAO_ENVIADO', { detalhe: `O servidor de e-mail não aceitou a mensagem: ${reason}` });
      } finally {
        testing = false;
      }
    },
  };
}
