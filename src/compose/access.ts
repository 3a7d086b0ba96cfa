/** Who gets in and what is noted of it: users, profiles, API keys, tokens, the audit. */

import { createAcesso } from '../modules/acesso/acesso.service';
import { createAdministrador } from '../modules/acesso/administrador.service';
import { createChavesApi } from '../modules/acesso/chaves-api.service';
import { createCredencial } from '../modules/acesso/credencial.service';
import { createEntrada } from '../modules/acesso/entrada.service';
import { createPerfis } from '../modules/acesso/perfis.service';
import { createSenhas } from '../modules/acesso/senha.service';
import { createTentativas } from '../modules/acesso/tentativas';
import { createUsuarios } from '../modules/acesso/usuarios.service';
import { createAuditoria } from '../modules/auditoria/auditoria.service';
import { createAccessTokens } from '../transport/http/access-token';
import type { Adapters } from './adapters';

export function createAccessServices({ settings, keyring, work, clock, ids, counters }: Adapters) {
  const senhas = createSenhas();
  const tentativas = createTentativas(clock, counters);
  const acesso = createAcesso({
    work,
    clock,
    ids,
    keyring,
    accessTokens: createAccessTokens(keyring.jwtSecret, clock),
    entrada: createEntrada({ work, clock, senhas, tentativas }),
    credencial: createCredencial({ work, clock, keyring, tentativas }),
    accessTtlSeconds: settings.tokenTtlSeconds,
    refreshTtlSeconds: settings.refreshTtlSeconds,
  });
  return {
    acesso,
    administrador: createAdministrador({ work, ids, keyring, senhas }),
    usuarios: createUsuarios({ work, ids, senhas }),
    perfis: createPerfis({ work, ids }),
    chavesApi: createChavesApi({ work, ids, keyring }),
    auditoria: createAuditoria({ work, keyring }),
  };
}
