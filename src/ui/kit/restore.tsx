/** Taking a record back to what it was after one of its changes. */

import { Button } from '@mantine/core';
import { useState } from 'react';
import { request } from './api';
import { Confirm, said } from './feedback';
import { kitTexts } from './kit.texts';
import { refresh } from './query';
import { useCan } from './session';
import { useT } from './texts';

const restorable = new Set(['clientes', 'licencas', 'maquinas']);

export function RestoreButton({ modulo, id, mudanca }: { modulo: string; id: string; mudanca: string }) {
  const t = useT(kitTexts);
  const can = useCan();
  const [open, setOpen] = useState(false);
  if (!restorable.has(modulo) || !can(`${modulo}:editar`)) return null;
  async function restore(): Promise<void> {
    const response = await request(`/api/v1/${modulo}/${id}/historico/${mudanca}/restaurar`, { method: 'POST' });
    const { restauradas } = (await response.json()) as { restauradas: unknown[] };
    said(restauradas.length === 0 ? t('nada_a_restaurar') : t('restaurado'));
    refresh(modulo);
  }
  return (
    <>
      <Button size="compact-xs" variant="subtle" onClick={() => setOpen(true)}>
        {t('voltar_a_este_ponto')}
      </Button>
      {open && (
        <Confirm
          title={t('voltar_a_este_ponto')}
          text={t('voltar_explicacao')}
          action={t('restaurar')}
          run={restore}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  );
}
