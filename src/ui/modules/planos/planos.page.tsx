/** What can be sold: products, and the plans they are billed by. */

import { Alert, List as Bullets, Button, Group, Modal, Stack, Tabs, Text, Title } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { api, call, callWithEtag } from '../../kit/api';
import { Confirm, failed, said } from '../../kit/feedback';
import { FormDrawer, ifMatch, revisionOf } from '../../kit/form';
import type { Field, Values } from '../../kit/form-field';
import { money, number } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { useT } from '../../kit/texts';
import { useParamsOfUrl } from '../../kit/url';
import { useCatalogo } from '../licencas/licenca-form';
import { planosTexts } from './planos.texts';
import { Produtos } from './produtos';

const periodos = ['mensal', 'trimestral', 'anual'] as const;

export default function PlanosPage() {
  const t = useT(planosTexts);
  const can = useCan();
  const [params, change] = useParamsOfUrl();
  const aba = params.aba === 'produtos' ? 'produtos' : 'planos';
  return (
    <Stack>
      <Title order={1} size="h3">
        {t('titulo')}
      </Title>
      <Tabs value={aba} onChange={(value) => change({ aba: value ?? '' })} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="planos">{t('planos')}</Tabs.Tab>
          {can('produtos:ler') && <Tabs.Tab value="produtos">{t('produtos')}</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="planos" pt="md">
          <Planos />
        </Tabs.Panel>
        <Tabs.Panel value="produtos" pt="md">
          <Produtos />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function usePlanoFields(editing: boolean): readonly Field[] {
  const t = useT(planosTexts);
  const { produtos } = useCatalogo();
  return [
    { nome: 'nome', rotulo: t('nome'), tipo: 'texto', obrigatorio: true },
    ...(editing
      ? []
      : [
          {
            nome: 'produto_id',
            rotulo: t('produto'),
            tipo: 'escolha' as const,
            obrigatorio: true,
            opcoes: produtos.map(({ id, nome }) => ({ value: id, label: nome })),
          },
          {
            nome: 'periodo',
            rotulo: t('periodo'),
            tipo: 'escolha' as const,
            obrigatorio: true,
            opcoes: periodos.map((value) => ({ value, label: t(value) })),
          },
        ]),
    { nome: 'preco_centavos', rotulo: t('preco'), tipo: 'dinheiro', obrigatorio: true, minimo: 0 },
    { nome: 'limite_maquinas', rotulo: t('limite_maquinas'), tipo: 'numero', minimo: 1 },
    { nome: 'recursos', rotulo: t('recursos'), tipo: 'lista' },
    { nome: 'carencia_dias', rotulo: t('carencia_dias'), ajuda: t('carencia_ajuda'), tipo: 'numero', minimo: 0 },
  ];
}

/** Forms have money in reais. */
function planoValues(plano: Values): Values {
  return { ...plano, preco_centavos: typeof plano.preco_centavos === 'number' ? plano.preco_centavos / 100 : '' };
}

function Planos() {
  const t = useT(planosTexts);
  const kit = useT(kitTexts);
  const can = useCan();
  const { produtos } = useCatalogo();
  const [open, setOpen] = useState<
    | 'novo'
    | { what: 'editar' | 'simular' | 'excluir'; id: string; nome: string; valores: Values; etag: string | null }
    | null
  >(null);
  const [simulated, setSimulated] = useState<{
    licencas: number;
    licencas_afetadas: number;
    maquinas_afetadas: number;
    exemplos: { mudancas: string[] }[];
  } | null>(null);
  const newFields = usePlanoFields(false);
  const editFields = usePlanoFields(true);
  const close = (): void => setOpen(null);
  function begin(what: 'editar' | 'simular' | 'excluir', id: string, nome: string): void {
    callWithEtag(api.planos({ id }).get()).then(
      ({ data, etag }) => setOpen({ what, id, nome, valores: planoValues(data), etag }),
      failed,
    );
  }
  const button = can('planos:criar') && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen('novo')}>
      {t('novo_plano')}
    </Button>
  );
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" c="dimmed">
          {t('planos_texto')}
        </Text>
        {button}
      </Group>
      <List
        nome="planos"
        titulo={t('planos')}
        embedded
        fetch={(query) => call(api.planos.get({ query: loose(query) }))}
        columns={[
          { id: 'nome', titulo: t('nome'), ordem: 'nome', render: ({ nome }) => nome, texto: ({ nome }) => nome },
          {
            id: 'preco',
            titulo: t('preco'),
            largura: '120px',
            numero: true,
            render: (row) => money(row.preco_centavos),
            texto: (row) => money(row.preco_centavos),
          },
          {
            id: 'periodo',
            titulo: t('periodo'),
            largura: '110px',
            render: ({ periodo }) => t(periodo),
            texto: ({ periodo }) => periodo,
          },
          {
            id: 'maquinas',
            titulo: t('limite_maquinas'),
            largura: '100px',
            numero: true,
            render: (row) => number(row.limite_maquinas),
            texto: (row) => String(row.limite_maquinas),
          },
          {
            id: 'produto',
            titulo: t('produto'),
            render: (row) => produtos.find(({ id }) => id === row.produto_id)?.nome ?? '—',
          },
          {
            id: 'acoes',
            titulo: t('acoes'),
            largura: '320px',
            permissao: 'planos:editar',
            render: ({ id, nome }) => (
              <>
                <Button size="compact-sm" variant="subtle" onClick={() => begin('editar', id, nome)}>
                  {kit('editar')}
                </Button>
                <Button size="compact-sm" variant="subtle" onClick={() => begin('simular', id, nome)}>
                  {t('simular')}
                </Button>
                {can('planos:excluir') && (
                  <Button size="compact-sm" variant="subtle" color="red" onClick={() => begin('excluir', id, nome)}>
                    {kit('excluir')}
                  </Button>
                )}
              </>
            ),
          },
        ]}
        empty={{ titulo: t('vazio_planos'), texto: t('vazio_planos_texto'), acao: button }}
      />
      {open === 'novo' && (
        <FormDrawer
          titulo={t('novo_plano')}
          rotulo={kit('criar')}
          campos={newFields}
          inicial={{ produto_id: produtos[0]?.id ?? '', periodo: 'mensal', limite_maquinas: 1, carencia_dias: 5 }}
          enviar={async (values) => {
            await call(api.planos.post(loose(values)));
            refresh('planos');
          }}
          onClose={close}
        />
      )}
      {open && open !== 'novo' && open.what === 'editar' && (
        <FormDrawer
          titulo={t('editar_plano')}
          campos={editFields}
          inicial={open.valores}
          revisao={revisionOf(open.etag, () => callWithEtag(api.planos({ id: open.id }).get()), planoValues)}
          enviar={async (values, revision) => {
            await call(api.planos({ id: open.id }).put(loose(values), ifMatch(revision)));
          }}
          onClose={() => {
            refresh('planos', 'licencas');
            close();
          }}
        />
      )}
      {open && open !== 'novo' && open.what === 'simular' && (
        <FormDrawer
          titulo={t('simular')}
          rotulo={t('simular')}
          campos={editFields}
          inicial={open.valores}
          dito={t('simulado')}
          enviar={async (values) => setSimulated(await call(api.planos({ id: open.id }).simular.post(loose(values))))}
          onClose={close}
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
            await call(api.planos({ id: open.id }).delete());
            said(kit('feito'));
            refresh('planos');
          }}
          onClose={close}
        />
      )}
      {simulated && (
        <Modal
          opened
          onClose={() => setSimulated(null)}
          title={t('simulado')}
          closeButtonProps={{ 'aria-label': kit('fechar') }}
        >
          <Alert>
            {t('simulado_texto', {
              afetadas: simulated.licencas_afetadas,
              licencas: simulated.licencas,
              maquinas: simulated.maquinas_afetadas,
            })}
          </Alert>
          <Bullets size="sm" mt="sm">
            {[...new Set(simulated.exemplos.flatMap(({ mudancas }) => mudancas))].map((mudanca) => (
              <Bullets.Item key={mudanca}>{mudanca}</Bullets.Item>
            ))}
          </Bullets>
        </Modal>
      )}
    </>
  );
}
