/** Everything after the log-in. */

import { RouterProvider } from '@tanstack/react-router';
import { useEffect } from 'react';
import { onReturn } from './kit/connection';
import { SessionEnded } from './kit/login';
import { queryClient } from './kit/query';
import { router } from './router';

export default function App() {
  useEffect(() => onReturn(() => void queryClient.invalidateQueries()), []);
  return (
    <>
      <RouterProvider router={router} />
      <SessionEnded />
    </>
  );
}
