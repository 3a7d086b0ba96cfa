/** Where the keyboard was before something opened over the page. */

import { useEffect, useState } from 'react';

/** Gives the focus back when the component goes, unless it has gone elsewhere by itself. */
export function useReturnFocus(): void {
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      setTimeout(() => {
        if (document.activeElement === document.body && before instanceof HTMLElement) before.focus();
      });
    },
    [before],
  );
}
