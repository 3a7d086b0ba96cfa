/** The command `atualizar`. */

import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Handler } from '../commands';
import { outcomeOf } from './self';
import type { Target, Updater } from './updater';

const dadosSchema = Type.Object({
  alvo: Type.Optional(Type.Union([Type.Literal('software'), Type.Literal('agente')])),
  canal: Type.Optional(Type.Union([Type.Literal('estavel'), Type.Literal('beta'), Type.Literal('alfa')])),
});

/** @param defaultTarget what is updated when the command does not say. */
export function updateHandler(updater: Updater, folder: string, defaultTarget: Target): Handler {
  return {
    run: async ({ id, dados }) => {
      if (!Value.Check(dadosSchema, dados)) return { resultado: 'recusado', detalhe: 'dados inválidos: alvo ou canal' };
      return updater.update(dados.alvo ?? defaultTarget, { canal: dados.canal, comandoId: id });
    },
    // Begun again it finds what is installed already; the agent's own update tells what became of it.
    interrupted: ({ id }) => outcomeOf(folder, id),
  };
}
