/** Feeds: the same choice as a check, in the words of updaters that exist already. */

import { parse, type SemVer } from 'semver';
import { Problem } from '../../core/problem';
import type { Atualizacoes } from './atualizacao.service';
import type { Chamador } from './chamadores.service';
import { type Candidata, chooseLatest, chooseUpdate, type Procura, refusal } from './escolha.model';
import {
  type Alvo,
  electronDocument,
  readChannelFile,
  readTauriTarget,
  tauriFile,
  tauriRelease,
  tauriTargets,
} from './feeds.model';
import { checkSemver, compareVersions, semverOf } from './semver.model';
import type { Canal } from './versoes.model';

export interface Assinante {
  chamador: Chamador;
  /** What the caller says it runs; the machine's own word stands in for it. */
  versaoAtual: string | undefined;
  canal: Canal | undefined;
  soVersao: string | undefined;
}

export type Feeds = ReturnType<typeof createFeeds>;

export function createFeeds({ atualizacoes }: { atualizacoes: Atualizacoes }) {
  function procuraOf(assinante: Assinante, alvo: Alvo, canal: Canal): Procura {
    const { chamador, versaoAtual, soVersao } = assinante;
    return atualizacoes.procuraOf(chamador, {
      ...alvo,
      canal,
      versaoAtual: currentOf(chamador, versaoAtual),
      soVersao: soVersao ?? null,
      // electron-updater compares `minimumSystemVersion` by itself; Tauri has no such thing, but a caller that tells is heard.
      verificaSo: true,
    });
  }

  /** Only what the developer signed for Tauri: its updater refuses everything else. */
  async function signedFor(chamador: Chamador): Promise<Candidata[]> {
    return (await atualizacoes.catalogo(chamador)).filter(({ assinatura_tauri }) => assinatura_tauri !== null);
  }

  return {
    /** The document of a channel file. @throws Problem NAO_ENCONTRADO */
    async electron(assinante: Assinante, nome: string) {
      const asked = readChannelFile(nome);
      if (!asked)
        throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há este arquivo; peça latest.yml, beta-mac.yml…' });
      const { canal, ...alvo } = asked;
      const procura = procuraOf(assinante, alvo, canal);
      const catalogo = await atualizacoes.catalogo(assinante.chamador);
      const best = chooseLatest(catalogo, procura)?.versao;
      if (!best) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há versão publicada para esta plataforma.' });
      const others = catalogo.filter(
        (versao) =>
          versao.id !== best.id && compareVersions(versao.ordem, best.ordem) === 0 && !refusal(versao, procura),
      );
      return electronDocument([best, ...others], await atualizacoes.notesOf(best.id));
    },

    /**
     * Tauri's dynamic form; null when there is nothing newer.
     * @param base address of the feed, ending in a slash.
     * @throws Problem VALIDACAO for a current version that is none.
     */
    async tauri(assinante: Assinante, target: string, arch: string, base: string) {
      const alvo = readTauriTarget(target, arch);
      if (!alvo) return null;
      const procura = procuraOf(assinante, alvo, assinante.canal ?? 'estavel');
      const found = chooseUpdate(await signedFor(assinante.chamador), procura)?.versao;
      if (!found) return null;
      return { ...tauriRelease(found, await atualizacoes.notesOf(found.id)), ...tauriFile(found, base) };
    },

    /** Tauri's static form: the highest version any target may have, for the targets that have it. @throws Problem NAO_ENCONTRADO */
    async tauriEstatico(assinante: Assinante, base: string) {
      const catalogo = await signedFor(assinante.chamador);
      const choices = tauriTargets.flatMap(({ nome, alvo }) => {
        const found = chooseLatest(catalogo, procuraOf(assinante, alvo, assinante.canal ?? 'estavel'))?.versao;
        return found ? [{ nome, versao: found }] : [];
      });
      const [best] = choices.map(({ versao }) => versao).sort((a, b) => compareVersions(b.ordem, a.ordem));
      if (!best) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há versão publicada com assinatura do Tauri.' });
      const platforms = Object.fromEntries(
        choices
          .filter(({ versao }) => compareVersions(versao.ordem, best.ordem) === 0)
          .map(({ nome, versao }) => [nome, tauriFile(versao, base)]),
      );
      return { ...tauriRelease(best, await atualizacoes.notesOf(best.id)), platforms };
    },
  };
}

/** What the caller says it runs, or what its machine last told of; null when neither is known. @throws Problem VALIDACAO */
function currentOf({ maquina }: Chamador, versaoAtual: string | undefined): SemVer | null {
  if (versaoAtual !== undefined) return semverOf(checkSemver('versao_atual', versaoAtual));
  return maquina?.versao ? parse(maquina.versao) : null;
}
