/** Drives the TypeScript SDK for the conformance suite: one JSON request a line, one JSON answer a line. */

import { createInterface } from 'node:readline';
import { ErroNarcidi, emArquivo, Narcidi, type Oferta } from '../../src/sdk/typescript/narcidicontrol';

interface Pedido {
  acao: string;
  // biome-ignore lint/suspicious/noExplicitAny: the harness is the other side, and judges what comes back.
  args: any;
}

let narcidi: Narcidi;
let atrasoMs = 0;
let avisos: string[] = [];
let oferta: Oferta;

const acoes: Record<string, (args: Pedido['args']) => unknown> = {
  abrir: ({ servidor, chave, impressao, arquivo, limite_ms }) => {
    narcidi = new Narcidi({
      servidor,
      chave,
      impressao,
      armazenamento: emArquivo(arquivo),
      limiteMs: limite_ms,
      agora: () => Date.now() + atrasoMs,
      aoBloquear: () => void avisos.push('bloqueada'),
      aoLiberar: () => void avisos.push('liberada'),
    });
  },
  relogio: ({ ms }) => {
    atrasoMs = ms;
  },
  ativar: () => narcidi.ativar({ nome: 'máquina de teste' }),
  verificar: (args) => narcidi.verificar(args),
  heartbeat: (args) => narcidi.heartbeat(args),
  estado: ({ mensagem }) => narcidi.tratarEstado(mensagem),
  mqtt: () => narcidi.mqtt(),
  atualizacao: async ({ versao_atual }) => {
    oferta = await narcidi.verificarAtualizacao({ versao_atual, plataforma: 'linux', arquitetura: 'x64' });
    return { atualizacao: oferta.atualizacao, versao: oferta.versao?.versao };
  },
  baixar: ({ destino }) => narcidi.baixar(oferta, destino),
  desativar: () => narcidi.desativar(),
};

for await (const linha of createInterface({ input: process.stdin })) {
  const { acao, args } = JSON.parse(linha) as Pedido;
  avisos = [];
  let resposta: object;
  try {
    resposta = { valor: (await acoes[acao]?.(args)) ?? null };
  } catch (erro) {
    resposta =
      erro instanceof ErroNarcidi
        ? { erro: { codigo: erro.codigo, definitivo: erro.definitivo } }
        : { erro: { codigo: String(erro) } };
  }
  console.log(JSON.stringify({ ...resposta, avisos }));
}
