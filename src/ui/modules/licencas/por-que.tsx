/** What a machine would be told, and every reason for it. */

import { Alert, List as Bullets, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ErrorState } from '../../kit/feedback';
import { useT } from '../../kit/texts';
import { licencasTexts } from './licencas.texts';

interface Explained {
  valida: boolean;
  codigo: string;
  detalhe: string;
  motivos?: { codigo: string; detalhe: string; remedio: string }[];
}

export function PorQue({ chave }: { chave: string }) {
  const t = useT(licencasTexts);
  const [asked, setAsked] = useState({ impressao: '', produto: '', versao: '', recursos: '' });
  const [answer, setAnswer] = useState<Explained | null>(null);
  const [error, setError] = useState<unknown>(null);
  async function ask(event: FormEvent): Promise<void> {
    event.preventDefault();
    const given = Object.entries(asked).filter(([, value]) => value.trim() !== '');
    const query = new URLSearchParams([...given, ['explicar', 'true']]);
    try {
      // The key is the credential, as it is for the machine.
      const response = await fetch(`/api/v1/licencas/verificar/${encodeURIComponent(chave)}?${query}`);
      setAnswer((await response.json()) as Explained);
      setError(null);
    } catch (problem) {
      setError(problem);
    }
  }
  const field = (nome: keyof typeof asked, rotulo: string) => (
    <TextInput
      label={rotulo}
      value={asked[nome]}
      onChange={(event) => setAsked({ ...asked, [nome]: event.currentTarget.value })}
      style={{ flex: '1 1 180px' }}
    />
  );
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {t('por_que_texto')}
      </Text>
      <form onSubmit={(event) => void ask(event)}>
        <Group align="flex-end">
          {field('impressao', t('impressao'))}
          {field('produto', t('produto'))}
          {field('versao', t('versao'))}
          {field('recursos', t('recursos'))}
          <Button type="submit">{t('perguntar')}</Button>
        </Group>
      </form>
      {error !== null && <ErrorState error={error} />}
      {answer && (
        <Alert color={answer.valida ? 'green' : 'red'} title={t(answer.valida ? 'valida' : 'invalida')} role="status">
          <Text size="sm">
            {answer.codigo}: {answer.detalhe}
          </Text>
          {answer.motivos && answer.motivos.length > 0 && (
            <Bullets size="sm" mt="xs">
              {answer.motivos.map(({ codigo, detalhe, remedio }) => (
                <Bullets.Item key={codigo}>
                  <b>{codigo}</b>: {detalhe} {remedio}
                </Bullets.Item>
              ))}
            </Bullets>
          )}
        </Alert>
      )}
    </Stack>
  );
}
