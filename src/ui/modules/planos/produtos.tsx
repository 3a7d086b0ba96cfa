/** The products. */

import { Button, Group, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { api, call, callWithEtag } from '../../kit/api';
import { Confirm, failed, said } from '../../kit/feedback';
import { FormDrawer, ifMatch, revisionOf } from '../../kit/form';
import type { Field, Values } from '../../kit/form-field';
import { date } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { useT } from '../../kit/texts';
import { planosTexts } from './planos.texts';

export function Produtos() {
  const t = useT(planosTexts);
  const kit = useT(kitTexts);
  const can = useCan();
  const [open, setOpen] = useState<
    'novo' | { what: 'editar' | 'excluir'; id: string; nome: string; valores: Values; etag: string | null } | null
  >(null);
  const close = (): void => setOpen(null);
  const campos: readonly Field[] = [
    { nome: 'nome', rotulo: t('nome'), tipo: 'texto', obrigatorio: true },
    { nome: 'slug', rotulo: t('slug'), ajuda: t('slug_ajuda'), tipo: 'texto', obrigatorio: true },
    { nome: 'uso_geral', rotulo: t('uso_geral'), ajuda: t('uso_geral_ajuda'), tipo: 'sim_nao' },
  ];
  function begin(what: 'editar' | 'excluir', id: string, nome: string): void {
    callWithEtag(api.produtos({ id }).get()).then(
      ({ data, etag }) => setOpen({ what, id, nome, valores: data, etag }),
      failed,
    );
  }
  const button = can('produtos:criar') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen('novo')}>
      {t('novo_produto')}
    </Button>
  );
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed">
          {t('produtos_texto')}
        </Text>
        {button}
      </Group>
      <List
        nome="produtos"
        titulo={t('produtos')}
        embedded
        fetch={(query) => call(api.produtos.get({ query: loose(query) }))}
        columns={[
          { id: 'nome', titulo: t('nome'), render: ({ nome }) => nome, texto: ({ nome }) => nome },
          { id: 'slug', titulo: t('slug'), render: ({ slug }) => slug, texto: ({ slug }) => slug },
          {
            id: 'criado_em',
            titulo: t('criado_em'),
            largura: '120px',
            render: ({ criado_em }) => date(criado_em),
            texto: ({ criado_em }) => criado_em,
          },
          {
            id: 'acoes',
            titulo: t('acoes'),
            largura: '160px',
            permissao: 'produtos:editar',
            render: ({ id, nome }) => (
              <>
                <Button size="compact-sm" variant="subtle" onClick={() => begin('editar', id, nome)}>
                  {kit('editar')}
                </Button>
                {can('produtos:excluir') && (
                  <Button size="compact-sm" variant="subtle" color="red" onClick={() => begin('excluir', id, nome)}>
                    {kit('excluir')}
                  </Button>
                )}
              </>
            ),
          },
        ]}
        empty={{ titulo: t('vazio_produtos'), texto: t('produtos_texto'), acao: button }}
      />
      {open === 'novo' && (
        <FormDrawer
          titulo={t('novo_produto')}
          rotulo={kit('criar')}
          campos={campos}
          enviar={async (values) => {
            await call(api.produtos.post(loose(values)));
            refresh('produtos');
          }}
          onClose={close}
        />
      )}
      {open && open !== 'novo' && open.what === 'editar' && (
        <FormDrawer
          titulo={t('editar_produto')}
          campos={campos}
          inicial={open.valores}
          revisao={revisionOf(open.etag, () => callWithEtag(api.produtos({ id: open.id }).get()))}
          enviar={async (values, revision) => {
            await call(api.produtos({ id: open.id }).put(loose(values), ifMatch(revision)));
          }}
          onClose={() => {
            refresh('produtos', 'licencas');
            close();
          }}
        />
      )}
      {open && open !== 'novo' && open.what === 'excluir' && (
        <Confirm
          title={kit('excluir')}
          text={t('excluir_texto', { nome: open.nome })}
          action={kit('excluir')}
          danger
          typed={open.nome}
          run={async () => {
            await call(api.produtos({ id: open.id }).delete());
            said(kit('feito'));
            refresh('produtos');
          }}
          onClose={close}
        />
      )}
    </>
  );
}
