/** Who may come in. */

import { Button, Drawer, Group, Paper, Stack, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call, callWithEtag } from '../../kit/api';
import { Confirm, failed, said } from '../../kit/feedback';
import { FormDrawer, ifMatch, revisionOf } from '../../kit/form';
import type { Field, Values } from '../../kit/form-field';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { Status } from '../../kit/status';
import { defineTexts, useT } from '../../kit/texts';
import { When } from '../../kit/time';

const texts = defineTexts('usuarios', {
  titulo: ['Usuários', 'Users'],
  descricao: ['Quem entra aqui, com que perfil.', 'Who may come in, with which profile.'],
  novo: ['Novo usuário', 'New user'],
  editar: ['Editar usuário', 'Edit user'],
  nome: ['Nome', 'Name'],
  email: ['E-mail', 'E-mail'],
  senha: ['Senha', 'Password'],
  senha_ajuda: [
    '8 caracteres ou mais, difícil de adivinhar. Vazia não muda.',
    '8 characters or more, hard to guess. Empty changes nothing.',
  ],
  perfil: ['Perfil', 'Profile'],
  ativo: ['Ativo', 'Active'],
  ativo_ajuda: ['Desativar encerra as sessões na hora.', 'Deactivating ends the sessions at once.'],
  status: ['Situação', 'Status'],
  segundo_fator: ['Segundo fator', 'Second factor'],
  sessoes: ['Sessões', 'Sessions'],
  encerrar: ['Encerrar', 'End'],
  encerrar_todas: ['Encerrar todas', 'End all'],
  encerradas: ['Sessões encerradas', 'Sessions ended'],
  tirar_2fa: ['Desligar segundo fator', 'Turn off second factor'],
  tirar_2fa_texto: [
    '{{nome}} entra só com a senha até ligar de novo.',
    '{{nome}} logs in by password only until it is turned on again.',
  ],
  excluir_texto: [
    '{{nome}} não entra mais; o que fez fica na auditoria.',
    '{{nome}} may not come in any more; what they did stays in the audit.',
  ],
  acoes: ['Ações', 'Actions'],
  sem_sessoes: ['Nenhuma sessão aberta.', 'No open sessions.'],
  vazio: ['Nenhum usuário', 'No users'],
});

type Open =
  | 'novo'
  | {
      what: 'editar' | 'excluir' | 'sessoes' | 'segundo_fator';
      id: string;
      nome: string;
      valores: Values;
      etag: string | null;
    };

