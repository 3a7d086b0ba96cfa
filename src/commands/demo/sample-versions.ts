/** Sample versions of what the simulated machines run, sent through the services as a developer would. */

import type { App } from '../../app';
import { systemActor } from '../../core/actor';
import type { NovaVersao } from '../../modules/versoes/versoes.service';

const samples: readonly NovaVersao[] = [
  { versao: '4.1.9', notas: 'Correções na emissão de NF-e.', publicar: true },
  { versao: '4.2.1', notas: '## Novidades\n\n- Relatório de caixa por turno\n- Impressão mais rápida', publicar: true },
  { versao: '4.3.0', notas: 'Pix na frente de caixa.', distribuicao_pct: 20, versao_minima: '4.2.0', publicar: true },
  { versao: '5.0.0-beta.1', canal: 'beta', notas: '**Beta**: nova tela de vendas.', publicar: true },
  { versao: '5.0.0', notas: 'Em preparação.' },
];

/** Sends each as a small file, for there is no software to send. */
export async function createSampleVersions({ versoes, files }: App['services']['versoes']): Promise<void> {
  const actor = systemActor('demo');
  for (const sample of samples) {
    const content = new TextEncoder().encode(`programa de demonstração, versão ${sample.versao}\n`);
    const file = await files.receive(one(content), content.length);
    await versoes.criar(actor, file, `programa-${sample.versao}.bin`, sample);
  }
}

async function* one(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}
