/** Credentials for other systems. */

import { Alert, Button, Drawer, Group, Modal, Stack, Switch, TagsInput, Text, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { ApiError, api, call } from '../../kit/api';
import { Copyable } from '../../kit/copy';
import { Confirm, said } from '../../kit/feedback';
import { localMoment } from '../../kit/form-field';
import { date } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status } from '../../kit/status';
import { defineTexts, useT } from '../../kit/texts';
import { When } from '../../kit/time';
import { PermissionMatrix } from '../perfis/permissoes';

const texts = defineTexts('chaves_api', {
  titulo: ['Chaves de API', 'API keys'],
  descricao: ['Para os seus sistemas: OAuth 2, client credentials.', 'For your systems: OAuth 2, client credentials.'],
  nova: ['Nova chave', 'New key'],
  vazio: ['Nenhuma chave ainda', 'No keys yet'],
  nome: ['Nome', 'Name'],
  permissoes: ['Permissões', 'Permissions'],
  expira_em: ['Expira em', 'Expires'],
  enderecos: ['Só destas redes (CIDR)', 'Only from these networks (CIDR)'],
  usada: ['Último uso', 'Last used'],
  ativa: ['Ativa', 'Active'],
  status: ['Situação', 'Status'],
  nunca: ['nunca', 'never'],
  rotacionar: ['Trocar segredo', 'Rotate secret'],
  rotacionar_texto: ['O segredo atual deixa de valer na hora.', 'The present secret stops counting at once.'],
  segredo: ['O segredo, mostrado só agora:', 'The secret, shown only now:'],
  excluir_texto: [
    'Os sistemas que usam {{nome}} param de entrar.',
    'The systems that use {{nome}} can come in no more.',
  ],
  acoes: ['Ações', 'Actions'],
});

interface Chave {
  id: string | null;
  nome: string;
  permissoes: string[];
  enderecos: string[];
  ativa: boolean;
  expira_em: string | null;
}

export default function ChavesApiPage() {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const can = useCan();
  const [editing, setEditing] = useState<Chave | null>(null);
  const [asking, setAsking] = useState<{ what: 'rotacionar' | 'excluir'; id: string; nome: string } | null>(null);
  const [secret, setSecret] = useState<{ client_id: string; client_secret: string } | null>(null);
  const button = can('chaves-api:criar') && (
    <Button
      leftSection={<IconPlus size={16} aria-hidden />}
      onClick={() =>
        setEditing({ id: null, nome: '', permissoes: ['clientes:ler'], enderecos: [], ativa: true, expira_em: null })
      }
    >
      {t('nova')}
    </Button>
  );
  return (
    <>
      <List
        nome="chaves-api"
        titulo={t('titulo')}
        descricao={t('descricao')}
        semBusca
        fetch={(query) => call(api['chaves-api'].get({ query: loose(query) }))}
        actions={button}
        columns={[
          { id: 'nome', titulo: t('nome'), render: ({ nome }) => nome, texto: ({ nome }) => nome },
          {
            id: 'status',
            titulo: t('status'),
            largura: '110px',
            render: ({ ativa }) => <Status value={ativa ? 'ativa' : 'inativa'} />,
            texto: ({ ativa }) => String(ativa),
          },
          { id: 'client_id', titulo: 'client_id', render: (row) => row.client_id, texto: (row) => row.client_id },
          {
            id: 'usada',
            titulo: t('usada'),
            largura: '120px',
            render: (row) => <When at={row.usada_em} empty={t('nunca')} />,
            texto: (row) => row.usada_em ?? '',
          },
          {
            id: 'expira_em',
            titulo: t('expira_em'),
            largura: '110px',
            render: (row) => (row.expira_em ? date(row.expira_em) : '—'),
            texto: (row) => row.expira_em ?? '',
          },
          {
            id: 'acoes',
            titulo: t('acoes'),
            largura: '280px',
            permissao: 'chaves-api:editar',
            render: (row) => (
              <>
                <Button size="compact-sm" variant="subtle" onClick={() => setEditing(row)}>
                  {kit('editar')}
                </Button>
                <Button size="compact-sm" variant="subtle" onClick={() => setAsking({ what: 'rotacionar', ...row })}>
                  {t('rotacionar')}
                </Button>
                {can('chaves-api:excluir') && (
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    onClick={() => setAsking({ what: 'excluir', ...row })}
                  >
                    {kit('excluir')}
                  </Button>
                )}
              </>
            ),
          },
        ]}
        empty={{ titulo: t('vazio'), texto: t('descricao'), acao: button }}
      />
      {editing && <Editor chave={editing} onClose={() => setEditing(null)} made={setSecret} />}
      {asking && (
        <Confirm
          title={asking.what === 'excluir' ? kit('excluir') : t('rotacionar')}
          text={asking.what === 'excluir' ? t('excluir_texto', { nome: asking.nome }) : t('rotacionar_texto')}
          action={asking.what === 'excluir' ? kit('excluir') : t('rotacionar')}
          danger
          {...(asking.what === 'excluir' ? { typed: asking.nome } : {})}
          run={async () => {
            const chave = api['chaves-api']({ id: asking.id });
            if (asking.what === 'excluir') await call(chave.delete());
            else setSecret(await call(chave.rotacionar.post()));
            said(kit('feito'));
            refresh('chaves-api');
          }}
          onClose={() => setAsking(null)}
        />
      )}
      {secret && (
        <Modal
          opened
          onClose={() => setSecret(null)}
          title={t('titulo')}
          closeButtonProps={{ 'aria-label': kit('fechar') }}
        >
          <Stack>
            <Text size="sm">client_id</Text>
            <Copyable value={secret.client_id} block />
            <Text size="sm">{t('segredo')}</Text>
            <Copyable value={secret.client_secret} block />
            <Button onClick={() => setSecret(null)}>{kit('fechar')}</Button>
          </Stack>
        </Modal>
      )}
    </>
  );
}

