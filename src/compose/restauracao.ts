/** Which records can be brought back to an earlier state, each through its own edit. */

import { restauravel } from '../modules/auditoria/restauracao.routes';
import { editClienteBody } from '../modules/clientes/clientes.schema';
import { editOf } from '../modules/licencas/licencas.routes';
import { editLicencaBody } from '../modules/licencas/licencas.schema';
import { editMaquinaBody } from '../modules/maquinas/maquinas.schema';
import { editPlanoBody } from '../modules/planos/planos.routes';
import { editProdutoBody } from '../modules/produtos/produtos.routes';
import type { Services } from './services';

export function restauraveis({ clientes, licencas, maquinas, produtos, planos }: Services) {
  return [
    restauravel('clientes', 'Clientes', editClienteBody, clientes.atualizar),
    restauravel('licencas', 'Licenças', editLicencaBody, (actor, id, body, esperada) =>
      licencas.atualizar(actor, id, editOf(body), esperada),
    ),
    restauravel('maquinas', 'Máquinas', editMaquinaBody, maquinas.atualizar),
    restauravel('produtos', 'Produtos e planos', editProdutoBody, produtos.atualizar),
    restauravel('planos', 'Produtos e planos', editPlanoBody, planos.atualizar),
  ];
}
