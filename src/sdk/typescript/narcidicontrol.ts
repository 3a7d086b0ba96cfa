/**
 * narcidicontrol for TypeScript and JavaScript: Node 20+, Bun, Electron and browsers. One file, no dependencies. It needs
 * `fetch` and WebCrypto with Ed25519.
 *
 * The rule it exists for: a customer who has paid is never locked out by a server that is down, slow or in trouble. Only an
 * answer the server calls `definitivo` refuses; until then the signed certificate of the last good answer decides.
 */

/** A public key of the server, from `/.well-known/jwks.json` (RFC 7517, RFC 8037). */
export interface ChavePublica {
  kid: string;
  x: string;
}

/** Where the SDK keeps what it must not forget: one text. */
export interface Armazenamento {
  ler(): Promise<string | null>;
  gravar(texto: string): Promise<void>;
}

export interface Opcoes {
  /** Base address, such as `https://licencas.suaempresa.com.br`. */
  servidor: string;
  chave: string;
  /** What tells this machine from all others: 1 to 4,096 bytes of printable text, always the same on it. */
  impressao: string;
  armazenamento: Armazenamento;
  /** Of your software, for licences that hold for some versions only. */
  versao?: string;
  produto?: string;
  /** The server's keys, built into your software. Without them the keys seen at activation are trusted from then on. */
  chavesPublicas?: readonly ChavePublica[];
  /** How long the server may take to answer, milliseconds. */
  limiteMs?: number;
  /** How long an expired certificate still bridges an outage, hours; never past the licence's own end. */
  carenciaHoras?: number;
  /** Is told when this machine is blocked… */
  aoBloquear?(estado: EstadoDaMaquina): void | Promise<void>;
  /** …and when it may work again. */
  aoLiberar?(estado: EstadoDaMaquina): void | Promise<void>;
  /** The clock, epoch milliseconds. */
  agora?(): number;
}

export interface EstadoDaMaquina {
  bloqueada: boolean;
  codigo: string;
  motivo: string | null;
  revisao: number;
}

/** Whether the software may work, and on whose word. */
export interface Veredito {
  valida: boolean;
  codigo: string;
  detalhe: string;
  /** `certificado`: the server did not answer, and the last certificate decided. */
  origem: 'servidor' | 'certificado';
  /** It works, but not for long: the subscription or the certificate is past its end. */
  em_carencia: boolean;
  recursos: readonly string[];
}

/** Percentages, 0 to 100; `extras` is any numeric series. */
export interface Medida {
  cpu: number;
  memoria: number;
  disco: number;
  /** RFC 3339; now, if it is not said. */
  em?: string;
  versao?: string;
  extras?: Record<string, number>;
}

export interface CredencialMqtt {
  url: string;
  client_id: string;
  usuario: string;
  senha: string;
  topicos: { heartbeat: string; estado: string; comandos: string; respostas: string; conexao: string };
}

export interface Oferta {
  atualizacao: boolean;
  obrigatoria: boolean;
  versao?: { id: string; versao: string; notas: string; tamanho: number; sha256: string; assinatura: string };
  url?: string;
}

/** A refusal, with the server's stable code; `definitivo` false means: try again later. */
export class ErroNarcidi extends Error {
  constructor(
    readonly codigo: string,
    detalhe: string,
    readonly definitivo: boolean,
    readonly status = 0,
  ) {
    super(detalhe);
    this.name = 'ErroNarcidi';
  }
}

interface Provas {
  iat: number;
  exp: number;
  impressao: string | null;
  valida: boolean;
  codigo: string;
  nonce?: string;
  lic: { recursos: string[]; expira_em: string | null };
  maquina_id?: string;
  bloqueada?: boolean;
  revisao?: number;
  motivo?: string | null;
}

interface Guardado {
  maquina_id: string | null;
  token: string | null;
  mqtt: CredencialMqtt | null;
  certificado: string | null;
  chaves: ChavePublica[];
  /** The latest moment that is certain to have been, epoch milliseconds. */
  maior_hora: number;
  /** The last definitive refusal, until the server takes it back. */
  recusa: { codigo: string; detalhe: string } | null;
  estado: EstadoDaMaquina | null;
  /** Heartbeats that the server has not heard yet. */
  fila: Medida[];
}

