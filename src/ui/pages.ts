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
    path: '/clientes',
    load: () => import('./modules/clientes/clientes.page'),
    permissao: 'clientes:ler',
    grupo: 'operacao',
    texto: 'clientes',
    icone: IconUsers,
  },
  { path: '/clientes/$id', load: () => import('./modules/clientes/cliente.page'), permissao: 'clientes:ler' },
];
void [
  IconAlertTriangle,
  IconBox,
  IconCreditCard,
  IconDeviceDesktop,
  IconHistory,
  IconKey,
  IconLayoutDashboard,
  IconReceipt,
  IconSettings,
  IconWebhook,
];
