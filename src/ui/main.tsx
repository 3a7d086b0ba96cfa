/** Begins the web UI: who is logged in decides what is loaded. */

import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './styles.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { LoginPage } from './kit/login';
import { queryClient } from './kit/query';
import { openSession, useSession } from './kit/session';
import { theme } from './kit/theme';

const App = lazy(() => import('./app'));
const Setup = lazy(() => import('./modules/acesso/setup.page'));

function Start() {
  const session = useSession();
  // The wizard goes on after its first step has logged in.
  if (window.location.pathname === '/setup') {
    return (
      <Suspense fallback={null}>
        <Setup />
      </Suspense>
    );
  }
  if (session.tipo === 'abrindo') return null;
  if (session.tipo === 'fora') return <LoginPage />;
  return (
    <Suspense fallback={null}>
      <App />
    </Suspense>
  );
}

void openSession();
const container = document.getElementById('raiz');
if (container) {
  createRoot(container).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto">
        <QueryClientProvider client={queryClient}>
          <Notifications position="bottom-right" zIndex={500} />
          <Start />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