const vazio: Guardado = {
  maquina_id: null,
  token: null,
  mqtt: null,
  certificado: null,
  chaves: [],
  maior_hora: 0,
  recusa: null,
  estado: null,
  fila: [],
};

const horaMs = 3_600_000;
/** A clock that is a time zone off is no fraud. */
const atrasoTolerado = 24 * horaMs;
const filaMax = 1_000;
/** Statuses that may be another the next time. */
const passageiros = new Set([408, 425, 429]);
/** Refusals of the licence or the machine itself; the others are about what was asked. */
const recusasDuraveis = new Set([
  'NAO_ENCONTRADA',
  'CANCELADA',
  'CLIENTE_BLOQUEADO',
  'BLOQUEADA',
  'EXPIRADA',
  'MAQUINA_NAO_ATIVADA',
  'MAQUINA_BLOQUEADA',
]);

/** Keeps in a file (Node, Bun, Electron), replaced whole or not at all. */
export function emArquivo(caminho: string): Armazenamento {
  return {
    ler: async () => {
      const { readFile } = await import('node:fs/promises');
      return readFile(caminho, 'utf8').catch(() => null);
    },
    gravar: async (texto) => {
      const { rename, writeFile } = await import('node:fs/promises');
      await writeFile(`${caminho}.novo`, texto, { mode: 0o600 });
      await rename(`${caminho}.novo`, caminho);
    },
  };
}

/** Keeps in the browser. */
export function emLocalStorage(nome = 'narcidicontrol'): Armazenamento {
  const { localStorage } = globalThis as unknown as {
    localStorage: { getItem(nome: string): string | null; setItem(nome: string, texto: string): void };
  };
  return {
    ler: async () => localStorage.getItem(nome),
    gravar: async (texto) => localStorage.setItem(nome, texto),
  };
}

export class Narcidi {
  private guardado: Guardado | null = null;
  private gravando: Promise<void> = Promise.resolve();

  constructor(private readonly opcoes: Opcoes) {}

  /**
   * Takes a seat for this machine and keeps its credential. Asked again, it answers the same.
   * @throws ErroNarcidi such as LIMITE_DE_MAQUINAS or BLOQUEADA; SEM_SERVIDOR when nobody answered.
   */
  async ativar(maquina: { nome?: string; hostname?: string; so?: string; arquitetura?: string } = {}): Promise<void> {
    const { chave, impressao, versao, produto } = this.opcoes;
    const corpo = { impressao, ...maquina, ...(versao ? { versao } : {}), ...(produto ? { produto } : {}) };
    const resposta = await this.pedir<{
      maquina: { id: string };
      token: string;
      mqtt: CredencialMqtt;
      certificado: string;
    }>('POST', `/licencas/ativar/${encodeURIComponent(chave)}`, corpo);
    if ((await this.confiadas()).length === 0) await this.guardar({ chaves: await this.buscarChaves() });
    const provas = await this.provar(resposta.certificado);
    if (!provas) throw new ErroNarcidi('RESPOSTA_NAO_CONFIAVEL', 'A resposta não tem assinatura conhecida.', false);
    const { token, mqtt } = resposta;
    await this.guardar({ maquina_id: resposta.maquina.id, token, mqtt });
    await this.aceitar(resposta.certificado, provas);
  }

