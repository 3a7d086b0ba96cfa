/** Settings of outgoing mail. */

import { oneOf, text } from '../../core/settings';
import { idiomas } from './emails.model';

export const emailsSettings = {
  smtpUrl: text(
    { env: 'NARCIDI_SMTP_URL', description: 'smtp(s)://user:password@host:port; no mail when empty', secret: true },
    '',
  ),
  mailFrom: text({ env: 'NARCIDI_MAIL_FROM', description: 'sender of mails' }, ''),
  mailTo: text({ env: 'NARCIDI_MAIL_TO', description: 'receiver of alerts and reports' }, ''),
  mailLanguage: oneOf(
    { env: 'NARCIDI_MAIL_LANGUAGE', description: 'language of mails where the receiver has none of its own' },
    idiomas,
    'pt-BR',
  ),
};
