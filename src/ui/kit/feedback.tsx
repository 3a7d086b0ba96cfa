/** What is said when something went well or wrong, and asked before it goes. */

import { Alert, Button, Code, CopyButton, Group, Modal, Stack, Text, Textarea, TextInput, Title } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconAlertTriangle } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { ApiError } from './api';
import { useReturnFocus } from './focus';
import { kitTexts } from './kit.texts';
import { textOf, useT } from './texts';

/** A toast with the outcome. */
export function said(message: string, more?: ReactNode): void {
  notifications.show({
    message: more ? (
      <>
        {message} {more}
      </>
    ) : (
      message
    ),
    autoClose: 5_000,
    withBorder: true,
  });
}

/** A toast with what the server refused, and the id to find it by. */
export function failed(error: unknown): void {
  const known = error instanceof ApiError ? error : null;
  notifications.show({
    color: 'red',
    icon: <IconAlertTriangle size={18} aria-hidden />,
    title: textOf(kitTexts, 'falhou'),
    message: (
      <>
        {known?.message ?? String(error)}
        {known?.requestId && <RequestId id={known.requestId} />}
      </>
    ),
    autoClose: 10_000,
    withBorder: true,
  });
}

function RequestId({ id }: { id: string }) {
  const t = useT(kitTexts);
  return (
    <CopyButton value={id}>
      {({ copied, copy }) => (
        <Text size="xs" c="dimmed" mt={4}>
          {t('pedido')} <Code fz={11}>{id}</Code>{' '}
          <Button size="compact-xs" variant="subtle" onClick={copy}>
            {copied ? t('copiado') : t('copiar')}
          </Button>
        </Text>
      )}
    </CopyButton>
  );
}

/** In place of what could not be loaded. */
export function ErrorState({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useT(kitTexts);
  const known = error instanceof ApiError ? error : null;
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title={t('falhou')} my="md">
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{known?.message ?? String(error)}</Text>
        {known?.requestId && <RequestId id={known.requestId} />}
        {retry && (
          <Button size="xs" variant="default" onClick={retry}>
            {t('tentar_de_novo')}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** What a list is for, when there is nothing in it yet. */
export function EmptyState({ title, text, action }: { title: string; text: string; action?: ReactNode }) {
  return (
    <Stack align="center" gap="xs" py={48} px="md" ta="center">
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text c="dimmed" maw={460} size="sm">
        {text}
      </Text>
      {action}
    </Stack>
  );
}

interface ConfirmProps {
  title: string;
  text: ReactNode;
  /** What the button says. */
  action: string;
  danger?: boolean;
  /** To be typed, for what cannot be undone. */
  typed?: string;
  /** Whether a reason is asked for. */
  reason?: 'optional' | 'required';
  run(reason: string): Promise<unknown>;
  onClose(): void;
}

/** Asks before something is done. Mount it to open it. */
export function Confirm({ title, text, action, danger, typed, reason, run, onClose }: ConfirmProps) {
  useReturnFocus();
  const t = useT(kitTexts);
  const [busy, setBusy] = useState(false);
  const [word, setWord] = useState('');
  const [why, setWhy] = useState('');
  const ready = (typed === undefined || word.trim() === typed) && (reason !== 'required' || why.trim() !== '');
  async function go(): Promise<void> {
    if (!ready || busy) return;
    setBusy(true);
    try {
      await run(why.trim());
      onClose();
    } catch (error) {
      failed(error);
      setBusy(false);
    }
  }
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('fechar') }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        <Stack>
          <Text size="sm" component="div">
            {text}
          </Text>
          {reason && (
            <Textarea
              label={t('motivo')}
              required={reason === 'required'}
              value={why}
              onChange={(event) => setWhy(event.currentTarget.value)}
              data-autofocus
              autosize
              minRows={2}
              maxLength={500}
            />
          )}
          {typed !== undefined && (
            <TextInput
              label={t('digite', { texto: typed })}
              value={word}
              onChange={(event) => setWord(event.currentTarget.value)}
              data-autofocus={reason ? undefined : true}
              autoComplete="off"
            />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancelar')}
            </Button>
            <Button type="submit" {...(danger ? { color: 'red' } : {})} loading={busy} disabled={!ready}>
              {action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
