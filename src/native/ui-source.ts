/** The web UI's files. The build replaces this module by one that reads them from the executable. */

import { resolve } from 'node:path';
import { bundleUi, type UiFile } from './ui-bundle';

export const uiFiles = (): Promise<UiFile[]> => bundleUi(resolve(import.meta.dir, '../..'), 1);
