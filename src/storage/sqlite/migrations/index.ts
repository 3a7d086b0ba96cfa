/** Every schema change in order. Forward only: a released migration is never edited, the next one mends it. */

import type { Migration } from 'kysely/migration';
import { up as spine } from './0001-spine';
import { up as lifeCycle } from './0002-life-cycle';
import { up as floating } from './0003-floating';
import { up as machines } from './0004-machines';
import { up as access } from './0005-access';
import { up as versions } from './0006-versions';
import { up as events } from './0007-events';
import { up as operation } from './0008-operation';
import { up as insight } from './0009-insight';
import { up as generalProducts } from './0010-general-products';

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-spine': { up: spine },
  '0002-life-cycle': { up: lifeCycle },
  '0003-floating': { up: floating },
  '0004-machines': { up: machines },
  '0005-access': { up: access },
  '0006-versions': { up: versions },
  '0007-events': { up: events },
  '0008-operation': { up: operation },
  '0009-insight': { up: insight },
  '0010-general-products': { up: generalProducts },
};
