/** A customer's fields, new and edited. */

import { api, call, callWithEtag } from '../../kit/api';
import { FormDrawer, ifMatch, revisionOf } from '../../kit/form';
import type { Field, Values } from '../../kit/form-field';
import { kitTexts } from '../../kit/kit.texts';
import { loose, refresh } from '../../kit/query';
import { useT } from '../../kit/texts';
import { clientesTexts } from './clientes.texts';

export const clienteTipos = ['free', 'basic', 'pro', 'enterprise'] as const;

function useCampos(): readonly Field[] {
  const t = useT(clientesTexts);
  return [
    { nome: 'nome', rotulo: t('nome'), tipo: 'texto', obrigatorio: true },
    { nome: 'email', rotulo: t('email'), tipo: 'email', obrigatorio: true },
    { nome: 'telefone', rotulo: t('telefone'), tipo: 'texto', anulavel: true },
    { nome: 'documento', rotulo: t('documento'), tipo: 'texto', anulavel: true, exemplo: '12.345.678/0001-95' },
    {
      nome: 'tipo',
      rotulo: t('tipo'),
      tipo: 'escolha',
      obrigatorio: true,
      opcoes: clienteTipos.map((tipo) => ({ value: tipo, label: tipo })),
    },
    { nome: 'metadados', rotulo: t('metadados'), ajuda: t('metadados_ajuda'), tipo: 'json' },
  ];
}

export function NovoCliente({ onClose, created }: { onClose(): void; created?(id: string): void }) {
  const t = useT(clientesTexts);
  const kit = useT(kitTexts);
  return (
    <FormDrawer
      titulo={t('novo')}
      rotulo={kit('criar')}
      campos={useCampos()}
      inicial={{ tipo: 'basic' }}
      enviar={async (values) => {
        const { id } = await call(api.clientes.post(loose(values)));
        refresh('clientes', 'painel');
        created?.(id);
      }}
      onClose={onClose}
    />
  );
}

interface EditarProps {
  id: string;
  inicial: Values;
  etag: string | null;
  onClose(): void;
}

export function EditarCliente({ id, inicial, etag, onClose }: EditarProps) {
  const t = useT(clientesTexts);
  return (
    <FormDrawer
      titulo={t('editar')}
      campos={useCampos()}
      inicial={formValues(inicial)}
      revisao={revisionOf(etag, () => callWithEtag(api.clientes({ id }).get()), formValues)}
      enviar={async (values, revision) => {
        await call(api.clientes({ id }).put(loose(values), ifMatch(revision)));
        refresh('clientes');
      }}
      onClose={() => {
        refresh('clientes');
        onClose();
      }}
    />
  );
}

function formValues(cliente: Values): Values {
  return { ...cliente, metadados: JSON.stringify(cliente.metadados ?? {}, null, 2) };
}
