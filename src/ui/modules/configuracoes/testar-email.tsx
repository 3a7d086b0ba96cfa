/** A mail that is sent now, so that whoever set the mail server up sees whether it works. */

import { Alert, Button, Group, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ApiError, api, call } from '../../kit/api';
import { defineTexts, textOf, useT } from '../../kit/texts';

const texts = defineTexts('testar_email', {
  para: ['Enviar para', 'Send to'],
  enviar: ['Enviar e-mail de teste', 'Send a test mail'],
  enviado: [
    'Enviado para {{para}}. Se não chegar em alguns minutos, olhe também a caixa de spam.',
    'Sent to {{para}}. If it does not arrive in a few minutes, look into the spam folder too.',
  ],
  nao_enviado: ['O e-mail não foi enviado', 'The mail was not sent'],
  sem_servidor: ['Este servidor ainda não envia e-mails', 'This server sends no mail yet'],
});

interface Outcome {
  color: 'green' | 'yellow' | 'red';
  title?: string;
  text: string;
}

export function TestarEmail({ inicial = '', enviado }: { inicial?: string; enviado?: () => void }) {
  const t = useT(texts);
  const [para, setPara] = useState(inicial);
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  async function send(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setOutcome(null);
    try {
      const sent = await call(api.configuracoes.email.testar.post({ para: para.trim() }));
      setOutcome({ color: 'green', text: t('enviado', { para: sent.para }) });
      enviado?.();
    } catch (error) {
      setOutcome(outcomeOf(error));
    }
    setBusy(false);
  }
  return (
    <form onSubmit={(event) => void send(event)}>
      <Stack gap="sm">
        <Group align="flex-end" gap="sm">
          <TextInput
            label={t('para')}
            type="email"
            required
            withAsterisk={false}
            maxLength={254}
            flex={1}
            miw={200}
            value={para}
            onChange={(event) => setPara(event.currentTarget.value)}
          />
          <Button type="submit" variant="default" loading={busy}>
            {t('enviar')}
          </Button>
        </Group>
        {outcome && (
          <Alert color={outcome.color} role="status" {...(outcome.title ? { title: outcome.title } : {})}>
            {outcome.text}
          </Alert>
        )}
      </Stack>
    </form>
  );
}

/** No mail server is nothing that went wrong: it says what to do. */
function outcomeOf(error: unknown): Outcome {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof ApiError && error.codigo === 'EMAIL_NAO_CONFIGURADO') {
    return { color: 'yellow', title: textOf(texts, 'sem_servidor'), text };
  }
  return { color: 'red', title: textOf(texts, 'nao_enviado'), text };
}
