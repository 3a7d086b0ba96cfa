/** Every schema change in order. Forward only: a released migration is never edited, the next one mends it. */

import type { Migration } from 'kysely/migration';
import { up as spine } from './0001-spine';

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-spine': { up: spine },
};