  /**
   * Whether the software may work now. Never throws: without an answer that can be relied on, the certificate decides.
   * @param pedido features that are needed, such as `nfe` or `usuarios:10`.
   */
  async verificar(pedido: { recursos?: readonly string[] } = {}): Promise<Veredito> {
    const { chave, impressao, versao, produto } = this.opcoes;
    const { recursos = [] } = pedido;
    const nonce = crypto.randomUUID();
    const consulta = new URLSearchParams({ impressao, nonce });
    if (versao) consulta.set('versao', versao);
    if (produto) consulta.set('produto', produto);
    if (recursos.length > 0) consulta.set('recursos', recursos.join(','));
    type Resposta = {
      valida: boolean;
      codigo: string;
      detalhe: string;
      definitivo: boolean;
      certificado?: string;
      em_carencia?: boolean;
    };
    const resposta = await this.pedir<Resposta>(
      'GET',
      `/licencas/verificar/${encodeURIComponent(chave)}?${consulta}`,
    ).catch(() => null);
    if (resposta?.valida === true && typeof resposta.certificado === 'string') {
      const provas = await this.provar(resposta.certificado);
      // Without our own nonce in it, it may be an old answer that somebody plays again.
      if (provas?.valida && provas.nonce === nonce) {
        await this.aceitar(resposta.certificado, provas);
        const { codigo, detalhe, em_carencia = false } = resposta;
        return { valida: true, codigo, detalhe, origem: 'servidor', em_carencia, recursos: provas.lic.recursos };
      }
    }
    if (resposta?.valida === false && resposta.definitivo === true) {
      const { codigo, detalhe } = resposta;
      if (recusasDuraveis.has(codigo)) await this.guardar({ recusa: { codigo, detalhe } });
      return { valida: false, codigo, detalhe, origem: 'servidor', em_carencia: false, recursos: [] };
    }
    return this.pelaPalavraGuardada(recursos);
  }

  /**
   * Tells how the machine is, with what could not be told before. @returns its state, or null when nobody answered: the
   * measure is kept and goes out with the next.
   */
  async heartbeat(medida: Medida): Promise<EstadoDaMaquina | null> {
    const guardado = await this.carregar();
    const { versao } = this.opcoes;
    const nova = { em: this.momentoApos(guardado.fila.at(-1)), ...(versao ? { versao } : {}), ...medida };
    const fila = [...guardado.fila, nova].slice(-filaMax);
    // Kept before it is sent: what is cut off here goes out at the next start.
    await this.guardar({ fila });
    const enviar = () =>
      this.pedir<{ certificado: string }>('POST', '/maquinas/heartbeat', fila, guardado.token ?? undefined);
    let resposta: { certificado: string };
    try {
      resposta = await enviar().catch(async (erro: unknown) => {
        if (!(erro instanceof ErroNarcidi) || erro.status !== 401) throw erro;
        // The credential was changed: activating again gives the present one.
        await this.ativar();
        return this.pedir<{ certificado: string }>(
          'POST',
          '/maquinas/heartbeat',
          fila,
          (await this.carregar()).token ?? undefined,
        );
      });
    } catch (erro) {
      if (erro instanceof ErroNarcidi && erro.status === 422) await this.guardar({ fila: [] });
      if (erro instanceof ErroNarcidi && erro.definitivo) throw erro;
      return null;
    }
    // What was measured meanwhile has not been told yet.
    const contadas = new Set(fila);
    await this.guardar({ fila: (await this.carregar()).fila.filter((uma) => !contadas.has(uma)) });
    await this.tratarEstado(JSON.stringify(resposta));
    return (await this.carregar()).estado;
  }

  /**
   * Takes a message of the topic `estado`, from any MQTT client. @returns what to publish to the topic `respostas`, or null
   * for a state that is not to be believed or is not new.
   */
  async tratarEstado(mensagem: string): Promise<string | null> {
    const { certificado } = lerJson<{ certificado?: string }>(mensagem) ?? {};
    const provas = certificado ? await this.provar(certificado) : null;
    if (!certificado || !provas || provas.revisao === undefined || provas.bloqueada === undefined) return null;
    const { estado: antes } = await this.carregar();
    const { bloqueada, revisao, codigo, motivo = null } = provas;
    if (antes && revisao < antes.revisao) return null;
    const estado: EstadoDaMaquina = { bloqueada, codigo, motivo, revisao };
    await this.guardar({ estado });
    if (provas.valida) await this.aceitar(certificado, provas);
    else if (recusasDuraveis.has(codigo)) await this.guardar({ recusa: { codigo, detalhe: motivo ?? codigo } });
    if (bloqueada && !antes?.bloqueada) await this.opcoes.aoBloquear?.(estado);
    if (!bloqueada && antes?.bloqueada) await this.opcoes.aoLiberar?.(estado);
    return JSON.stringify({ revisao, resultado: 'aplicado', detalhe: null });
  }

