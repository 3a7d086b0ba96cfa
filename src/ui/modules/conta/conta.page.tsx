/** One's own account: password, second factor, sessions and log-ins. */

import { Alert, Badge, Button, Code, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '../../kit/api';
import { Copyable } from '../../kit/copy';
import { failed, said } from '../../kit/feedback';
import { FormDrawer } from '../../kit/form';
import { refresh } from '../../kit/query';
import { logout, useSession } from '../../kit/session';
import { defineTexts, useT } from '../../kit/texts';
import { When } from '../../kit/time';

const texts = defineTexts('conta', {
  titulo: ['Minha conta', 'My account'],
  perfil: ['Perfil', 'Profile'],
  senha: ['Senha', 'Password'],
  trocar: ['Trocar senha', 'Change password'],
  atual: ['Senha atual', 'Present password'],
  nova: ['Nova senha', 'New password'],
  trocada: ['Senha trocada; as outras sessões foram encerradas.', 'Password changed; the other sessions have ended.'],
  segundo_fator: ['Segundo fator', 'Second factor'],
  ligado: ['Ligado. Restam {{n}} códigos de recuperação.', 'On. {{n}} recovery codes are left.'],
  desligado: [
    'Desligado. Com ele, a senha sozinha não basta para entrar.',
    'Off. With it, the password alone is not enough to log in.',
  ],
  ligar: ['Ligar', 'Turn on'],
  desligar: ['Desligar', 'Turn off'],
  novos_codigos: ['Novos códigos', 'New codes'],
  adicione: [
    'Adicione esta conta ao aplicativo autenticador, pelo endereço ou pelo segredo:',
    'Add this account to the authenticator app, by the address or the secret:',
  ],
  codigo: ['Código do aplicativo', 'Code from the app'],
  confirmar: ['Confirmar', 'Confirm'],
  guarde: [
    'Guarde estes códigos: cada um entra uma vez se você perder o aplicativo.',
    'Keep these codes: each lets you in once should you lose the app.',
  ],
  sessoes: ['Sessões', 'Sessions'],
  esta: ['esta', 'this one'],
  encerrar: ['Encerrar', 'End'],
  encerrar_outras: ['Encerrar todas', 'End all'],
  acessos: ['Últimas entradas', 'Latest log-ins'],
});

export default function ContaPage() {
  const t = useT(texts);
  const session = useSession();
  const [changing, setChanging] = useState(false);
  const usuario = 'usuario' in session ? session.usuario : null;
  return (
    <Stack>
      <div>
        <Title order={1} size="h3">
          {t('titulo')}
        </Title>
        <Text size="sm" c="dimmed">
          {usuario?.nome} · {usuario?.email} · {t('perfil')}: {usuario?.perfil.nome}
        </Text>
      </div>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Paper withBorder p="md">
          <Title order={2} size="h5" mb="xs">
            {t('senha')}
          </Title>
          <Button variant="default" onClick={() => setChanging(true)}>
            {t('trocar')}
          </Button>
        </Paper>
        <SecondFactor />
        <Sessions />
        <Accesses />
      </SimpleGrid>
      {changing && (
        <FormDrawer
          titulo={t('trocar')}
          rotulo={t('trocar')}
          dito={t('trocada')}
          campos={[
            { nome: 'senha_atual', rotulo: t('atual'), tipo: 'senha', obrigatorio: true },
            { nome: 'senha_nova', rotulo: t('nova'), tipo: 'senha', obrigatorio: true },
          ]}
          enviar={async ({ senha_atual, senha_nova }) => {
            await call(api.auth.senha.put({ senha_atual: String(senha_atual), senha_nova: String(senha_nova) }));
            refresh('conta');
          }}
          onClose={() => setChanging(false)}
        />
      )}
    </Stack>
  );
}

type Asking = 'ligar' | 'desligar' | 'codigos' | null;

function SecondFactor() {
  const t = useT(texts);
  const [asking, setAsking] = useState<Asking>(null);
  const [started, setStarted] = useState<{ segredo: string; uri: string } | null>(null);
  const [codes, setCodes] = useState<string[]>([]);
  const { data } = useQuery({ queryKey: ['conta', '2fa'], queryFn: () => call(api.auth['2fa'].get()) });
  const done = (): void => refresh('conta');
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h5" mb="xs">
        {t('segundo_fator')}
      </Title>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{data?.ativo ? t('ligado', { n: data.codigos_restantes }) : t('desligado')}</Text>
        {data?.ativo ? (
          <Group>
            <Button variant="default" onClick={() => setAsking('codigos')}>
              {t('novos_codigos')}
            </Button>
            <Button variant="default" color="red" onClick={() => setAsking('desligar')}>
              {t('desligar')}
            </Button>
          </Group>
        ) : (
          <Button onClick={() => setAsking('ligar')}>{t('ligar')}</Button>
        )}
        {codes.length > 0 && (
          <Alert>
            <Text size="sm">{t('guarde')}</Text>
            <Code block>{codes.join('\n')}</Code>
          </Alert>
        )}
      </Stack>
      {asking === 'ligar' && !started && (
        <FormDrawer
          titulo={t('ligar')}
          rotulo={t('ligar')}
          dito={t('segundo_fator')}
          campos={[{ nome: 'senha', rotulo: t('atual'), tipo: 'senha', obrigatorio: true }]}
          enviar={async ({ senha }) => setStarted(await call(api.auth['2fa'].post({ senha: String(senha) })))}
          onClose={() => undefined}
          onCancel={() => setAsking(null)}
        />
      )}
      {started && (
        <FormDrawer
          titulo={t('ligar')}
          rotulo={t('confirmar')}
          campos={[{ nome: 'otp', rotulo: t('codigo'), ajuda: t('adicione'), tipo: 'texto', obrigatorio: true }]}
          antes={
            <>
              <Copyable value={started.segredo} block />
              <Copyable value={started.uri} block />
            </>
          }
          enviar={async ({ otp }) => {
            const { codigos_de_recuperacao } = await call(api.auth['2fa'].confirmar.post({ otp: String(otp) }));
            setCodes(codigos_de_recuperacao);
            done();
          }}
          onClose={() => {
            setStarted(null);
            setAsking(null);
          }}
        />
      )}
      {(asking === 'desligar' || asking === 'codigos') && (
        <FormDrawer
          titulo={t(asking === 'desligar' ? 'desligar' : 'novos_codigos')}
          rotulo={t('confirmar')}
          campos={[
            { nome: 'senha', rotulo: t('atual'), tipo: 'senha', obrigatorio: true },
            { nome: 'otp', rotulo: t('codigo'), tipo: 'texto', obrigatorio: true },
          ]}
          enviar={async ({ senha, otp }) => {
            const body = { senha: String(senha), otp: String(otp) };
            if (asking === 'desligar') await call(api.auth['2fa'].desativar.post(body));
            else setCodes((await call(api.auth['2fa'].codigos.post(body))).codigos_de_recuperacao);
            done();
          }}
          onClose={() => setAsking(null)}
        />
      )}
    </Paper>
  );
}

