/** Named addresses of a list, kept in this browser. */

import type { Params } from './url';

export interface View {
  nome: string;
  params: Params;
}

const viewsMax = 50;
const keyOf = (lista: string): string => `narcidi-visoes-${lista}`;

export function loadViews(lista: string): View[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(keyOf(lista)) ?? '[]');
    return Array.isArray(kept) ? (kept as View[]) : [];
  } catch {
    return [];
  }
}

/** Adds one, or replaces that of the same name. */
export function saveView(lista: string, view: View): View[] {
  const views = [...loadViews(lista).filter(({ nome }) => nome !== view.nome), view].slice(-viewsMax);
  localStorage.setItem(keyOf(lista), JSON.stringify(views));
  return views;
}

export function deleteView(lista: string, name: string): View[] {
  const views = loadViews(lista).filter(({ nome }) => nome !== name);
  localStorage.setItem(keyOf(lista), JSON.stringify(views));
  return views;
}