  /** How to connect over MQTT, or null before activation. Subscribe to `topicos.estado`, and hand what comes to `tratarEstado`. */
  async mqtt(): Promise<CredencialMqtt | null> {
    return (await this.carregar()).mqtt;
  }

  /** Whether there is a newer version. @throws ErroNarcidi: a blocked machine gets none. */
  async verificarAtualizacao(pedido: {
    versao_atual: string;
    plataforma: 'windows' | 'linux' | 'macos';
    arquitetura: 'x64' | 'arm64';
    canal?: 'estavel' | 'beta' | 'alfa';
  }): Promise<Oferta> {
    const { produto } = this.opcoes;
    const { token } = await this.carregar();
    return this.pedir(
      'POST',
      '/uploads/versao/check',
      { ...pedido, ...(produto ? { produto } : {}) },
      token ?? undefined,
    );
  }

  /**
   * Fetches a version into a file (Node, Bun, Electron). The file has its name only once its length, its SHA-256 and the
   * server's signature are right. @throws ErroNarcidi ARQUIVO_ALTERADO; nothing is left behind then.
   */
  async baixar({ versao, url }: Oferta, destino: string): Promise<void> {
    if (!versao || !url) throw new ErroNarcidi('SEM_ATUALIZACAO', 'Não há versão a baixar.', true);
    const [{ createHash }, { open, rename, rm }] = await Promise.all([
      import('node:crypto'),
      import('node:fs/promises'),
    ]);
    const resposta = await fetch(new URL(url, this.opcoes.servidor)).catch(() => null);
    if (!resposta?.ok || !resposta.body) {
      throw new ErroNarcidi('SEM_SERVIDOR', 'O arquivo não veio.', false, resposta?.status ?? 0);
    }
    const parcial = `${destino}.parcial`;
    const hash = createHash('sha256');
    let bytes = 0;
    try {
      const arquivo = await open(parcial, 'w');
      try {
        for await (const bloco of resposta.body as unknown as AsyncIterable<Uint8Array>) {
          bytes += bloco.length;
          if (bytes > versao.tamanho) break;
          hash.update(bloco);
          await arquivo.write(bloco);
        }
        await arquivo.sync();
      } finally {
        await arquivo.close();
      }
      const digest = hash.digest();
      const certo = bytes === versao.tamanho && digest.toString('hex') === versao.sha256.toLowerCase();
      if (!certo || !(await this.assinado(digest, versao.assinatura))) {
        throw new ErroNarcidi('ARQUIVO_ALTERADO', 'O arquivo não é o que o servidor assinou.', true);
      }
      await rename(parcial, destino);
    } catch (erro) {
      await rm(parcial, { force: true });
      if (erro instanceof ErroNarcidi) throw erro;
      throw new ErroNarcidi('SEM_SERVIDOR', erro instanceof Error ? erro.message : String(erro), false);
    }
  }

  /** Frees the seat and forgets everything but the server's keys. @throws ErroNarcidi SEM_SERVIDOR: the seat is still taken. */
  async desativar(): Promise<void> {
    const { chave, impressao } = this.opcoes;
    await this.pedir('POST', `/licencas/desativar/${encodeURIComponent(chave)}`, { impressao });
    const { chaves, maior_hora } = await this.carregar();
    await this.guardar({ ...vazio, chaves, maior_hora });
  }

