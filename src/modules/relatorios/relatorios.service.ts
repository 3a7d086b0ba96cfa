/** Makes reports, keeps them, tells of them, and finds them again. A report once made does not change. */

import { type Actor, authorize, systemActor } from '../../core/actor';
import { type Clock, dayMs, rfc3339 } from '../../core/clock';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import type { Db, Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import type { Emails } from '../emails/emails.service';
import type { Disponibilidade, DisponibilidadeDaFrota } from '../maquinas/disponibilidade.service';
import type { Painel } from '../painel/painel.service';
import {
  type Formatos,
  periodEnding,
  type Relatorio,
  type RelatorioDados,
  type RelatorioTipo,
  tituloOf,
} from './relatorios.model';
import {
  actionsIn,
  churnedIn,
  eventsIn,
  expiringLicencas,
  getRelatorio,
  insertRelatorio,
  listRelatorios,
  lostClientes,
  newClientes,
  type Periodo,
  receivedIn,
  riskiest,
  versoesEmCampo,
} from './relatorios.store';
import { secoesOf } from './secoes.view';

const expiringMs = 30 * dayMs;

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
  clock: Clock;
  painel: Pick<Painel, 'resumo'>;
  emails: Pick<Emails, 'enfileirar' | 'destinatarios'>;
  formatos: Formatos;
  timeZone: string;
  disponibilidade: Pick<Disponibilidade, 'daFrota'>;
}

export type Relatorios = ReturnType<typeof createRelatorios>;

export function createRelatorios(dependencies: Dependencies) {
  const { work, ids, clock, painel, emails, formatos, timeZone, disponibilidade } = dependencies;
  const system = systemActor('relatorios');

  async function gather(db: Db, periodo: Periodo, frota: DisponibilidadeDaFrota): Promise<RelatorioDados> {
    const { clientes, licencas, maquinas, receita, risco, expirando_30_dias } = await painel.resumo(system);
    const novos = await newClientes(db, periodo);
    const perdidos = await lostClientes(db, periodo);
    return {
      clientes: {
        total: clientes.total,
        ativos: clientes.ativos,
        bloqueados: clientes.bloqueados,
        novos: novos.total,
        perdidos: perdidos.total,
      },
      clientes_novos: novos.primeiros,
      clientes_perdidos: perdidos.primeiros,
      licencas: {
        total: licencas.total,
        ativas: licencas.ativas,
        expiradas: licencas.expiradas,
        criadas: await actionsIn(db, periodo, 'criar', 'licenca'),
        expirando_30_dias,
      },
      licencas_expirando: await expiringLicencas(db, periodo.fim, periodo.fim + expiringMs),
      receita: {
        recorrente_mensal_centavos: receita.recorrente_mensal_centavos,
        recebido_centavos: await receivedIn(db, periodo),
        a_receber_centavos: receita.a_receber_centavos,
        vencido_centavos: receita.vencido_centavos,
        perdido_mensal_centavos: await churnedIn(db, periodo),
      },
      maquinas: {
        total: maquinas.total,
        online: maquinas.online,
        offline: maquinas.offline,
        bloqueadas: maquinas.bloqueadas,
        nunca_vistas: maquinas.nunca_vistas,
        quedas: await actionsIn(db, periodo, 'desconectar', 'maquina'),
        disponibilidade_pct: frota.media_pct,
      },
      maquinas_ausentes: frota.piores,
      versoes: await versoesEmCampo(db),
      seguranca: {
        suspeitas: await eventsIn(db, periodo, 'seguranca.suspeita'),
        logins_falhos: await eventsIn(db, periodo, 'seguranca.login_falhou'),
      },
      risco,
      risco_clientes: await riskiest(db),
    };
  }

  async function mail(tx: Tx, relatorio: Relatorio): Promise<void> {
    if (emails.destinatarios === '') return;
    const linhas = secoesOf(relatorio.dados, formatos).flatMap((secao) =>
      secao.linhas.map(({ rotulo, valor }) => ({ rotulo: `${secao.titulo}: ${rotulo}`, valor })),
    );
    const { novos, perdidos } = relatorio.dados.clientes;
    const { online, offline } = relatorio.dados.maquinas;
    const resumo = `${novos} clientes novos, ${perdidos} perdidos; ${online} máquinas online, ${offline} offline.`;
    const dados = { titulo: tituloOf(relatorio, formatos), resumo, linhas };
    await emails.enfileirar(tx, { para: emails.destinatarios, modelo: 'relatorio', dados });
  }

  return {
    /** Makes the report of the day, week or month that ends now; it is mailed in the same commit. */
    async gerar(actor: Actor, tipo: RelatorioTipo): Promise<Relatorio> {
      authorize(actor, 'relatorios:executar');
      const periodo = periodEnding(tipo, clock.now(), timeZone);
      // Every heartbeat of the period is read for it: not while others wait to write.
      const frota = await disponibilidade.daFrota(periodo.inicio, periodo.fim);
      return work.write(actor, async (tx) => {
        const relatorio: Relatorio = {
          id: ids.next(tx.now),
          tipo,
          periodo_inicio: periodo.inicio,
          periodo_fim: periodo.fim,
          dados: await gather(tx.db, periodo, frota),
          criado_em: tx.now,
        };
        await insertRelatorio(tx.db, relatorio);
        await mail(tx, relatorio);
        const { id, dados } = relatorio;
        const told = {
          relatorio_id: id,
          tipo,
          periodo_inicio: rfc3339(periodo.inicio),
          periodo_fim: rfc3339(periodo.fim),
          clientes_novos: dados.clientes.novos,
          maquinas_online: dados.maquinas.online,
          recebido_centavos: dados.receita.recebido_centavos,
        };
        await tx.record({
          acao: 'gerar',
          entidade: 'relatorio',
          entidadeId: id,
          antes: null,
          depois: told,
          // The contract has an event for the daily one alone.
          eventos:
            tipo === 'diario' ? [{ tipo: 'relatorio.diario', entidade: 'relatorio', entidadeId: id, dados: told }] : [],
        });
        return relatorio;
      });
    },

    async listar(actor: Actor, page: PageRequest, tipo: RelatorioTipo | undefined): Promise<Page<Relatorio>> {
      authorize(actor, 'relatorios:ler');
      return listRelatorios(work.reader, page, tipo);
    },

    /** @throws Problem NAO_ENCONTRADO */
    async obter(actor: Actor, id: string): Promise<Relatorio> {
      authorize(actor, 'relatorios:ler');
      return getRelatorio(work.reader, id);
    },
  };
}
