/** What the server runs with: every setting, where its value comes from and where to change it. */

import { Badge, Code, Group, Paper, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '../../kit/api';
import { ErrorState } from '../../kit/feedback';
import { useCan } from '../../kit/session';
import { idiomaAtual, useT } from '../../kit/texts';
import { ajustesTexts, descricoes } from './ajustes.texts';
import { TestarEmail } from './testar-email';

const fetchAjustes = () => call(api.configuracoes.get());
type Ajuste = Awaited<ReturnType<typeof fetchAjustes>>['itens'][number];

export function Ajustes() {
  const t = useT(ajustesTexts);
  const can = useCan();
  const [busca, setBusca] = useState('');
  const { data, error, refetch } = useQuery({ queryKey: ['configuracoes'], queryFn: fetchAjustes });
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={320} />;
  const found = data.itens.filter((ajuste) => isAbout(ajuste, busca));
  const grupos = [...new Set(found.map(({ grupo }) => grupo))];
  return (
    <Stack>
      <div>
        <Title order={2} size="h4">
          {t('titulo')}
        </Title>
        <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {t('ajuda', { arquivo: data.arquivo })}
        </Text>
      </div>
      <TextInput
        type="search"
        aria-label={t('buscar')}
        placeholder={t('buscar')}
        leftSection={<IconSearch size={16} aria-hidden />}
        maw={360}
        value={busca}
        onChange={(event) => setBusca(event.currentTarget.value)}
      />
      {found.length === 0 && <Text c="dimmed">{t('nenhuma', { texto: busca.trim() })}</Text>}
      {grupos.map((grupo) => (
        <Paper key={grupo} component="section" withBorder p="md" aria-label={t(grupo)}>
          <Title order={3} size="h5" mb="sm">
            {t(grupo)}
          </Title>
          <Stack gap="md">
            {found
              .filter((ajuste) => ajuste.grupo === grupo)
              .map((ajuste) => (
                <Linha key={ajuste.nome} ajuste={ajuste} />
              ))}
            {grupo === 'email' && can('configuracoes:executar') && (
              <TestarEmail inicial={shownValue(data.itens, 'NARCIDI_MAIL_TO').split(/[,;]/)[0]?.trim() ?? ''} />
            )}
          </Stack>
        </Paper>
      ))}
    </Stack>
  );
}

function Linha({ ajuste }: { ajuste: Ajuste }) {
  const t = useT(ajustesTexts);
  const { nome, valor, padrao, origem, segredo, flag, chave } = ajuste;
  const own = origem !== 'default';
  const shown = segredo && valor !== '' ? t('definido') : valor;
  return (
    <div>
      <Group gap="xs" justify="space-between" align="baseline">
        <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
          {nome}
        </Text>
        <Group gap="xs">
          {shown === '' ? (
            <Text size="sm" c="dimmed">
              {t('vazio')}
            </Text>
          ) : (
            <Code fz="sm" style={{ overflowWrap: 'anywhere' }}>
              {shown}
            </Code>
          )}
          <Badge variant={own ? 'light' : 'default'} tt="none" fw={500}>
            {t(`origem_${origem}`)}
          </Badge>
        </Group>
      </Group>
      <Text size="sm">{descricaoOf(ajuste)}</Text>
      <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        {t('onde')}: {t('ou', { um: [flag, nome].filter(Boolean).join(' / '), chave })}
        {own && padrao !== '' && ` · ${t('padrao_e', { valor: padrao })}`}
      </Text>
    </div>
  );
}

function descricaoOf({ nome, descricao }: Ajuste): string {
  return idiomaAtual() === 'pt-BR' ? (descricoes[nome] ?? descricao) : descricao;
}

function isAbout(ajuste: Ajuste, busca: string): boolean {
  const wanted = plain(busca.trim());
  const { nome, chave, flag, valor } = ajuste;
  return [nome, chave, flag ?? '', valor, descricaoOf(ajuste)].some((text) => plain(text).includes(wanted));
}

/** Without case and accents. */
function plain(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase();
}

function shownValue(itens: readonly Ajuste[], nome: string): string {
  return itens.find((ajuste) => ajuste.nome === nome)?.valor ?? '';
}