  /** What is known without the server. */
  private async pelaPalavraGuardada(recursos: readonly string[]): Promise<Veredito> {
    const nao = (codigo: string, detalhe: string): Veredito => ({
      valida: false,
      codigo,
      detalhe,
      origem: 'certificado',
      em_carencia: false,
      recursos: [],
    });
    const { certificado, recusa, maior_hora } = await this.carregar();
    if (recusa) return nao(recusa.codigo, recusa.detalhe);
    if (!certificado)
      return nao('SEM_CERTIFICADO', 'O servidor não respondeu, e esta máquina ainda não foi verificada.');
    const provas = await this.provar(certificado);
    if (!provas?.valida)
      return nao('CERTIFICADO_INVALIDO', 'O certificado guardado não é deste servidor e desta máquina.');
    const agora = this.agora();
    if (agora < Math.max(maior_hora, provas.iat * 1_000) - atrasoTolerado) {
      return nao('RELOGIO_ATRASADO', 'O relógio desta máquina foi atrasado: acerte-o, ou conecte-se ao servidor.');
    }
    const fim = provas.exp * 1_000;
    const fimDaLicenca = provas.lic.expira_em ? Date.parse(provas.lic.expira_em) : Number.POSITIVE_INFINITY;
    const limite = Math.max(fim, Math.min(fim + (this.opcoes.carenciaHoras ?? 72) * horaMs, fimDaLicenca));
    if (agora >= limite) return nao('CERTIFICADO_EXPIRADO', 'Faz tempo demais que o servidor não responde.');
    if (agora > maior_hora) await this.guardar({ maior_hora: agora });
    const faltam = recursos.filter((recurso) => !inclui(provas.lic.recursos, recurso));
    if (faltam.length > 0) return nao('RECURSO_AUSENTE', `A licença não inclui: ${faltam.join(', ')}.`);
    return {
      valida: true,
      codigo: 'VALIDA',
      detalhe: 'O servidor não respondeu; vale o certificado.',
      origem: 'certificado',
      em_carencia: agora >= fim,
      recursos: provas.lic.recursos,
    };
  }

  /** From now on this certificate bridges outages. */
  private async aceitar(certificado: string, { iat }: Provas): Promise<void> {
    await this.guardar({ certificado, recusa: null, maior_hora: iat * 1_000 });
  }

  /** The claims of a certificate (compact JWS, RFC 7515) that is the server's and this machine's; null for any other. */
  private async provar(jws: string): Promise<Provas | null> {
    const [cabecalho = '', corpo = '', assinatura = '', ...resto] = jws.split('.');
    const { alg, kid } = lerJson<{ alg?: string; kid?: string }>(textoDe(cabecalho)) ?? {};
    if (alg !== 'EdDSA' || !kid || resto.length > 0) return null;
    const dados = new TextEncoder().encode(`${cabecalho}.${corpo}`);
    const chave = await this.chavePara(kid);
    if (!chave || !(await confere(chave, dados, assinatura))) return null;
    const provas = lerJson<Provas>(textoDe(corpo));
    return provas?.impressao === this.opcoes.impressao ? provas : null;
  }

  /** Whether a detached signature over these bytes is by a key of the server. */
  private async assinado(dados: Uint8Array, assinatura: string): Promise<boolean> {
    for (const chave of await this.confiadas()) if (await confere(chave, dados, assinatura)) return true;
    await this.renovarChaves();
    for (const chave of await this.confiadas()) if (await confere(chave, dados, assinatura)) return true;
    return false;
  }

  private async confiadas(): Promise<ChavePublica[]> {
    return [...(this.opcoes.chavesPublicas ?? []), ...(await this.carregar()).chaves];
  }

  private async chavePara(kid: string): Promise<ChavePublica | undefined> {
    const procurar = async () => (await this.confiadas()).find((chave) => chave.kid === kid);
    const conhecida = await procurar();
    if (conhecida) return conhecida;
    await this.renovarChaves();
    return procurar();
  }

  /** Takes up keys that were added since; a set without any that we trust is another server's. */
  private async renovarChaves(): Promise<void> {
    const vindas = await this.buscarChaves().catch(() => []);
    const confiadas = await this.confiadas();
    if (!vindas.some(({ kid, x }) => confiadas.some((chave) => chave.kid === kid && chave.x === x))) return;
    const novas = vindas.filter(({ kid }) => !confiadas.some((chave) => chave.kid === kid));
    if (novas.length > 0) await this.guardar({ chaves: [...(await this.carregar()).chaves, ...novas] });
  }

