/** Profiles: what each may see and do. */

import { Alert, Badge, Button, Drawer, Group, Stack, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { ApiError, api, call, callWithEtag } from '../../kit/api';
import { Confirm, failed, said } from '../../kit/feedback';
import { number } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { defineTexts, useT } from '../../kit/texts';
import { PermissionMatrix } from './permissoes';

const texts = defineTexts('perfis', {
  titulo: ['Perfis', 'Profiles'],
  descricao: [
    'O que cada perfil pode ver e fazer. Ninguém dá o que não tem.',
    'What each profile may see and do. Nobody grants what they lack.',
  ],
  novo: ['Novo perfil', 'New profile'],
  nome: ['Nome', 'Name'],
  permissoes: ['Permissões', 'Permissions'],
  embutido: ['de fábrica', 'built in'],
  ver: ['Ver', 'View'],
  excluir_texto: [
    'O perfil {{nome}} é excluído. Só é possível se ninguém o tem.',
    'The profile {{nome}} is deleted. Possible only if nobody has it.',
  ],
  acoes: ['Ações', 'Actions'],
});

interface Editing {
  id: string | null;
  nome: string;
  permissoes: string[];
  embutido: boolean;
  etag: string | null;
}

export default function PerfisPage() {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const can = useCan();
  const [editing, setEditing] = useState<Editing | null>(null);
  const [deleting, setDeleting] = useState<{ id: string; nome: string } | null>(null);
  function begin(id: string): void {
    callWithEtag(api.perfis({ id }).get()).then(({ data, etag }) => setEditing({ ...data, etag }), failed);
  }
  const button = can('perfis:criar') && (
    <Button
      leftSection={<IconPlus size={16} aria-hidden />}
      onClick={() => setEditing({ id: null, nome: '', permissoes: [], embutido: false, etag: null })}
    >
      {t('novo')}
    </Button>
  );
  return (
    <>
      <List
        nome="perfis"
        titulo={t('titulo')}
        descricao={t('descricao')}
        semBusca
        fetch={(query) => call(api.perfis.get({ query: loose(query) }))}
        actions={button}
        columns={[
          {
            id: 'nome',
            titulo: t('nome'),
            render: ({ nome, embutido }) => (
              <>
                {nome}{' '}
                {embutido && (
                  <Badge size="xs" variant="default" tt="none">
                    {t('embutido')}
                  </Badge>
                )}
              </>
            ),
            texto: ({ nome }) => nome,
          },
          {
            id: 'permissoes',
            titulo: t('permissoes'),
            largura: '120px',
            numero: true,
            render: (row) => number(row.permissoes.length),
            texto: (row) => row.permissoes.join(' '),
          },
          {
            id: 'acoes',
            titulo: t('acoes'),
            largura: '180px',
            render: ({ id, nome, embutido }) => (
              <>
                <Button size="compact-sm" variant="subtle" onClick={() => begin(id)}>
                  {embutido || !can('perfis:editar') ? t('ver') : kit('editar')}
                </Button>
                {!embutido && can('perfis:excluir') && (
                  <Button size="compact-sm" variant="subtle" color="red" onClick={() => setDeleting({ id, nome })}>
                    {kit('excluir')}
                  </Button>
                )}
              </>
            ),
          },
        ]}
        empty={{ titulo: t('titulo'), texto: t('descricao'), acao: button }}
      />
      {editing && <Editor perfil={editing} onClose={() => setEditing(null)} />}
      {deleting && (
        <Confirm
          title={kit('excluir')}
          text={t('excluir_texto', { nome: deleting.nome })}
          action={kit('excluir')}
          danger
          run={async () => {
            await call(api.perfis({ id: deleting.id }).delete());
            said(kit('feito'));
            refresh('perfis');
          }}
          onClose={() => setDeleting(null)}
        />
      )}
    </>
  );
}

function Editor({ perfil, onClose }: { perfil: Editing; onClose(): void }) {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const can = useCan();
  const [nome, setNome] = useState(perfil.nome);
  const [permissoes, setPermissoes] = useState(perfil.permissoes);
  const [problem, setProblem] = useState('');
  const fixed = perfil.embutido || !can(perfil.id === null ? 'perfis:criar' : 'perfis:editar');
  async function save(event: FormEvent): Promise<void> {
    event.preventDefault();
    const body = { nome: nome.trim(), permissoes };
    try {
      if (perfil.id === null) await call(api.perfis.post(body));
      else {
        const headers = perfil.etag ? { 'if-match': perfil.etag } : {};
        await call(api.perfis({ id: perfil.id }).put(body, loose({ headers })));
      }
      said(kit('salvo'));
      refresh('perfis');
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
      title={perfil.nome || t('novo')}
      closeButtonProps={{ 'aria-label': kit('fechar') }}
    >
      <form onSubmit={(event) => void save(event)}>
        <Stack>
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          <TextInput
            label={t('nome')}
            required
            disabled={fixed}
            value={nome}
            onChange={(event) => setNome(event.currentTarget.value)}
          />
          <PermissionMatrix value={permissoes} {...(fixed ? {} : { onChange: setPermissoes })} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {kit('fechar')}
            </Button>
            {!fixed && <Button type="submit">{kit('salvar')}</Button>}
          </Group>
        </Stack>
      </form>
    </Drawer>
  );
}
