/**
 * The first run: the administrator by the code that the server printed, then the first product, customer, licence and machine.
 * Every step after the first can be left for later.
 */

import {
  Alert,
  Anchor,
  Button,
  Center,
  Loader,
  Paper,
  PasswordInput,
  Stack,
  Stepper,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ApiError, api, call } from '../../kit/api';
import { Copyable } from '../../kit/copy';
import { login } from '../../kit/session';
import { Status } from '../../kit/status';
import { defineTexts, useT } from '../../kit/texts';
import { TestarEmail } from '../configuracoes/testar-email';

const texts = defineTexts('setup', {
  titulo: ['Primeiro acesso', 'First run'],
  passo_admin: ['Administrador', 'Administrator'],
  passo_email: ['E-mail', 'Mail'],
  email_texto: [
    'Alertas, relatórios e senhas esquecidas chegam por e-mail. Veja se o seu servidor de e-mail funciona.',
    'Alerts, reports and forgotten passwords go out by mail. See whether your mail server works.',
  ],
  sem_email: ['Continuar sem testar', 'Continue without a test'],
  passo_produto: ['Produto', 'Product'],
  passo_licenca: ['Licença', 'Licence'],
  passo_maquina: ['Máquina', 'Machine'],
  codigo: ['Código de configuração', 'Set-up code'],
  codigo_ajuda: [
    'Está no endereço que o servidor mostrou ao iniciar; vale 30 minutos.',
    'It is in the address that the server printed when it started; it counts for 30 minutes.',
  ],
  nome: ['Seu nome', 'Your name'],
  email: ['E-mail', 'E-mail'],
  senha: ['Senha', 'Password'],
  senha_ajuda: ['8 caracteres ou mais, difícil de adivinhar.', '8 characters or more, hard to guess.'],
  criar_admin: ['Criar administrador', 'Create administrator'],
  ja: ['Este servidor já tem um administrador.', 'This server has an administrator already.'],
  entrar: ['Entrar', 'Log in'],
  produto_texto: [
    'O que você vende? Um produto agrupa licenças e versões; dá para criar outros depois.',
    'What do you sell? A product groups licences and releases; others can be made later.',
  ],
  produto_nome: ['Nome do produto', 'Name of the product'],
  licenca_texto: [
    'Crie um cliente e a primeira licença dele, de demonstração por 14 dias.',
    'Make a customer and its first licence, a trial of 14 days.',
  ],
  cliente_nome: ['Nome do cliente', 'Name of the customer'],
  cliente_email: ['E-mail do cliente', 'E-mail of the customer'],
  continuar: ['Continuar', 'Continue'],
  depois: ['Fazer depois', 'Do it later'],
  maquina_texto: [
    'Rode isto na máquina onde o seu software está. Ela aparece aqui assim que se conectar.',
    'Run this on the machine that your software is on. It appears here as soon as it connects.',
  ],
  comando: ['Comando', 'Command'],
  esperando: ['Esperando a primeira máquina…', 'Waiting for the first machine…'],
  apareceu: ['{{nome}} se conectou. Está tudo pronto.', '{{nome}} has connected. Everything is ready.'],
  ir: ['Ir para o painel', 'Go to the dashboard'],
  sem_servidor: ['O servidor não respondeu. Tente de novo.', 'The server did not answer. Try again.'],
});

const askEveryMs = 2_000;

export default function SetupPage() {
  const t = useT(texts);
  const [step, setStep] = useState(0);
  const [email, setEmail] = useState('');
  const [produto, setProduto] = useState('padrao');
  const [chave, setChave] = useState('');
  const next = (): void => setStep((before) => before + 1);
  return (
    <Center mih="100dvh" p="md" component="main">
      <Stack w="100%" maw={640}>
        <Title order={1} size="h2" ta="center">
          {t('titulo')}
        </Title>
        <Stepper active={step} size="xs" allowNextStepsSelect={false}>
          <Stepper.Step label={t('passo_admin')} />
          <Stepper.Step label={t('passo_email')} />
          <Stepper.Step label={t('passo_produto')} />
          <Stepper.Step label={t('passo_licenca')} />
          <Stepper.Step label={t('passo_maquina')} />
        </Stepper>
        <Paper withBorder p="xl" shadow="xs">
          {step === 0 && (
            <AdminStep
              done={(own) => {
                setEmail(own);
                next();
              }}
            />
          )}
          {step === 1 && <EmailStep email={email} done={next} />}
          {step === 2 && (
            <ProdutoStep
              done={(slug) => {
                if (slug) setProduto(slug);
                next();
              }}
            />
          )}
          {step === 3 && (
            <LicencaStep
              produto={produto}
              done={(made) => {
                if (made === null) finish();
                else {
                  setChave(made);
                  next();
                }
              }}
            />
          )}
          {step === 4 && <MaquinaStep chave={chave} />}
        </Paper>
      </Stack>
    </Center>
  );
}

/** The rest of the UI takes over at the dashboard. */
function finish(): void {
  window.location.assign('/');
}

interface StepFormProps {
  action: string;
  /** @returns what went wrong, null when it went well. */
  submit(): Promise<string | null>;
  skip?: () => void;
  children: ReactNode;
}

function StepForm({ action, submit, skip, children }: StepFormProps) {
  const t = useT(texts);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  async function go(event: FormEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem(
      await submit().catch((error: unknown) => (error instanceof ApiError ? error.message : t('sem_servidor'))),
    );
    setBusy(false);
  }
  return (
    <form onSubmit={(event) => void go(event)}>
      <Stack>
        {problem && (
          <Alert color="red" role="alert">
            {problem}
          </Alert>
        )}
        {children}
        <Button type="submit" loading={busy}>
          {action}
        </Button>
        {skip && (
          <Anchor component="button" type="button" size="sm" onClick={skip}>
            {t('depois')}
          </Anchor>
        )}
      </Stack>
    </form>
  );
}

