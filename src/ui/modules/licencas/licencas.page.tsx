/** The list of licences. */

import { LicencasList } from './licencas-list';

export default function LicencasPage() {
  return <LicencasList />;
}
