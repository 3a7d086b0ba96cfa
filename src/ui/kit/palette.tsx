/** Ctrl+K: any customer, licence, machine or page by a few letters of it. */

import { Spotlight } from '@mantine/spotlight';
import '@mantine/spotlight/styles.css';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { pages } from '../pages';
import { api, call } from './api';
import { kitTexts } from './kit.texts';
import { useCan } from './session';
import { useT } from './texts';

const perKind = 5;

export default function Palette({ onClose }: { onClose(): void }) {
  const t = useT(kitTexts);
  const can = useCan();
  const navigate = useNavigate();
  const [typed, setTyped] = useState('');
  const [asked] = useDebouncedValue(typed.trim(), 150);
  const found = useQuery({
    queryKey: ['palette', asked],
    enabled: asked.length > 1,
    queryFn: async () => {
      const query = { busca: asked, limite: perKind };
      const nothing = Promise.resolve({ itens: [] });
      const [clientes, licencas, maquinas] = await Promise.all([
        can('clientes:ler') ? call(api.clientes.get({ query })) : nothing,
        can('licencas:ler') ? call(api.licencas.get({ query })) : nothing,
        can('maquinas:ler') ? call(api.maquinas.get({ query })) : nothing,
      ]);
      return { clientes: clientes.itens, licencas: licencas.itens, maquinas: maquinas.itens };
    },
  });
  function go(to: string): void {
    onClose();
    void navigate({ to });
  }
  const lower = typed.trim().toLowerCase();
  const named = pages.filter(
    ({ grupo, texto, permissao }) =>
      grupo && texto && (!permissao || can(permissao)) && t(texto).toLowerCase().includes(lower),
  );
  const { clientes = [], licencas = [], maquinas = [] } = found.data ?? {};
  const nothing =
    lower !== '' && !found.isFetching && named.length + clientes.length + licencas.length + maquinas.length === 0;
  return (
    <Spotlight.Root
      forceOpened
      attributes={{ content: { 'aria-label': t('buscar_tudo') } }}
      onSpotlightClose={onClose}
      query={typed}
      onQueryChange={setTyped}
      shortcut={null}
      scrollable
      maxHeight={420}
    >
      <Spotlight.Search
        placeholder={t('buscar_tudo')}
        aria-label={t('buscar_tudo')}
        leftSection={<IconSearch size={18} aria-hidden />}
      />
      <Spotlight.ActionsList>
        {nothing && <Spotlight.Empty>{t('nada_encontrado')}</Spotlight.Empty>}
        {clientes.length > 0 && (
          <Spotlight.ActionsGroup label={t('clientes')}>
            {clientes.map(({ id, nome, email }) => (
              <Spotlight.Action key={id} label={nome} description={email} onClick={() => go(`/clientes/${id}`)} />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {licencas.length > 0 && (
          <Spotlight.ActionsGroup label={t('licencas')}>
            {licencas.map(({ id, chave_prefixo, produto }) => (
              <Spotlight.Action
                key={id}
                label={`${chave_prefixo}-•••••`}
                description={produto}
                onClick={() => go(`/licencas/${id}`)}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {maquinas.length > 0 && (
          <Spotlight.ActionsGroup label={t('maquinas')}>
            {maquinas.map(({ id, nome, so }) => (
              <Spotlight.Action key={id} label={nome} description={so ?? ''} onClick={() => go(`/maquinas/${id}`)} />
            ))}
          </Spotlight.ActionsGroup>
        )}
        {named.length > 0 && (
          <Spotlight.ActionsGroup label={t('ir_para')}>
            {named.map(({ path, texto, icone: Icone }) => (
              <Spotlight.Action
                key={path}
                label={texto ? t(texto) : path}
                leftSection={Icone && <Icone size={18} aria-hidden />}
                onClick={() => go(path)}
              />
            ))}
          </Spotlight.ActionsGroup>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