function AdminStep({ done }: { done(email: string): void }) {
  const t = useT(texts);
  const [codigo, setCodigo] = useState(new URLSearchParams(window.location.search).get('codigo') ?? '');
  const [nome, setNome] = useState('');
  const [email, setEmail] = useState('');
  const [senha, setSenha] = useState('');
  const [finished, setFinished] = useState(false);
  async function submit(): Promise<string | null> {
    const response = await fetch('/api/v1/setup', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ codigo: codigo.trim(), nome: nome.trim(), email: email.trim(), senha }),
    });
    if (response.status === 410) {
      setFinished(true);
      return null;
    }
    if (!response.ok) {
      const problem = (await response.json()) as { detail?: string; title: string; erros?: { mensagem: string }[] };
      return problem.erros?.map(({ mensagem }) => mensagem).join(' ') ?? problem.detail ?? problem.title;
    }
    const refused = await login(email.trim(), senha, '');
    if (refused) return refused.detalhe;
    done(email.trim());
    return null;
  }
  if (finished) {
    return (
      <Stack align="flex-start">
        <Text>{t('ja')}</Text>
        <Button component="a" href="/">
          {t('entrar')}
        </Button>
      </Stack>
    );
  }
  return (
    <StepForm action={t('criar_admin')} submit={submit}>
      <TextInput
        label={t('codigo')}
        description={t('codigo_ajuda')}
        required
        withAsterisk={false}
        autoComplete="off"
        value={codigo}
        onChange={(event) => setCodigo(event.currentTarget.value)}
      />
      <TextInput
        label={t('nome')}
        required
        withAsterisk={false}
        autoComplete="name"
        value={nome}
        onChange={(event) => setNome(event.currentTarget.value)}
      />
      <TextInput
        label={t('email')}
        type="email"
        required
        withAsterisk={false}
        autoComplete="username"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        label={t('senha')}
        description={t('senha_ajuda')}
        required
        withAsterisk={false}
        autoComplete="new-password"
        value={senha}
        onChange={(event) => setSenha(event.currentTarget.value)}
      />
    </StepForm>
  );
}

function EmailStep({ email, done }: { email: string; done(): void }) {
  const t = useT(texts);
  const [sent, setSent] = useState(false);
  return (
    <Stack>
      <Text size="sm">{t('email_texto')}</Text>
      <TestarEmail inicial={email} enviado={() => setSent(true)} />
      <Button variant={sent ? 'filled' : 'light'} onClick={done}>
        {t(sent ? 'continuar' : 'sem_email')}
      </Button>
    </Stack>
  );
}

function ProdutoStep({ done }: { done(slug: string | null): void }) {
  const t = useT(texts);
  const [nome, setNome] = useState('');
  return (
    <StepForm
      action={t('continuar')}
      skip={() => done(null)}
      submit={async () => {
        const slug = slugOf(nome);
        await call(api.produtos.post({ nome: nome.trim(), slug }));
        done(slug);
        return null;
      }}
    >
      <Text size="sm">{t('produto_texto')}</Text>
      <TextInput
        label={t('produto_nome')}
        required
        withAsterisk={false}
        value={nome}
        onChange={(event) => setNome(event.currentTarget.value)}
        data-autofocus
      />
    </StepForm>
  );
}

/** A name as it may stand in an address. */
function slugOf(nome: string): string {
  return nome
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
}

function LicencaStep({ produto, done }: { produto: string; done(chave: string | null): void }) {
  const t = useT(texts);
  const [nome, setNome] = useState('');
  const [email, setEmail] = useState('');
  return (
    <StepForm
      action={t('continuar')}
      skip={() => done(null)}
      submit={async () => {
        const cliente = await call(api.clientes.post({ nome: nome.trim(), email: email.trim() }));
        const { chave = '' } = await call(api.licencas.post({ cliente_id: cliente.id, tipo: 'demonstracao', produto }));
        done(chave);
        return null;
      }}
    >
      <Text size="sm">{t('licenca_texto')}</Text>
      <TextInput
        label={t('cliente_nome')}
        required
        withAsterisk={false}
        value={nome}
        onChange={(event) => setNome(event.currentTarget.value)}
      />
      <TextInput
        label={t('cliente_email')}
        type="email"
        required
        withAsterisk={false}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
    </StepForm>
  );
}

function MaquinaStep({ chave }: { chave: string }) {
  const t = useT(texts);
  const { data } = useQuery({
    queryKey: ['maquinas', 'primeira'],
    queryFn: () => call(api.maquinas.get({ query: { limite: 1 } })),
    refetchInterval: askEveryMs,
  });
  const found = data?.itens[0];
  return (
    <Stack>
      <Text size="sm">{t('maquina_texto')}</Text>
      <Copyable
        block
        label={t('comando')}
        value={`narcidicontrol agent --server ${window.location.origin} --chave ${chave}`}
      />
      {found ? (
        <Alert color="green" role="status" title={<Status value={found.status} />}>
          {t('apareceu', { nome: found.nome })}
        </Alert>
      ) : (
        <Text size="sm" c="dimmed" role="status">
          <Loader size="xs" aria-hidden /> {t('esperando')}
        </Text>
      )}
      <Button variant={found ? 'filled' : 'default'} onClick={finish}>
        {t('ir')}
      </Button>
    </Stack>
  );
}
