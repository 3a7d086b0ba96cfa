/** The SDKs as files to download: the TypeScript one as it is and as JavaScript, the Python one as it is. */

import { version } from '../native/build-info';
import python from '../sdk/python/narcidicontrol.py' with { type: 'text' };

export interface SdkArquivo {
  tipo: string;
  texto(): Promise<string>;
}

/** As text: the same module is code to whoever tests it. */
async function typescript(): Promise<string> {
  const module: object = await import('../sdk/typescript/narcidicontrol', { with: { type: 'text' } });
  if (!('default' in module) || typeof module.default !== 'string') throw new Error('the SDK is not there as text');
  return module.default;
}

/** By the name it is downloaded under. */
export const sdkArquivos: Readonly<Record<string, SdkArquivo>> = {
  'narcidicontrol.ts': {
    tipo: 'text/plain',
    texto: async () => `// narcidicontrol SDK ${version}\n${await typescript()}`,
  },
  'narcidicontrol.js': {
    tipo: 'text/javascript',
    texto: async () => {
      const transpiler = new Bun.Transpiler({ loader: 'ts', target: 'browser' });
      return `// narcidicontrol SDK ${version}\n${transpiler.transformSync(await typescript())}`;
    },
  },
  'narcidicontrol.py': { tipo: 'text/plain', texto: async () => `# narcidicontrol SDK ${version}\n${python}` },
};