function Sessions() {
  const t = useT(texts);
  const { data } = useQuery({ queryKey: ['conta', 'sessoes'], queryFn: () => call(api.auth.sessoes.get()) });
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h5" mb="xs">
        {t('sessoes')}
      </Title>
      <Stack gap="xs">
        {data?.itens.map((sessao) => (
          <Group key={sessao.id} justify="space-between" wrap="nowrap">
            <div style={{ minWidth: 0 }}>
              <Text size="sm" truncate>
                {sessao.ip ?? '—'} · {sessao.agente ?? ''}
              </Text>
              <Text size="xs" c="dimmed" component="div">
                <When at={sessao.usada_em} />
              </Text>
            </div>
            {sessao.atual ? (
              <Badge variant="default" tt="none" style={{ flexShrink: 0 }}>
                {t('esta')}
              </Badge>
            ) : (
              <Button
                size="xs"
                variant="default"
                onClick={() =>
                  void call(api.auth.sessoes({ id: sessao.id }).delete()).then(() => refresh('conta'), failed)
                }
              >
                {t('encerrar')}
              </Button>
            )}
          </Group>
        ))}
        <Button
          variant="default"
          size="xs"
          onClick={() =>
            void call(api.auth.sessoes.delete()).then(() => {
              said(t('encerrar_outras'));
              void logout();
            }, failed)
          }
        >
          {t('encerrar_outras')}
        </Button>
      </Stack>
    </Paper>
  );
}

function Accesses() {
  const t = useT(texts);
  const { data } = useQuery({
    queryKey: ['conta', 'acessos'],
    queryFn: () => call(api.auth.acessos.get({ query: { limite: 10 } })),
  });
  return (
    <Paper withBorder p="md">
      <Title order={2} size="h5" mb="xs">
        {t('acessos')}
      </Title>
      <Stack gap={4}>
        {data?.itens.map((acesso) => (
          <Text key={acesso.id} size="sm" component="div">
            <When at={acesso.em} /> · {acesso.ip ?? '—'}
          </Text>
        ))}
      </Stack>
    </Paper>
  );
}
