/** `POST /{modulo}/{id}/historico/{mudanca}/restaurar`: a record is again what it was after one of its changes. */

import type { TObject } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Elysia, type Static, t } from 'elysia';
import type { Actor } from '../../core/actor';
import { Problem } from '../../core/problem';
import { expectedRevision, type Platform } from '../../transport/http/kit/platform';
import { docs, uuid } from '../../transport/http/kit/wire';
import { auditView } from './auditoria.schema';
import { differencesOf } from './historico.model';
import type { Historico, ModuloComHistorico } from './historico.service';

/** How a module's records are edited: what of a record can be restored is what can be edited. */
export interface Restauravel {
  modulo: ModuloComHistorico;
  tag: string;
  campos: readonly string[];
  /** @throws Problem VALIDACAO for a value that is no longer allowed. */
  editar(actor: Actor, id: string, campos: Record<string, unknown>, esperada: number | null): Promise<unknown>;
}

/** A module by the body of its own edit, with which every restored value is checked again. */
export function restauravel<Body extends TObject>(
  modulo: ModuloComHistorico,
  tag: string,
  body: Body,
  editar: (actor: Actor, id: string, edit: Static<Body>, esperada: number | null) => Promise<unknown>,
): Restauravel {
  return {
    modulo,
    tag,
    campos: Object.keys(body.properties),
    editar: (actor, id, campos, esperada) => {
      if (!Value.Check(body, campos)) {
        const names = [...new Set([...Value.Errors(body, campos)].map(({ path }) => path.split('/')[1] ?? ''))];
        throw new Problem('VALIDACAO', {
          detalhe: 'Há valores antigos que não são mais aceitos.',
          erros: names.map((campo) => ({ campo, mensagem: 'o valor antigo não é mais aceito' })),
        });
      }
      return editar(actor, id, campos, esperada);
    },
  };
}

const diferenca = t.Object({ campo: t.String(), antes: t.Unknown(), depois: t.Unknown() });

export function restauracaoRoutes(platform: Platform, historico: Historico, modulos: readonly Restauravel[]) {
  const routes = new Elysia();
  for (const { modulo, tag, campos, editar } of modulos) {
    routes.use(
      new Elysia({ prefix: `/${modulo}` }).use(platform).post(
        '/:id/historico/:mudanca/restaurar',
        async ({ ator, params: { id, mudanca }, request }) => {
          const actor = await ator();
          const since = await historico.entre(actor, modulo, id, { de: mudanca, ate: null });
          if (since.some(({ acao }) => acao === 'anonimizar')) {
            throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'O registro foi anonimizado depois disso.' });
          }
          const changed = differencesOf(since.map(auditView)).filter(({ campo }) => campos.includes(campo));
          const old = Object.fromEntries(changed.map(({ campo, antes }) => [campo, antes]));
          if (changed.length > 0) await editar(actor, id, old, expectedRevision(request));
          return { restauradas: changed.map(({ campo, antes, depois }) => ({ campo, antes: depois, depois: antes })) };
        },
        {
          acesso: `${modulo}:editar`,
          params: t.Object({ id: uuid, mudanca: uuid }),
          response: { 200: t.Object({ restauradas: t.Array(diferenca) }) },
          detail: docs(
            tag,
            `restaurar_${modulo}`,
            'O registro volta a ser o que era depois de uma mudança do seu histórico',
            'Só os campos que a edição permite; bloqueios, pagamentos e estados não voltam. É uma edição como outra, com a sua própria linha no histórico.',
          ),
        },
      ),
    );
  }
  return routes;
}
