/** Logging in: as a page of its own, and over a page whose session has ended. */

import {
  Alert,
  Anchor,
  Button,
  Center,
  Modal,
  Paper,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { kitTexts } from './kit.texts';
import { login, logout, useSession } from './session';
import { defineTexts, useT } from './texts';

const texts = defineTexts('entrar', {
  titulo: ['Entrar', 'Log in'],
  email: ['E-mail', 'E-mail'],
  senha: ['Senha', 'Password'],
  otp: ['Código do autenticador', 'Authenticator code'],
  otp_ajuda: [
    'Seis dígitos do aplicativo, ou um código de recuperação.',
    'Six digits from the app, or a recovery code.',
  ],
  otp_errado: ['O código não vale ou já foi usado.', 'The code does not count or was used already.'],
  recusado: ['E-mail ou senha não conferem.', 'E-mail or password do not match.'],
  entrar: ['Entrar', 'Log in'],
  esqueci: ['Esqueci a senha', 'I forgot my password'],
  esqueci_titulo: ['Nova senha', 'New password'],
  esqueci_texto: [
    'Mandamos um endereço para trocar a senha, válido por pouco tempo.',
    'We send an address to change the password, valid for a short time.',
  ],
  enviar: ['Enviar', 'Send'],
  enviado: [
    'Se houver uma conta com este e-mail, o endereço está a caminho.',
    'If there is an account with this e-mail, the address is on its way.',
  ],
  sem_servidor: ['O servidor não respondeu. Tente de novo.', 'The server did not answer. Try again.'],
  outra_pessoa: ['Sair e entrar como outra pessoa', 'Leave and log in as somebody else'],
});

export function LoginPage() {
  const t = useT(texts);
  const [forgotten, setForgotten] = useState(false);
  return (
    <Center mih="100dvh" p="md" component="main">
      <Stack w="100%" maw={380} gap="lg">
        <Title order={1} size="h2" ta="center">
          narcidicontrol
        </Title>
        <Paper withBorder p="xl" shadow="xs">
          {forgotten ? (
            <Forgotten back={() => setForgotten(false)} />
          ) : (
            <LoginForm
              footer={
                <Anchor component="button" type="button" size="sm" onClick={() => setForgotten(true)}>
                  {t('esqueci')}
                </Anchor>
              }
            />
          )}
        </Paper>
      </Stack>
    </Center>
  );
}

/** Over the page, which stays as it is. */
export function SessionEnded() {
  const session = useSession();
  const t = useT(kitTexts);
  const own = useT(texts);
  if (session.tipo !== 'expirada') return null;
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnClickOutside={false}
      zIndex={1000}
      title={own('titulo')}
    >
      <Stack>
        <Text size="sm">{t('sessao_terminou')}</Text>
        <LoginForm
          email={session.usuario.email}
          footer={
            <Anchor component="button" type="button" size="sm" onClick={() => void logout()}>
              {own('outra_pessoa')}
            </Anchor>
          }
        />
      </Stack>
    </Modal>
  );
}

function LoginForm({ email: known = '', footer }: { email?: string; footer: React.ReactNode }) {
  const t = useT(texts);
  const [email, setEmail] = useState(known);
  const [senha, setSenha] = useState('');
  const [otp, setOtp] = useState('');
  const [needsOtp, setNeedsOtp] = useState(false);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem('');
    try {
      const refused = await login(email.trim(), senha, otp.trim());
      if (!refused) return;
      setNeedsOtp(needsOtp || refused.otp);
      if (refused.otp && otp === '') return;
      // The protocol's own words have no accents.
      setProblem(refused.otp ? t('otp_errado') : refused.codigo === 'invalid_grant' ? t('recusado') : refused.detalhe);
    } catch {
      setProblem(t('sem_servidor'));
    } finally {
      setBusy(false);
    }
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        {problem && (
          <Alert color="red" role="alert">
            {problem}
          </Alert>
        )}
        <TextInput
          label={t('email')}
          type="email"
          autoComplete="username"
          required
          withAsterisk={false}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          data-autofocus={known === '' || undefined}
        />
        <PasswordInput
          label={t('senha')}
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={senha}
          onChange={(event) => setSenha(event.currentTarget.value)}
          data-autofocus={known !== '' || undefined}
        />
        {needsOtp && (
          <TextInput
            label={t('otp')}
            description={t('otp_ajuda')}
            autoComplete="one-time-code"
            inputMode="numeric"
            leftSection={<IconKey size={16} aria-hidden />}
            value={otp}
            onChange={(event) => setOtp(event.currentTarget.value)}
            ref={(input) => input?.focus()}
          />
        )}
        <Button type="submit" loading={busy} fullWidth>
          {t('entrar')}
        </Button>
        {footer}
      </Stack>
    </form>
  );
}

function Forgotten({ back }: { back(): void }) {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const [email, setEmail] = useState('');
  const [sent, setSent] = useState(false);
  const [problem, setProblem] = useState('');
  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const response = await fetch('/api/v1/auth/senha/esqueci', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: email.trim() }),
    }).catch(() => null);
    if (response?.ok) setSent(true);
    else setProblem(t('sem_servidor'));
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <Title order={2} size="h4">
          {t('esqueci_titulo')}
        </Title>
        {problem && <Alert color="red">{problem}</Alert>}
        {sent ? (
          <Text size="sm" role="status">
            {t('enviado')}
          </Text>
        ) : (
          <>
            <Text size="sm">{t('esqueci_texto')}</Text>
            <TextInput
              label={t('email')}
              type="email"
              required
              withAsterisk={false}
              autoComplete="username"
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
            />
            <Button type="submit">{t('enviar')}</Button>
          </>
        )}
        <Anchor component="button" type="button" size="sm" onClick={back}>
          {kit('voltar')}
        </Anchor>
      </Stack>
    </form>
  );
}
