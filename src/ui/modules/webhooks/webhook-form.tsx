/** A webhook's fields, new and edited. */

import { api, call, callWithEtag } from '../../kit/api';
import { FormDrawer, ifMatch, revisionOf } from '../../kit/form';
import type { Field, Values } from '../../kit/form-field';
import { kitTexts } from '../../kit/kit.texts';
import { loose, refresh } from '../../kit/query';
import { useT } from '../../kit/texts';
import { eventTypes } from '../eventos/event-text';
import { findClientes, nameClientes } from '../licencas/licenca-form';
import { webhooksTexts } from './webhooks.texts';

function useCampos(): readonly Field[] {
  const t = useT(webhooksTexts);
  const families = [...new Set(eventTypes.map((tipo) => `${tipo.split('.')[0]}.*`))];
  return [
    { nome: 'url', rotulo: t('url'), tipo: 'texto', obrigatorio: true, exemplo: 'https://erp.exemplo.com.br/narcidi' },
    {
      nome: 'eventos',
      rotulo: t('eventos'),
      ajuda: t('eventos_ajuda'),
      tipo: 'lista',
      obrigatorio: true,
      opcoes: ['*', ...families, ...eventTypes].map((value) => ({ value, label: value })),
    },
    {
      nome: 'cliente_ids',
      rotulo: t('clientes'),
      ajuda: t('clientes_ajuda'),
      tipo: 'buscas',
      procurar: findClientes,
      nomear: nameClientes,
    },
    { nome: 'cabecalhos', rotulo: t('cabecalhos'), ajuda: t('cabecalhos_ajuda'), tipo: 'json' },
    { nome: 'modelo', rotulo: t('modelo'), ajuda: t('modelo_ajuda'), tipo: 'longo', anulavel: true },
    { nome: 'ativo', rotulo: t('ativo'), tipo: 'sim_nao' },
  ];
}

export function NovoWebhook({ created, onClose }: { created(segredo: string): void; onClose(): void }) {
  const t = useT(webhooksTexts);
  const kit = useT(kitTexts);
  return (
    <FormDrawer
      titulo={t('novo')}
      rotulo={kit('criar')}
      campos={useCampos()}
      inicial={{ ativo: true }}
      enviar={async (values) => created((await call(api.webhooks.post(loose(values)))).segredo)}
      onClose={onClose}
    />
  );
}

interface EditProps {
  id: string;
  inicial: Values;
  etag: string | null;
  onClose(): void;
}

export function EditarWebhook({ id, inicial, etag, onClose }: EditProps) {
  const t = useT(webhooksTexts);
  return (
    <FormDrawer
      titulo={t('editar')}
      campos={useCampos()}
      inicial={formValues(inicial)}
      revisao={revisionOf(etag, () => callWithEtag(api.webhooks({ id }).get()), formValues)}
      enviar={async (values, revision) => {
        await call(api.webhooks({ id }).put(loose(values), ifMatch(revision)));
      }}
      onClose={() => {
        refresh('webhooks');
        onClose();
      }}
    />
  );
}

function formValues(webhook: Values): Values {
  return { ...webhook, cabecalhos: JSON.stringify(webhook.cabecalhos ?? {}, null, 2) };
}
