/**
 * Looks, every few minutes, for behaviour that chance does not explain, and keeps what it saw. What is suspicious already is
 * not reported again for a day; its evidence is brought up to date.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Actor, authorize, systemActor } from '../../core/actor';
import { type Clock, dayMs, hourMs, minuteMs, rfc3339 } from '../../core/clock';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import type { Relogios } from './relogios.service';
import { type Contagem, judge, type SuspeitaTipo } from './suspeitas.model';
import {
  activationsByLicence,
  anomaliesByMachine,
  changesByRecord,
  countWatched,
  dropsByCliente,
  findRecent,
  listSuspeitas,
  machineNames,
  pastDrops,
  refusedAccessByIp,
  type Suspeita,
  type SuspeitaFilter,
  saveSuspeita,
} from './suspeitas.store';

/** How often the rules are asked; the job's schedule. */
const lookEveryMs = 5 * minuteMs;
const looksPerWeek = (7 * dayMs) / lookEveryMs;
const shortWindowMs = 15 * minuteMs;
const weeksMs = 28 * dayMs;
/** The same suspicion of the same entity within this time is one. */
const sameWithinMs = dayMs;
/** A mean of nothing is not zero: it has not been seen yet. */
const rarestMean = 0.02;
/** So many machines make a drop that concerns a house, so many anomalies one that concerns a machine. */
const togetherMin = 3;
const anomaliesMin = 3;
/** Drops at the same hour of other days are a habit, such as closing time. */
const habitDaysMin = 2;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  ids: Ids;
  relogios: Pick<Relogios, 'atrasados'>;
  /** False alarms a week that the house is willing to have. */
  porSemana: number;
}

interface Achado {
  tipo: SuspeitaTipo;
  entidade: string;
  entidadeId: string;
  pontuacao: number;
  evidencias: string[];
}

export type Suspeitas = ReturnType<typeof createSuspeitas>;

