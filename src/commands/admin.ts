/** `narcidicontrol admin set`: makes an administrator, or resets its password, on the data folder itself. */

import { createInterface } from 'node:readline/promises';
import { backupBeforeMigration } from '../compose/backups';
import { systemClock } from '../core/clock';
import { uuidV7 } from '../core/ids';
import { OperationalError } from '../core/operational-error';
import { Problem } from '../core/problem';
import { createAdministrador } from '../modules/acesso/administrador.service';
import { createSenhas } from '../modules/acesso/senha.service';
import type { Settings } from '../settings';
import { prepareDataFolder } from '../storage/data-folder';
import { openStores } from '../stores';

interface Options {
  email?: string;
  senhaStdin?: boolean;
}

/** @throws OperationalError for a password that will not do. */
export async function adminSet(settings: Settings, { email, senhaStdin }: Options): Promise<number> {
  const senha = senhaStdin ? (await Bun.stdin.text()).replace(/\r?\n$/, '') : await askPassword();
  const folder = prepareDataFolder(settings.data);
  await backupBeforeMigration(settings, folder);
  const stores = await openStores(folder, systemClock(settings.clockOffsetSeconds));
  try {
    const administrador = createAdministrador({ ...stores, ids: uuidV7, senhas: createSenhas() });
    const usuario = await administrador.definir('linha de comando', email ?? '', senha);
    console.log(`administrator ${usuario.email} is set; its sessions have ended`);
    return 0;
  } catch (error) {
    if (error instanceof Problem) throw new OperationalError(error.message);
    throw error;
  } finally {
    await stores.close();
  }
}

async function askPassword(): Promise<string> {
  if (!process.stdin.isTTY) throw new OperationalError('no terminal to ask for the password on: use --senha-stdin');
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await prompt.question('New password: ');
  } finally {
    prompt.close();
  }
}
