/** Who gets in and what is noted of it: users, profiles, API keys, tokens, the audit. */

import { secondMs } from '../core/clock';
import { createAcesso } from '../modules/acesso/acesso.service';
import { createAdministrador } from '../modules/acesso/administrador.service';
import { createChavesApi } from '../modules/acesso/chaves-api.service';
import { createCredencial } from '../modules/acesso/credencial.service';
import { createEntrada } from '../modules/acesso/entrada.service';
import { createNavegador } from '../modules/acesso/navegador.service';
import { createPerfis } from '../modules/acesso/perfis.service';
import { createProvarSenha } from '../modules/acesso/prova.service';
import { createRecuperacao } from '../modules/acesso/recuperacao.service';
import { createSegundoFator } from '../modules/acesso/segundo-fator.service';
import { createSenhas } from '../modules/acesso/senha.service';
import { createSessoes } from '../modules/acesso/sessao.service';
import { createSessoesAbertas } from '../modules/acesso/sessoes.service';
import { createTentativas } from '../modules/acesso/tentativas';
import { createUsuarios } from '../modules/acesso/usuarios.service';
import { createAuditoria } from '../modules/auditoria/auditoria.service';
import { createHistorico } from '../modules/auditoria/historico.service';
import type { Emails } from '../modules/emails/emails.service';
import { createAccessTokens } from '../transport/http/access-token';
import type { Adapters } from './adapters';

export function createAccessServices(adapters: Adapters, emails: Emails) {
  const { settings, keyring, work, clock, ids, counters, addresses } = adapters;
  const { tokenTtlSeconds: accessTtlSeconds, refreshTtlSeconds } = settings;
  const senhas = createSenhas();
  const tentativas = createTentativas(clock, counters);
  const provarSenha = createProvarSenha({ work, senhas, tentativas });
  const segundoFator = createSegundoFator({ work, keyring, provarSenha });
  const entrada = createEntrada({ work, clock, senhas, tentativas, segundoFator });
  const accessTokens = createAccessTokens({ keyring, clock, ttlSeconds: accessTtlSeconds });
  const sessoes = createSessoes({ clock, ids, accessTokens, accessTtlSeconds });
  const credencial = createCredencial({ work, clock, keyring, tentativas });
  return {
    acesso: createAcesso({ work, clock, keyring, accessTokens, sessoes, entrada, credencial, refreshTtlSeconds }),
    administrador: createAdministrador({ work, ids, keyring, senhas }),
    usuarios: createUsuarios({ work, ids, senhas }),
    perfis: createPerfis({ work, ids }),
    chavesApi: createChavesApi({ work, ids, keyring }),
    auditoria: createAuditoria({ work, keyring }),
    historico: createHistorico({ work }),
    segundoFator,
    sessoesAbertas: createSessoesAbertas({ work, clock, refreshTtlMs: refreshTtlSeconds * secondMs }),
    navegador: createNavegador({ work, clock, keyring, entrada, sessoes, ttlSeconds: refreshTtlSeconds }),
    recuperacao: createRecuperacao({
      work,
      clock,
      keyring,
      counters,
      senhas,
      provarSenha,
      enviarCodigo: (tx, { para, nome, codigo, minutos }) => {
        const url = `${settings.publicUrl || addresses.url}/redefinir?codigo=${codigo}`;
        return emails.enfileirar(tx, {
          para,
          modelo: 'recuperar_senha',
          dados: { nome, url, validade_minutos: minutos },
        });
      },
    }),
  };
}
