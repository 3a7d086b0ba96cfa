/** The page of one record: who it is and how it stands, what can be done, the facts, and what has happened. */

import { Anchor, Button, Grid, Group, Menu, Paper, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core';
import { IconChevronLeft, IconDots } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { kitTexts } from './kit.texts';
import { useCan } from './session';
import { useT } from './texts';
import { useParamsOfUrl } from './url';

export interface Action {
  rotulo: string;
  icone?: ReactNode;
  permissao?: string;
  perigo?: boolean;
  run(): void;
}

export interface Fact {
  rotulo: string;
  valor: ReactNode;
  /** Takes the room of two, as a key does. */
  largo?: boolean;
}

export interface Aba {
  id: string;
  rotulo: string;
  permissao?: string;
  conteudo(): ReactNode;
}

interface EntityProps {
  /** Where one comes from. */
  lista: { href: string; rotulo: string };
  titulo: string;
  status?: ReactNode;
  subtitulo?: ReactNode;
  /** The usual ones; the rest belongs into the menu. */
  acoes?: readonly Action[];
  menu?: readonly Action[];
  fatos: readonly Fact[];
  /** Between the facts and the tabs. */
  destaque?: ReactNode;
  abas?: readonly Aba[];
  linhaDoTempo?: ReactNode;
}

export function EntityPage(props: EntityProps) {
  const { lista, titulo, status, subtitulo, acoes = [], menu = [], fatos, destaque, abas = [], linhaDoTempo } = props;
  const t = useT(kitTexts);
  const can = useCan();
  const [params, change] = useParamsOfUrl();
  const allowed = ({ permissao }: { permissao?: string }): boolean => !permissao || can(permissao);
  const inMenu = menu.filter(allowed);
  const tabs = abas.filter(allowed);
  const tab = tabs.find(({ id }) => id === params.aba) ?? tabs[0];
  return (
    <Stack gap="md">
      <Anchor component={Link} to={lista.href} size="sm" c="dimmed" style={{ width: 'fit-content' }}>
        <Group gap={2}>
          <IconChevronLeft size={14} aria-hidden />
          {lista.rotulo}
        </Group>
      </Anchor>
      <Group justify="space-between" align="flex-start" gap="xs">
        <div style={{ minWidth: 0 }}>
          <Group gap="sm">
            <Title order={1} size="h3" style={{ overflowWrap: 'anywhere' }}>
              {titulo}
            </Title>
            {status}
          </Group>
          {subtitulo && (
            <Text c="dimmed" size="sm" component="div">
              {subtitulo}
            </Text>
          )}
        </div>
        <Group gap="xs">
          {acoes.filter(allowed).map(({ rotulo, icone, perigo, run }) => (
            <Button
              key={rotulo}
              variant={perigo ? 'light' : 'default'}
              {...(perigo ? { color: 'red' } : {})}
              leftSection={icone}
              onClick={run}
            >
              {rotulo}
            </Button>
          ))}
          {inMenu.length > 0 && (
            <Menu position="bottom-end" withinPortal>
              <Menu.Target>
                <Button variant="default" px="xs" aria-label={t('acoes')}>
                  <IconDots size={18} aria-hidden />
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                {inMenu.map(({ rotulo, icone, perigo, run }) => (
                  <Menu.Item key={rotulo} leftSection={icone} {...(perigo ? { color: 'red' } : {})} onClick={run}>
                    {rotulo}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
          )}
        </Group>
      </Group>
      <Grid gap="md">
        <Grid.Col span={{ base: 12, lg: linhaDoTempo ? 8 : 12 }}>
          <Stack gap="md">
            <Facts facts={fatos} />
            {destaque}
            {tab && (
              <Tabs value={tab.id} onChange={(id) => change({ aba: id ?? '' })} keepMounted={false}>
                <Tabs.List>
                  {tabs.map(({ id, rotulo }) => (
                    <Tabs.Tab key={id} value={id}>
                      {rotulo}
                    </Tabs.Tab>
                  ))}
                </Tabs.List>
                <Tabs.Panel value={tab.id} pt="md">
                  {tab.conteudo()}
                </Tabs.Panel>
              </Tabs>
            )}
          </Stack>
        </Grid.Col>
        {linhaDoTempo && <Grid.Col span={{ base: 12, lg: 4 }}>{linhaDoTempo}</Grid.Col>}
      </Grid>
    </Stack>
  );
}

export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <Paper withBorder p="md">
      <dl className="fatos">
        {facts.map(({ rotulo, valor, largo = false }) => (
          <div key={rotulo} data-largo={largo}>
            <dt>{rotulo}</dt>
            <dd>{valor ?? '—'}</dd>
          </div>
        ))}
      </dl>
    </Paper>
  );
}

/** While a record is on its way. */
export function EntityWaiting() {
  return (
    <Stack gap="md" aria-busy>
      <Skeleton height={14} width={90} />
      <Skeleton height={30} width={280} />
      <Skeleton height={120} />
      <Skeleton height={240} />
    </Stack>
  );
}
