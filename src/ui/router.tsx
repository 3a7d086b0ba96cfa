/** The pages as routes; each is loaded when it is gone to. */

import { Alert, Anchor, Button, Stack, Text, Title } from '@mantine/core';
import { createRootRoute, createRoute, createRouter, type ErrorComponentProps, Link } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense } from 'react';
import { EntityWaiting } from './kit/entity';
import { kitTexts } from './kit/kit.texts';
import { useCan } from './kit/session';
import { Shell } from './kit/shell';
import { useT } from './kit/texts';
import { type Page, pages } from './pages';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: Broken });

const routes = pages.map((page) => {
  const Loaded = lazy(page.load);
  return createRoute({
    getParentRoute: () => root,
    path: page.path,
    component: () => (
      <Allowed page={page}>
        <Suspense fallback={<EntityWaiting />}>
          <Loaded />
        </Suspense>
      </Allowed>
    ),
  });
});

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultPendingComponent: EntityWaiting,
  defaultErrorComponent: Broken,
  // An address is read as texts: a customer called 1e3 is no number.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(Object.entries(search).map(([name, value]) => [name, String(value)])).toString();
    return text === '' ? '' : `?${text}`;
  },
  scrollRestoration: true,
});

function Allowed({ page, children }: { page: Page; children: ReactNode }) {
  const t = useT(kitTexts);
  const can = useCan();
  if (!page.permissao || can(page.permissao)) return children;
  return (
    <Alert color="orange" title={t('sem_permissao')}>
      {t('sem_permissao_texto', { permissao: page.permissao })}
    </Alert>
  );
}

function NotFound() {
  const t = useT(kitTexts);
  return (
    <Stack align="flex-start">
      <Title order={1} size="h3">
        {t('nao_encontrado')}
      </Title>
      <Anchor component={Link} to="/">
        {t('painel')}
      </Anchor>
    </Stack>
  );
}

/** A page that failed; the others still work. */
function Broken({ error }: ErrorComponentProps) {
  const t = useT(kitTexts);
  return (
    <Alert color="red" title={t('erro_inesperado')}>
      <Stack align="flex-start">
        <Text size="sm">{error instanceof Error ? error.message : String(error)}</Text>
        <Button variant="default" onClick={() => window.location.reload()}>
          {t('recarregar')}
        </Button>
      </Stack>
    </Alert>
  );
}
