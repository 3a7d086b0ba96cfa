/** The sections of a report, in words: the one source of the page, the table, the document and the mail. */

import type { Formatos, RelatorioDados, Secao } from './relatorios.model';

type Linha = Secao['linhas'][number];

export function secoesOf(dados: RelatorioDados, formatos: Formatos): Secao[] {
  const { numero } = formatos;
  const count = (rotulo: string, value: number): Linha => ({ rotulo, valor: numero(value) });
  return [
    clientesSecao(dados, formatos, count),
    licencasSecao(dados, formatos, count),
    receitaSecao(dados, formatos),
    maquinasSecao(dados, formatos, count),
    {
      titulo: 'Versões em campo',
      linhas: [],
      grafico: dados.versoes.map(({ versao, maquinas }) => ({ rotulo: versao, valor: maquinas })),
      tabela: null,
    },
    {
      titulo: 'Segurança',
      linhas: [
        count('Atividades suspeitas', dados.seguranca.suspeitas),
        count('Logins recusados', dados.seguranca.logins_falhos),
      ],
      grafico: [],
      tabela: null,
    },
    riscoSecao(dados, formatos),
  ];
}

type Count = (rotulo: string, value: number) => Linha;

function clientesSecao(
  { clientes, clientes_novos, clientes_perdidos }: RelatorioDados,
  { momento }: Formatos,
  count: Count,
): Secao {
  const moved = [
    ...clientes_novos.map(({ nome, em }) => ['novo', nome, momento(Date.parse(em))]),
    ...clientes_perdidos.map(({ nome, em }) => ['perdido', nome, momento(Date.parse(em))]),
  ];
  return {
    titulo: 'Clientes',
    linhas: [
      count('Novos no período', clientes.novos),
      count('Perdidos no período', clientes.perdidos),
      count('Ativos', clientes.ativos),
      count('Bloqueados', clientes.bloqueados),
      count('Total', clientes.total),
    ],
    grafico: [
      { rotulo: 'Novos', valor: clientes.novos },
      { rotulo: 'Perdidos', valor: clientes.perdidos },
    ],
    tabela: moved.length > 0 ? { colunas: ['', 'Cliente', 'Quando'], linhas: moved } : null,
  };
}

function licencasSecao({ licencas, licencas_expirando }: RelatorioDados, { momento }: Formatos, count: Count): Secao {
  const rows = licencas_expirando.map(({ chave_prefixo, cliente, expira_em }) => [
    chave_prefixo,
    cliente,
    momento(Date.parse(expira_em)),
  ]);
  return {
    titulo: 'Licenças',
    linhas: [
      count('Criadas no período', licencas.criadas),
      count('Ativas', licencas.ativas),
      count('Expiradas', licencas.expiradas),
      count('Terminam em 30 dias', licencas.expirando_30_dias),
      count('Total', licencas.total),
    ],
    grafico: [],
    tabela: rows.length > 0 ? { colunas: ['Licença', 'Cliente', 'Termina em'], linhas: rows } : null,
  };
}

function receitaSecao({ receita }: RelatorioDados, { dinheiro }: Formatos): Secao {
  const money = (rotulo: string, centavos: number): Linha => ({ rotulo, valor: dinheiro(centavos) });
  return {
    titulo: 'Receita',
    linhas: [
      money('Recorrente por mês', receita.recorrente_mensal_centavos),
      money('Recebida no período', receita.recebido_centavos),
      money('A receber', receita.a_receber_centavos),
      money('Vencida', receita.vencido_centavos),
      money('Recorrente perdida no período', receita.perdido_mensal_centavos),
    ],
    grafico: [],
    tabela: null,
  };
}

function maquinasSecao(
  { maquinas, maquinas_ausentes = [] }: RelatorioDados,
  { porcento }: Formatos,
  count: Count,
): Secao {
  const { disponibilidade_pct = null } = maquinas;
  const rows = maquinas_ausentes.map(({ nome, cliente, disponibilidade_pct: pct }) => [
    nome,
    cliente,
    porcento(pct / 100),
  ]);
  const heard = maquinas.online + maquinas.offline;
  return {
    titulo: 'Máquinas',
    linhas: [
      count('Online', maquinas.online),
      count('Offline', maquinas.offline),
      { rotulo: 'Online entre as que já falaram', valor: heard === 0 ? '–' : porcento(maquinas.online / heard) },
      {
        rotulo: 'Disponibilidade no período',
        valor: disponibilidade_pct === null ? '–' : porcento(disponibilidade_pct / 100),
      },
      count('Quedas no período', maquinas.quedas),
      count('Bloqueadas', maquinas.bloqueadas),
      count('Nunca vistas', maquinas.nunca_vistas),
      count('Total', maquinas.total),
    ],
    grafico: [
      { rotulo: 'Online', valor: maquinas.online },
      { rotulo: 'Offline', valor: maquinas.offline },
      { rotulo: 'Bloqueadas', valor: maquinas.bloqueadas },
    ],
    tabela: rows.length > 0 ? { colunas: ['Mais ausentes', 'Cliente', 'Disponibilidade'], linhas: rows } : null,
  };
}

function riscoSecao({ risco, risco_clientes }: RelatorioDados, { porcento }: Formatos): Secao {
  const rows = risco_clientes.map(({ nome, probabilidade, classe }) => [nome, classe, porcento(probabilidade)]);
  return {
    titulo: 'Risco de perder clientes',
    linhas: [],
    grafico: [
      { rotulo: 'Crítico', valor: risco.critico },
      { rotulo: 'Alto', valor: risco.alto },
      { rotulo: 'Médio', valor: risco.medio },
      { rotulo: 'Baixo', valor: risco.baixo },
    ],
    tabela: rows.length > 0 ? { colunas: ['Cliente', 'Classe', 'Probabilidade'], linhas: rows } : null,
  };
}