export default function UsuariosPage() {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const can = useCan();
  const [open, setOpen] = useState<Open | null>(null);
  const perfis = useQuery({
    queryKey: ['perfis', 'todos'],
    queryFn: () => call(api.perfis.get({ query: { limite: 200 } })),
  });
  const close = (): void => setOpen(null);
  const campos = (isNew: boolean): readonly Field[] => [
    { nome: 'nome', rotulo: t('nome'), tipo: 'texto', obrigatorio: true },
    { nome: 'email', rotulo: t('email'), tipo: 'email', obrigatorio: true },
    { nome: 'senha', rotulo: t('senha'), ajuda: t('senha_ajuda'), tipo: 'senha', obrigatorio: isNew },
    {
      nome: 'perfil_id',
      rotulo: t('perfil'),
      tipo: 'escolha',
      obrigatorio: true,
      opcoes: perfis.data?.itens.map(({ id, nome }) => ({ value: id, label: nome })) ?? [],
    },
    { nome: 'ativo', rotulo: t('ativo'), ajuda: t('ativo_ajuda'), tipo: 'sim_nao' },
  ];
  function begin(what: 'editar' | 'excluir' | 'sessoes' | 'segundo_fator', id: string, nome: string): void {
    callWithEtag(api.usuarios({ id }).get()).then(
      ({ data, etag }) => setOpen({ what, id, nome, valores: data, etag }),
      failed,
    );
  }
  const button = can('usuarios:criar') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen('novo')}>
      {t('novo')}
    </Button>
  );
  const one = open !== null && open !== 'novo' ? open : null;
  return (
    <>
      <List
        nome="usuarios"
        titulo={t('titulo')}
        descricao={t('descricao')}
        fetch={(query) => call(api.usuarios.get({ query: loose(query) }))}
        actions={button}
        columns={[
          { id: 'nome', titulo: t('nome'), render: ({ nome }) => nome, texto: ({ nome }) => nome },
          {
            id: 'status',
            titulo: t('status'),
            largura: '110px',
            render: ({ ativo }) => <Status value={ativo ? 'ativo' : 'inativo'} />,
            texto: ({ ativo }) => String(ativo),
          },
          { id: 'email', titulo: t('email'), render: ({ email }) => email, texto: ({ email }) => email },
          {
            id: 'perfil',
            titulo: t('perfil'),
            largura: '140px',
            render: ({ perfil }) => perfil.nome,
            texto: ({ perfil }) => perfil.nome,
          },
          {
            id: 'segundo_fator',
            titulo: t('segundo_fator'),
            largura: '120px',
            render: (row) => kit(row.segundo_fator ? 'sim' : 'nao'),
            texto: (row) => String(row.segundo_fator),
          },
          {
            id: 'acoes',
            titulo: t('acoes'),
            largura: '270px',
            permissao: 'usuarios:editar',
            render: ({ id, nome }) => (
              <>
                <Button size="compact-sm" variant="subtle" onClick={() => begin('editar', id, nome)}>
                  {kit('editar')}
                </Button>
                <Button size="compact-sm" variant="subtle" onClick={() => begin('sessoes', id, nome)}>
                  {t('sessoes')}
                </Button>
                {can('usuarios:excluir') && (
                  <Button size="compact-sm" variant="subtle" color="red" onClick={() => begin('excluir', id, nome)}>
                    {kit('excluir')}
                  </Button>
                )}
              </>
            ),
          },
        ]}
        empty={{ titulo: t('vazio'), texto: t('descricao'), acao: button }}
      />
      {open === 'novo' && (
        <FormDrawer
          titulo={t('novo')}
          rotulo={kit('criar')}
          campos={campos(true)}
          inicial={{ ativo: true }}
          enviar={async (values) => {
            await call(api.usuarios.post(loose(values)));
            refresh('usuarios');
          }}
          onClose={close}
        />
      )}
      {one?.what === 'editar' && (
        <FormDrawer
          titulo={t('editar')}
          campos={campos(false)}
          inicial={formValues(one.valores)}
          revisao={revisionOf(one.etag, () => callWithEtag(api.usuarios({ id: one.id }).get()), formValues)}
          enviar={async (values, revision) => {
            await call(api.usuarios({ id: one.id }).put(loose(values), ifMatch(revision)));
          }}
          onClose={() => {
            refresh('usuarios');
            close();
          }}
        />
      )}
      {one?.what === 'excluir' && (
        <Confirm
          title={kit('excluir')}
          text={t('excluir_texto', { nome: one.nome })}
          action={kit('excluir')}
          danger
          typed={one.nome}
          run={async () => {
            await call(api.usuarios({ id: one.id }).delete());
            said(kit('feito'));
            refresh('usuarios');
          }}
          onClose={close}
        />
      )}
      {one?.what === 'segundo_fator' && (
        <Confirm
          title={t('tirar_2fa')}
          text={t('tirar_2fa_texto', { nome: one.nome })}
          action={t('tirar_2fa')}
          danger
          run={async () => {
            await call(api.usuarios({ id: one.id })['2fa'].delete());
            said(kit('feito'));
            refresh('usuarios');
          }}
          onClose={close}
        />
      )}
      {one?.what === 'sessoes' && (
        <Sessoes
          id={one.id}
          nome={one.nome}
          onClose={close}
          remove2fa={() => setOpen({ ...one, what: 'segundo_fator' })}
        />
      )}
    </>
  );
}

function formValues(usuario: Values): Values {
  const perfil = usuario.perfil as { id: string } | undefined;
  return { ...usuario, perfil_id: perfil?.id ?? '' };
}

function Sessoes({ id, nome, onClose, remove2fa }: { id: string; nome: string; onClose(): void; remove2fa(): void }) {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const query = useQuery({
    queryKey: ['usuarios', id, 'sessoes'],
    queryFn: () => call(api.usuarios({ id }).sessoes.get()),
  });
  const ended = (): void => {
    said(t('encerradas'));
    refresh('usuarios');
  };
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      title={`${t('sessoes')}: ${nome}`}
      closeButtonProps={{ 'aria-label': kit('fechar') }}
    >
      <Stack>
        {query.data?.itens.length === 0 && <Text size="sm">{t('sem_sessoes')}</Text>}
        {query.data?.itens.map((sessao) => (
          <Paper key={sessao.id} withBorder p="sm">
            <Group justify="space-between">
              <div>
                <Text size="sm">{sessao.ip ?? '—'}</Text>
                <Text size="xs" c="dimmed" component="div">
                  <When at={sessao.usada_em} />
                </Text>
              </div>
              <Button
                size="xs"
                variant="default"
                onClick={() =>
                  void call(api.usuarios({ id }).sessoes({ sessao_id: sessao.id }).delete()).then(ended, failed)
                }
              >
                {t('encerrar')}
              </Button>
            </Group>
          </Paper>
        ))}
        <Group>
          <Button
            variant="default"
            onClick={() => void call(api.usuarios({ id }).sessoes.delete()).then(ended, failed)}
          >
            {t('encerrar_todas')}
          </Button>
          <Button variant="default" color="red" onClick={remove2fa}>
            {t('tirar_2fa')}
          </Button>
        </Group>
      </Stack>
    </Drawer>
  );
}