  private async buscarChaves(): Promise<ChavePublica[]> {
    const { keys } = await this.pedirEm<{ keys: ChavePublica[] }>('GET', '/.well-known/jwks.json');
    return keys.map(({ kid, x }) => ({ kid, x }));
  }

  /** Now, but never the same millisecond twice: a heartbeat is its machine and its time. */
  private momentoApos(ultima: Medida | undefined): string {
    const depois = ultima?.em ? Date.parse(ultima.em) + 1 : 0;
    const agora = this.agora();
    return new Date(depois - agora < 1_000 ? Math.max(agora, depois) : agora).toISOString();
  }

  private agora(): number {
    return this.opcoes.agora?.() ?? Date.now();
  }

  private async carregar(): Promise<Guardado> {
    this.guardado ??= { ...vazio, ...lerJson<Guardado>((await this.opcoes.armazenamento.ler()) ?? '') };
    return this.guardado;
  }

  private async guardar(mudanca: Partial<Guardado>): Promise<void> {
    this.guardado = { ...(await this.carregar()), ...mudanca };
    const texto = JSON.stringify(this.guardado);
    // One after another: an older text must not overtake a newer.
    this.gravando = this.gravando.then(() => this.opcoes.armazenamento.gravar(texto));
    await this.gravando;
  }

  private pedir<T>(metodo: string, caminho: string, corpo?: unknown, token?: string): Promise<T> {
    return this.pedirEm(metodo, `/api/v1${caminho}`, corpo, token);
  }

  private async pedirEm<T>(metodo: string, caminho: string, corpo?: unknown, token?: string): Promise<T> {
    const { servidor, limiteMs = 5_000 } = this.opcoes;
    const semResposta = () => new ErroNarcidi('SEM_SERVIDOR', 'O servidor não respondeu.', false);
    const resposta = await fetch(servidor.replace(/\/+$/, '') + caminho, {
      method: metodo,
      headers: {
        ...(corpo === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      ...(corpo === undefined ? {} : { body: JSON.stringify(corpo) }),
      signal: AbortSignal.timeout(limiteMs),
    }).catch(() => null);
    if (!resposta) throw semResposta();
    const conteudo = lerJson<T & { codigo?: string; detail?: string; definitivo?: boolean }>(
      await resposta.text().catch(() => ''),
    );
    if (resposta.ok && conteudo) return conteudo;
    if (!conteudo?.codigo) throw semResposta();
    // A refusal is meant unless the server is in trouble, or has had enough for now.
    const { status } = resposta;
    const { codigo, detail = codigo, definitivo = status < 500 && !passageiros.has(status) } = conteudo;
    throw new ErroNarcidi(codigo, detail, definitivo, status);
  }
}

/** `usuarios:8` is held by `usuarios:10` and by `usuarios`. */
function inclui(recursos: readonly string[], pedido: string): boolean {
  const [nome, quanto] = pedido.split(':');
  return recursos.some((recurso) => {
    const [dele, limite] = recurso.split(':');
    return dele === nome && (quanto === undefined || limite === undefined || Number(quanto) <= Number(limite));
  });
}

async function confere({ x }: ChavePublica, dados: Uint8Array, assinatura: string): Promise<boolean> {
  try {
    const chave = await crypto.subtle.importKey('raw', bytesDe(x), 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', chave, bytesDe(assinatura), dados as Uint8Array<ArrayBuffer>);
  } catch {
    return false;
  }
}

function bytesDe(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (letra) => letra.charCodeAt(0));
}

function textoDe(base64url: string): string {
  try {
    return new TextDecoder().decode(bytesDe(base64url));
  } catch {
    return '';
  }
}

function lerJson<T>(texto: string): T | null {
  try {
    const valor: unknown = JSON.parse(texto);
    return typeof valor === 'object' && valor !== null ? (valor as T) : null;
  } catch {
    return null;
  }
}
