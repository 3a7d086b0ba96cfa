/** The registry of models: the shipped one, those trained here, which of them is in use, and the way back. */

import { createHash } from 'node:crypto';
import { type Actor, authorize, systemActor } from '../../core/actor';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { type LoadedModel, loadModel } from './inferencia.service';
import {
  activate,
  findActive,
  findModelo,
  insertModelo,
  listModelos,
  type Metricas,
  type Modelo,
  nextVersao,
  readArquivo,
} from './modelos.store';

export const churnModelName = 'churn';

/** A model as it comes with the executable. */
export interface ShippedModel {
  arquivo: Uint8Array;
  cartao: string;
  manifest: { origem: string; dados_sha256: string; linhas: number; validacao: Metricas };
}

export interface NewModelo {
  origem: string;
  dadosSha256: string;
  linhas: number;
  metricas: Metricas;
  cartao: string;
  arquivo: Uint8Array;
}

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
  shipped(): ShippedModel;
  /** Told of a stored model that cannot be used. */
  onError(error: unknown): void;
}

export type Modelos = ReturnType<typeof createModelos>;

export function createModelos({ work, ids, shipped, onError }: Dependencies) {
  async function insert(tx: Tx, novo: NewModelo, ativo: boolean): Promise<Modelo> {
    const modelo: Modelo = {
      id: ids.next(tx.now),
      nome: churnModelName,
      versao: await nextVersao(tx.db, churnModelName),
      origem: novo.origem,
      sha256: sha256(novo.arquivo),
      dados_sha256: novo.dadosSha256,
      linhas: novo.linhas,
      metricas: novo.metricas,
      cartao: novo.cartao,
      ativo: false,
      treinado_em: tx.now,
    };
    await insertModelo(tx.db, modelo, novo.arquivo);
    if (ativo) await activate(tx.db, churnModelName, modelo.id);
    await tx.record({
      acao: ativo ? 'ativar_modelo' : 'treinar_modelo',
      entidade: 'modelo',
      entidadeId: modelo.id,
      antes: null,
      depois: { ...modelo, ativo, cartao: undefined },
      eventos: [],
    });
    return { ...modelo, ativo };
  }

  return {
    /** Makes sure that there is a model: the shipped one is the first. */
    async install(): Promise<void> {
      if (await findActive(work.reader, churnModelName)) return;
      const { arquivo, cartao, manifest } = shipped();
      const { origem, dados_sha256: dadosSha256, linhas, validacao: metricas } = manifest;
      await work.write(systemActor('ml'), async (tx) => {
        if (await findActive(tx.db, churnModelName)) return;
        await insert(tx, { origem, dadosSha256, linhas, metricas, cartao, arquivo }, true);
      });
    },

    /** The model in use, loaded; the shipped one where the stored file is damaged. The caller releases it. */
    async load(): Promise<{ nome: string; modelo: LoadedModel }> {
      const found = await findActive(work.reader, churnModelName);
      if (found) {
        try {
          if (sha256(found.arquivo) !== found.modelo.sha256) throw new RangeError('the file is not what was stored');
          return { nome: `${churnModelName}/${found.modelo.versao}`, modelo: await loadModel(found.arquivo) };
        } catch (error) {
          onError(error);
        }
      }
      return { nome: `${churnModelName}/1`, modelo: await loadModel(shipped().arquivo) };
    },

    async listar(actor: Actor, page: PageRequest): Promise<Page<Modelo>> {
      authorize(actor, 'ml:ler');
      return listModelos(work.reader, page);
    },

    /** Keeps a trained model; in use from now on when it is better than the present one. */
    async guardar(actor: Actor, novo: NewModelo, ativo: boolean): Promise<Modelo> {
      return work.write(actor, (tx) => insert(tx, novo, ativo));
    },

    /**
     * Puts a kept model into use, an older one included. Asked twice, it is done once.
     * @throws Problem NAO_ENCONTRADO, MODELO_INVALIDO for a file that does not load
     */
    async ativar(actor: Actor, id: string): Promise<Modelo> {
      authorize(actor, 'ml:executar');
      const found = await findModelo(work.reader, id);
      const arquivo = found ? await readArquivo(work.reader, id) : null;
      if (!found || !arquivo) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há modelo com este id.' });
      await refuseDamaged(arquivo, found.sha256);
      return work.write(actor, async (tx) => {
        const antes = await findModelo(tx.db, id);
        if (!antes) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há modelo com este id.' });
        if (antes.ativo) return antes;
        await activate(tx.db, antes.nome, id);
        await tx.record({
          acao: 'ativar_modelo',
          entidade: 'modelo',
          entidadeId: id,
          antes: { ativo: false },
          depois: { ativo: true, versao: antes.versao },
          eventos: [],
        });
        return { ...antes, ativo: true };
      });
    },
  };
}

async function refuseDamaged(arquivo: Uint8Array, expected: string): Promise<void> {
  try {
    if (sha256(arquivo) !== expected) throw new RangeError('the file is not what was stored');
    await (await loadModel(arquivo)).release();
  } catch {
    throw new Problem('MODELO_INVALIDO', { detalhe: 'O arquivo do modelo está danificado; o atual continua em uso.' });
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