export function createSuspeitas({ work, clock, ids, relogios, porSemana }: Dependencies) {
  const db = work.reader;

  /** Judges one count of a rule that watches so many things. */
  function score(contagem: Contagem, watched: number): number | null {
    return judge(contagem, { porSemana, perguntasPorSemana: looksPerWeek * watched });
  }

  async function massDrops(now: number, watched: number): Promise<Achado[]> {
    const found: Achado[] = [];
    for (const { id, nome, agora, maquinas } of await dropsByCliente(db, now - shortWindowMs, now)) {
      if (agora < togetherMin) continue;
      // At closing time there are many, and nobody else should wait for all of them.
      await nextTurn();
      const past = await pastDrops(db, id, {
        fromMs: now - weeksMs,
        toMs: now - shortWindowMs,
        windowMs: shortWindowMs,
      });
      const windows = (weeksMs - shortWindowMs) / shortWindowMs;
      const mean = past.reduce((sum, { quantas }) => sum + quantas, 0) / windows;
      const habit = past.filter(({ em, quantas }) => quantas * 2 >= agora && sameHour(em, now)).length;
      if (habit >= habitDaysMin) continue;
      const pontuacao = score({ observado: agora, esperado: Math.max(rarestMean, mean), minimo: togetherMin }, watched);
      if (pontuacao === null) continue;
      found.push({
        tipo: 'maquinas_offline_em_massa',
        entidade: 'cliente',
        entidadeId: id,
        pontuacao,
        evidencias: [
          `${agora} de ${maquinas} máquinas de ${nome} ficaram offline em 15 minutos`,
          `o usual é ${decimal(mean)} nesse tempo, nas últimas quatro semanas`,
        ],
      });
    }
    return found;
  }

  async function abnormalUse(now: number, watched: number): Promise<Achado[]> {
    const range = { windowFromMs: now - hourMs, weeksFromMs: now - weeksMs, now, atLeast: anomaliesMin };
    const rows = await anomaliesByMachine(db, range);
    const windows = (weeksMs - hourMs) / hourMs;
    return rows.flatMap(({ id, nome, agora, antes, pior }) => {
      const mean = antes / windows;
      const pontuacao = score(
        { observado: agora, esperado: Math.max(rarestMean, mean), minimo: anomaliesMin },
        watched,
      );
      if (pontuacao === null) return [];
      return {
        tipo: 'recurso_anormal' as const,
        entidade: 'maquina',
        entidadeId: id,
        pontuacao,
        evidencias: [
          `${agora} anomalias em ${nome} na última hora, a maior com pontuação ${decimal(pior)}`,
          `o usual é ${decimal(mean)} por hora`,
        ],
      };
    });
  }

  async function suspiciousAccess(now: number): Promise<Achado[]> {
    const rows = await refusedAccessByIp(db, now - shortWindowMs, now - weeksMs, now);
    const windows = (weeksMs - shortWindowMs) / shortWindowMs;
    return rows.flatMap(({ id, agora, antes }) => {
      const mean = antes / windows;
      const pontuacao = score(
        { observado: agora, esperado: Math.max(0.1, mean), minimo: 5 },
        Math.max(100, rows.length),
      );
      if (pontuacao === null) return [];
      return {
        tipo: 'acesso_suspeito' as const,
        entidade: 'endereco',
        entidadeId: id,
        pontuacao,
        evidencias: [
          `${agora} acessos recusados de ${id} em 15 minutos`,
          antes === 0 ? 'nenhum nas quatro semanas anteriores' : `${antes} nas quatro semanas anteriores`,
        ],
      };
    });
  }

  async function frequentChanges(now: number, watched: number): Promise<Achado[]> {
    const rows = await changesByRecord(db, now - hourMs, now);
    return rows.flatMap(({ id, entidade, agora, atores }) => {
      const pontuacao = score({ observado: agora, esperado: 0.5, minimo: 8 }, watched);
      if (pontuacao === null) return [];
      return {
        tipo: 'mudancas_frequentes' as const,
        entidade,
        entidadeId: id,
        pontuacao,
        evidencias: [`${agora} mudanças em uma hora, por ${atores}`],
      };
    });
  }

  async function sharedKeys(now: number, watched: number): Promise<Achado[]> {
    const rows = await activationsByLicence(db, now - dayMs, now - weeksMs, now);
    const days = (weeksMs - dayMs) / dayMs;
    return rows.flatMap(({ id, nome, agora, antes, limite, impressoes, redes }) => {
      // Filling the seats that were bought is what activation is for; what goes beyond is passing the key around.
      const beyond = Math.max(0, agora - limite);
      const mean = Math.max(0.2, antes / days);
      const pontuacao = score({ observado: beyond, esperado: mean, minimo: 3 }, watched);
      if (pontuacao === null) return [];
      return {
        tipo: 'chave_compartilhada' as const,
        entidade: 'licenca',
        entidadeId: id,
        pontuacao,
        evidencias: [
          `a chave ${nome}… foi ativada ${agora} vezes em um dia, em ${impressoes} máquinas e ${redes} endereços, com ${limite} assentos`,
          `o usual é ${decimal(antes / days)} por dia`,
        ],
      };
    });
  }

  /** Not a matter of chance: a clock does not go back by itself. */
  async function clocksSetBack(now: number): Promise<Achado[]> {
    const behind = relogios.atrasados(now);
    const names = await machineNames(
      db,
      behind.map(({ maquinaId }) => maquinaId),
    );
    return behind.flatMap(({ maquinaId, atrasoMs, haMs }) => {
      const nome = names.get(maquinaId);
      if (nome === undefined) return [];
      return {
        tipo: 'acesso_suspeito' as const,
        entidade: 'maquina',
        entidadeId: maquinaId,
        pontuacao: 1,
        evidencias: [
          `o relógio de ${nome} voltou: está ${duration(atrasoMs)} atrasado, depois de ter estado certo`,
          `fala assim há ${duration(haMs)}; além de adiar o fim da licença, pode ser a bateria da placa-mãe`,
        ],
      };
    });
  }

  async function keep(achado: Achado): Promise<boolean> {
    return work.write(systemActor('suspeitas'), async (tx) => {
      const { tipo, entidade, entidadeId, pontuacao, evidencias } = achado;
      const known = await findRecent(tx.db, tipo, entidadeId, tx.now - sameWithinMs);
      const suspeita: Suspeita = known
        ? { ...known, pontuacao: Math.max(known.pontuacao, pontuacao), evidencias, atualizada_em: tx.now }
        : {
            id: ids.next(tx.now),
            tipo,
            pontuacao,
            evidencias,
            entidade,
            entidade_id: entidadeId,
            em: tx.now,
            atualizada_em: tx.now,
          };
      await saveSuspeita(tx.db, suspeita);
      if (!known) await tell(tx, suspeita);
      return !known;
    });
  }

  return {
    /** Asks every rule. @returns how many suspicions are new. */
    async procurar(now: number = clock.now()): Promise<number> {
      const watched = await countWatched(db);
      const found = [
        ...(await massDrops(now, watched.clientes)),
        ...(await abnormalUse(now, watched.maquinas)),
        ...(await suspiciousAccess(now)),
        ...(await frequentChanges(now, watched.clientes + watched.licencas + watched.maquinas)),
        ...(await sharedKeys(now, watched.licencas)),
        ...(await clocksSetBack(now)),
      ];
      let novas = 0;
      for (const achado of found) if (await keep(achado)) novas += 1;
      return novas;
    },

    async listar(actor: Actor, page: PageRequest, filter: SuspeitaFilter): Promise<Page<Suspeita>> {
      authorize(actor, 'ml:ler');
      return listSuspeitas(db, page, filter);
    },
  };
}

async function tell(tx: Tx, { id, tipo, pontuacao, evidencias, entidade, entidade_id }: Suspeita): Promise<void> {
  const dados = { suspeita_id: id, motivo: tipo, detalhe: evidencias.join('; '), pontuacao, entidade, entidade_id };
  await tx.record({
    acao: 'suspeitar',
    entidade: 'suspeita',
    entidadeId: id,
    antes: null,
    depois: { ...dados, em: rfc3339(tx.now) },
    eventos: [{ tipo: 'seguranca.suspeita', entidade, entidadeId: entidade_id, dados }],
  });
}

/** Whether a moment of another day is within an hour of this one's time of day. */
function sameHour(em: number, now: number): boolean {
  const apart = Math.abs((now - em) % dayMs);
  return now - em > dayMs / 2 && Math.min(apart, dayMs - apart) <= hourMs;
}

function duration(ms: number): string {
  if (ms >= 2 * dayMs) return `${Math.round(ms / dayMs)} dias`;
  return ms >= 2 * hourMs ? `${Math.round(ms / hourMs)} horas` : `${Math.round(ms / minuteMs)} minutos`;
}

function decimal(value: number): string {
  return value.toLocaleString('pt-BR', { maximumFractionDigits: 2 });
}
