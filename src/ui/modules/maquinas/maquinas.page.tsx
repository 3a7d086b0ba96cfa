/** The fleet. */

import { MaquinasList } from './maquinas-list';

export default function MaquinasPage() {
  return <MaquinasList />;
}
