/**
 * Every page there is.
 *
 * To add one: a folder in `modules/` with the name of the server's module, in it a file whose default export is the page
 * (`List` of kit/list, `EntityPage` of kit/entity, `FormDrawer` of kit/form; `modules/clientes` is the model) and its texts
 * in both languages, and a line here. Who lacks the permission neither sees it in the rail nor gets it by its address; one
 * with a group stands in the rail.
 */

import {
  IconAlertTriangle,
  IconBox,
  IconCreditCard,
  IconDeviceDesktop,
  IconHistory,
  IconKey,
  IconLayoutDashboard,
  IconReceipt,
  IconSettings,
  IconUsers,
  IconWebhook,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { kitTexts } from './kit/kit.texts';

export interface Page {
  /** `$id` stands for a part of the address. */
  path: string;
  load(): Promise<{ default: ComponentType }>;
  permissao?: string;
  grupo?: 'operacao' | 'entrega' | 'dinheiro' | 'sistema';
  /** Its word in the rail. */
  texto?: keyof typeof kitTexts.keys;
  icone?: ComponentType<{ size?: number; 'aria-hidden'?: boolean }>;
}

export const pages: readonly Page[] = [
  {
    path: '/',
    load: () => import('./modules/painel/painel.page'),
    permissao: 'painel:ler',
    grupo: 'operacao',
    texto: 'painel',
    icone: IconLayoutDashboard,
  },
  {
    path: '/clientes',
    load: () => import('./modules/clientes/clientes.page'),
    permissao: 'clientes:ler',
    grupo: 'operacao',
    texto: 'clientes',
    icone: IconUsers,
  },
  { path: '/clientes/$id', load: () => import('./modules/clientes/cliente.page'), permissao: 'clientes:ler' },
  {
    path: '/licencas',
    load: () => import('./modules/licencas/licencas.page'),
    permissao: 'licencas:ler',
    grupo: 'operacao',
    texto: 'licencas',
    icone: IconKey,
  },
  { path: '/licencas/$id', load: () => import('./modules/licencas/licenca.page'), permissao: 'licencas:ler' },
  {
    path: '/maquinas',
    load: () => import('./modules/maquinas/maquinas.page'),
    permissao: 'maquinas:ler',
    grupo: 'operacao',
    texto: 'maquinas',
    icone: IconDeviceDesktop,
  },
  { path: '/maquinas/$id', load: () => import('./modules/maquinas/maquina.page'), permissao: 'maquinas:ler' },
  { path: '/importar/$tipo', load: () => import('./modules/importacao/importar.page') },
  {
    path: '/versoes',
    load: () => import('./modules/versoes/versoes.page'),
    permissao: 'uploads:ler',
    grupo: 'entrega',
    texto: 'versoes',
    icone: IconBox,
  },
  { path: '/versoes/$id', load: () => import('./modules/versoes/versao.page'), permissao: 'uploads:ler' },
  {
    path: '/faturas',
    load: () => import('./modules/faturas/faturas.page'),
    permissao: 'faturas:ler',
    grupo: 'dinheiro',
    texto: 'faturas',
    icone: IconReceipt,
  },
  {
    path: '/planos',
    load: () => import('./modules/planos/planos.page'),
    permissao: 'planos:ler',
    grupo: 'dinheiro',
    texto: 'planos',
    icone: IconCreditCard,
  },
  {
    path: '/alertas',
    load: () => import('./modules/alertas/alertas.page'),
    permissao: 'alertas:ler',
    grupo: 'sistema',
    texto: 'alertas',
    icone: IconAlertTriangle,
  },
  { path: '/alertas/$id', load: () => import('./modules/alertas/alerta.page'), permissao: 'alertas:ler' },
  {
    path: '/webhooks',
    load: () => import('./modules/webhooks/webhooks.page'),
    permissao: 'webhooks:ler',
    grupo: 'sistema',
    texto: 'webhooks',
    icone: IconWebhook,
  },
  { path: '/webhooks/$id', load: () => import('./modules/webhooks/webhook.page'), permissao: 'webhooks:ler' },
  {
    path: '/auditoria',
    load: () => import('./modules/auditoria/auditoria.page'),
    permissao: 'auditoria:ler',
    grupo: 'sistema',
    texto: 'auditoria',
    icone: IconHistory,
  },
  {
    path: '/configuracoes',
    load: () => import('./modules/configuracoes/configuracoes.page'),
    grupo: 'sistema',
    texto: 'configuracoes',
    icone: IconSettings,
  },
  { path: '/usuarios', load: () => import('./modules/usuarios/usuarios.page'), permissao: 'usuarios:ler' },
  { path: '/perfis', load: () => import('./modules/perfis/perfis.page'), permissao: 'perfis:ler' },
  { path: '/chaves-api', load: () => import('./modules/chaves-api/chaves-api.page'), permissao: 'chaves-api:ler' },
  { path: '/tarefas', load: () => import('./modules/tarefas/tarefas.page'), permissao: 'tarefas:ler' },
  { path: '/backups', load: () => import('./modules/backups/backups.page'), permissao: 'backups:ler' },
  { path: '/relatorios', load: () => import('./modules/relatorios/relatorios.page'), permissao: 'relatorios:ler' },
  { path: '/modelos', load: () => import('./modules/ml/modelos.page'), permissao: 'ml:ler' },
  { path: '/eventos', load: () => import('./modules/eventos/eventos.page'), permissao: 'eventos:ler' },
  { path: '/logs', load: () => import('./modules/logs/logs.page'), permissao: 'logs:ler' },
  { path: '/conta', load: () => import('./modules/conta/conta.page') },
];