interface EditorProps {
  chave: Chave;
  onClose(): void;
  made(secret: { client_id: string; client_secret: string }): void;
}

function Editor({ chave, onClose, made }: EditorProps) {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const [nome, setNome] = useState(chave.nome);
  const [permissoes, setPermissoes] = useState(chave.permissoes);
  const [enderecos, setEnderecos] = useState(chave.enderecos);
  const [ends, setEnds] = useState(localMoment(chave.expira_em));
  const [ativa, setAtiva] = useState(chave.ativa);
  const [problem, setProblem] = useState('');
  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    const expira_em = ends === '' ? null : new Date(ends).toISOString();
    const body = { nome: nome.trim(), permissoes, enderecos, expira_em, ativa };
    try {
      if (chave.id === null) made(await call(api['chaves-api'].post(body)));
      else await call(api['chaves-api']({ id: chave.id }).put(body));
      said(kit('salvo'));
      refresh('chaves-api');
      onClose();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : String(error));
    }
  }
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="xl"
      title={chave.nome || t('nova')}
      closeButtonProps={{ 'aria-label': kit('fechar') }}
    >
      <form onSubmit={(event) => void save(event)}>
        <Stack>
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          <TextInput label={t('nome')} required value={nome} onChange={(event) => setNome(event.currentTarget.value)} />
          <TextInput
            type="datetime-local"
            label={t('expira_em')}
            value={ends}
            onChange={(event) => setEnds(event.currentTarget.value)}
          />
          <TagsInput label={t('enderecos')} placeholder="203.0.113.0/24" value={enderecos} onChange={setEnderecos} />
          <Switch label={t('ativa')} checked={ativa} onChange={(event) => setAtiva(event.currentTarget.checked)} />
          <PermissionMatrix value={permissoes} onChange={setPermissoes} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {kit('cancelar')}
            </Button>
            <Button type="submit">{kit('salvar')}</Button>
          </Group>
        </Stack>
      </form>
    </Drawer>
  );
}
