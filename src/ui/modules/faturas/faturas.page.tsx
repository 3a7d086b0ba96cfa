/** The list of invoices. */

import { FaturasList } from './faturas-list';

export default function FaturasPage() {
  return <FaturasList />;
}
