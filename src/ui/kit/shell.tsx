/** What stands around every page: the rail, the way to everything by keyboard, and whether the server is there. */

import {
  ActionIcon,
  Alert,
  AppShell,
  Box,
  Burger,
  Button,
  Group,
  Menu,
  NavLink,
  ScrollArea,
  Text,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import {
  IconBook,
  IconCode,
  IconLanguage,
  IconLogout,
  IconMoon,
  IconPlugConnectedX,
  IconSearch,
  IconSun,
  IconUser,
} from '@tabler/icons-react';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { type Page, pages } from '../pages';
import { useReachable } from './connection';
import { kitTexts } from './kit.texts';
import { useLiveConnection } from './live';
import { logout, useCan, useSession } from './session';
import { idiomaAtual, mudarIdioma, useT } from './texts';

const Palette = lazy(() => import('./palette'));
const grupos = ['operacao', 'entrega', 'dinheiro', 'sistema'] as const;
const phoneEntries = 4;

export function Shell() {
  const t = useT(kitTexts);
  const can = useCan();
  const [open, { toggle, close }] = useDisclosure(false);
  const [searching, search] = useDisclosure(false);
  const { pathname } = useLocation();
  useHotkeys([['mod+K', search.open]], []);
  useLiveConnection(can('eventos:ler'));
  const visible = pages.filter(({ grupo, permissao }) => grupo && (!permissao || can(permissao)));
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 216, breakpoint: 'sm', collapsed: { mobile: !open } }}
      padding={{ base: 'sm', sm: 'lg' }}
    >
      <a href="#conteudo" className="pular">
        {t('pular')}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={open} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={t('menu')} />
            <Text component={Link} to="/" fw={700} visibleFrom="xs" className="marca">
              narcidicontrol
            </Text>
          </Group>
          <Group gap="xs" wrap="nowrap" style={{ flex: 1, minWidth: 0 }} justify="flex-end">
            <Button
              variant="default"
              color="gray"
              fw={400}
              leftSection={<IconSearch size={16} aria-hidden />}
              rightSection={
                <Text size="xs" c="dimmed" visibleFrom="sm">
                  Ctrl+K
                </Text>
              }
              onClick={search.open}
              maw={400}
              style={{ minWidth: 0 }}
            >
              {t('buscar_tudo')}
            </Button>
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label={t('menu')}>
        <AppShell.Section grow component={ScrollArea}>
          {grupos.map((grupo) => {
            const inGroup = visible.filter((page) => page.grupo === grupo);
            return inGroup.length === 0 ? null : (
              <Box key={grupo} mb="sm">
                <Text size="xs" c="dimmed" fw={600} px="sm" py={4}>
                  {t(`grupo_${grupo}`)}
                </Text>
                {inGroup.map((page) => (
                  <NavLink
                    key={page.path}
                    component={Link}
                    to={page.path}
                    label={page.texto ? t(page.texto) : page.path}
                    leftSection={page.icone && <page.icone size={18} aria-hidden />}
                    active={isAt(page, pathname)}
                    aria-current={isAt(page, pathname) ? 'page' : undefined}
                    onClick={close}
                  />
                ))}
              </Box>
            );
          })}
        </AppShell.Section>
        <AppShell.Section>
          <NavLink component="a" href="/docs" label={t('ajuda')} leftSection={<IconBook size={18} aria-hidden />} />
          <NavLink component="a" href="/swagger" label={t('api')} leftSection={<IconCode size={18} aria-hidden />} />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="conteudo" tabIndex={-1} className="conteudo">
        <Offline />
        <Outlet />
      </AppShell.Main>
      <Box component="nav" hiddenFrom="sm" className="barra-telefone" aria-label={t('grupo_operacao')}>
        {visible.slice(0, phoneEntries).map((page) => (
          <UnstyledButton
            key={page.path}
            component={Link}
            to={page.path}
            aria-current={isAt(page, pathname) ? 'page' : undefined}
            onClick={close}
          >
            {page.icone && <page.icone size={20} aria-hidden />}
            <span>{page.texto ? t(page.texto) : page.path}</span>
          </UnstyledButton>
        ))}
      </Box>
      {searching && (
        <Suspense fallback={null}>
          <Palette onClose={search.close} />
        </Suspense>
      )}
    </AppShell>
  );
}

function isAt({ path }: Page, pathname: string): boolean {
  return path === '/' ? pathname === '/' : pathname === path || pathname.startsWith(`${path}/`);
}

function AccountMenu() {
  const t = useT(kitTexts);
  const session = useSession();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme('light') === 'dark';
  const name = 'usuario' in session ? session.usuario.nome : '';
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="default" size="lg" aria-label={t('conta')}>
          <IconUser size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{name}</Menu.Label>
        <Menu.Item component={Link} to="/conta" leftSection={<IconUser size={16} aria-hidden />}>
          {t('conta')}
        </Menu.Item>
        <Menu.Item
          leftSection={dark ? <IconSun size={16} aria-hidden /> : <IconMoon size={16} aria-hidden />}
          onClick={() => setColorScheme(dark ? 'light' : 'dark')}
        >
          {t(dark ? 'tema_claro' : 'tema_escuro')}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLanguage size={16} aria-hidden />}
          onClick={() => void mudarIdioma(idiomaAtual() === 'pt-BR' ? 'en' : 'pt-BR')}
        >
          {t('outro_idioma')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void logout()}>
          {t('sair')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Offline() {
  const t = useT(kitTexts);
  if (useReachable()) return null;
  return (
    <Alert color="orange" mb="md" icon={<IconPlugConnectedX aria-hidden />} title={t('sem_conexao')} role="status">
      {t('reconectando')}
    </Alert>
  );
}
