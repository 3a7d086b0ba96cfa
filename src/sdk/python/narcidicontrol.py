"""narcidicontrol for Python 3.9 and later: one file, the standard library only.

The rule it exists for: a customer who has paid is never locked out by a server that is down, slow or in trouble. Only an
answer the server calls ``definitivo`` refuses; until then the signed certificate of the last good answer decides.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Sequence

__all__ = ["Narcidi", "ErroNarcidi", "Veredito", "ed25519_confere"]

Json = Dict[str, Any]

HORA = 3600.0
# A clock that is a time zone off is no fraud.
ATRASO_TOLERADO = 24 * HORA
FILA_MAX = 1_000
BLOCO = 256 * 1024
# Statuses that may be another the next time.
PASSAGEIROS = {408, 425, 429}
# Refusals of the licence or the machine itself; the others are about what was asked.
RECUSAS_DURAVEIS = {
    "NAO_ENCONTRADA",
    "CANCELADA",
    "CLIENTE_BLOQUEADO",
    "BLOQUEADA",
    "EXPIRADA",
    "MAQUINA_NAO_ATIVADA",
    "MAQUINA_BLOQUEADA",
}


class ErroNarcidi(Exception):
    """A refusal, with the server's stable code; ``definitivo`` false means: try again later."""

    def __init__(self, codigo: str, detalhe: str, definitivo: bool, status: int = 0) -> None:
        super().__init__(detalhe)
        self.codigo = codigo
        self.definitivo = definitivo
        self.status = status


@dataclass(frozen=True)
class Veredito:
    """Whether the software may work, and on whose word: ``origem`` is ``servidor`` or ``certificado``."""

    valida: bool
    codigo: str
    detalhe: str
    origem: str
    em_carencia: bool = False
    recursos: List[str] = field(default_factory=list)


class Narcidi:
    """A licence on this machine.

    ``arquivo`` is where the SDK keeps what it must not forget. ``chaves_publicas`` are the server's keys (``kid`` and ``x`` of
    ``/.well-known/jwks.json``) built into your software; without them the keys seen at activation are trusted from then on.
    ``limite`` is how many seconds the server may take; ``carencia_horas`` how long an expired certificate still bridges an
    outage, never past the licence's own end. ``ao_bloquear`` and ``ao_liberar`` are told when this machine is blocked, and when
    it may work again. ``agora`` is the clock, in seconds since the epoch.
    """

    def __init__(
        self,
        servidor: str,
        chave: str,
        impressao: str,
        arquivo: str,
        versao: Optional[str] = None,
        produto: Optional[str] = None,
        chaves_publicas: Sequence[Json] = (),
        limite: float = 5.0,
        carencia_horas: float = 72.0,
        ao_bloquear: Optional[Callable[[Json], None]] = None,
        ao_liberar: Optional[Callable[[Json], None]] = None,
        agora: Callable[[], float] = time.time,
    ) -> None:
        self._servidor = servidor.rstrip("/")
        self._chave = urllib.parse.quote(chave, safe="")
        self._impressao = impressao
        self._arquivo = arquivo
        self._versao = versao
        self._produto = produto
        self._embutidas = [dict(chave) for chave in chaves_publicas]
        self._limite = limite
        self._carencia = carencia_horas * HORA
        self._ao_bloquear = ao_bloquear
        self._ao_liberar = ao_liberar
        self._agora = agora
        self._guardado = self._carregar()

    def ativar(self, nome: Optional[str] = None, **maquina: str) -> None:
        """Takes a seat for this machine and keeps its credential. Asked again, it answers the same.

        Raises ErroNarcidi such as LIMITE_DE_MAQUINAS or BLOQUEADA; SEM_SERVIDOR when nobody answered.
        """
        corpo: Json = {"impressao": self._impressao, **maquina}
        corpo.update({k: v for k, v in (("nome", nome), ("versao", self._versao), ("produto", self._produto)) if v})
        resposta = self._pedir("POST", f"/licencas/ativar/{self._chave}", corpo)
        if not self._confiadas():
            self._guardar(chaves=self._buscar_chaves())
        provas = self._provar(resposta["certificado"])
        if provas is None:
            raise ErroNarcidi("RESPOSTA_NAO_CONFIAVEL", "A resposta não tem assinatura conhecida.", False)
        self._guardar(maquina_id=resposta["maquina"]["id"], token=resposta["token"], mqtt=resposta["mqtt"])
        self._aceitar(resposta["certificado"], provas)

    def verificar(self, recursos: Sequence[str] = ()) -> Veredito:
        """Whether the software may work now. Never raises: without an answer that can be relied on, the certificate decides.

        ``recursos`` are features that are needed, such as ``nfe`` or ``usuarios:10``.
        """
        nonce = uuid.uuid4().hex
        consulta = {"impressao": self._impressao, "nonce": nonce}
        if self._versao:
            consulta["versao"] = self._versao
        if self._produto:
            consulta["produto"] = self._produto
        if recursos:
            consulta["recursos"] = ",".join(recursos)
        resposta: Json = {}
        try:
            resposta = self._pedir("GET", f"/licencas/verificar/{self._chave}?{urllib.parse.urlencode(consulta)}")
        except ErroNarcidi:
            pass
        if resposta.get("valida") is True:
            provas = self._provar(resposta.get("certificado"))
            # Without our own nonce in it, it may be an old answer that somebody plays again.
            if provas and provas.get("valida") is True and provas.get("nonce") == nonce:
                self._aceitar(resposta["certificado"], provas)
                em_carencia = resposta.get("em_carencia") is True
                return Veredito(
                    True, resposta["codigo"], resposta["detalhe"], "servidor", em_carencia, provas["lic"]["recursos"]
                )
        if resposta.get("valida") is False and resposta.get("definitivo") is True:
            codigo, detalhe = str(resposta.get("codigo")), str(resposta.get("detalhe"))
            if codigo in RECUSAS_DURAVEIS:
                self._guardar(recusa={"codigo": codigo, "detalhe": detalhe})
            return Veredito(False, codigo, detalhe, "servidor")
        return self._pela_palavra_guardada(recursos)

    def heartbeat(self, cpu: float, memoria: float, disco: float, **mais: Any) -> Optional[Json]:
        """Tells how the machine is, percentages 0 to 100, with what could not be told before.

        ``mais`` may hold ``extras`` (any numeric series) and ``em`` (RFC 3339). Returns the machine's state, or None when nobody
        answered: the measure is kept and goes out with the next.
        """
        nova: Json = {"em": self._momento(), "cpu": cpu, "memoria": memoria, "disco": disco, **mais}
        if self._versao:
            nova.setdefault("versao", self._versao)
        fila = [*self._guardado["fila"], nova][-FILA_MAX:]
        # Kept before it is sent: what is cut off here goes out at the next start.
        self._guardar(fila=fila)
        try:
            try:
                resposta = self._pedir("POST", "/maquinas/heartbeat", fila, self._guardado["token"])
            except ErroNarcidi as erro:
                if erro.status != 401:
                    raise
                # The credential was changed: activating again gives the present one.
                self.ativar()
                resposta = self._pedir("POST", "/maquinas/heartbeat", fila, self._guardado["token"])
        except ErroNarcidi as erro:
            if erro.status == 422:
                self._guardar(fila=[])
            if erro.definitivo:
                raise
            return None
        self._guardar(fila=[])
        self.tratar_estado(json.dumps(resposta))
        return self._guardado["estado"]

    def tratar_estado(self, mensagem: str) -> Optional[str]:
        """Takes a message of the topic ``estado``, from any MQTT client.

        Returns what to publish to the topic ``respostas``, or None for a state that is not to be believed or is not new.
        """
        certificado = (_ler_json(mensagem) or {}).get("certificado")
        provas = self._provar(certificado)
        if provas is None or not isinstance(provas.get("revisao"), int) or "bloqueada" not in provas:
            return None
        antes = self._guardado["estado"]
        if antes and provas["revisao"] < antes["revisao"]:
            return None
        estado = {nome: provas.get(nome) for nome in ("bloqueada", "codigo", "motivo", "revisao")}
        self._guardar(estado=estado)
        if provas["valida"]:
            self._aceitar(certificado, provas)
        elif provas["codigo"] in RECUSAS_DURAVEIS:
            self._guardar(recusa={"codigo": provas["codigo"], "detalhe": estado["motivo"] or provas["codigo"]})
        bloqueada_antes = bool(antes and antes["bloqueada"])
        if estado["bloqueada"] and not bloqueada_antes and self._ao_bloquear:
            self._ao_bloquear(estado)
        if not estado["bloqueada"] and bloqueada_antes and self._ao_liberar:
            self._ao_liberar(estado)
        return json.dumps({"revisao": estado["revisao"], "resultado": "aplicado", "detalhe": None})

    @property
    def mqtt(self) -> Optional[Json]:
        """How to connect over MQTT, or None before activation: ``url, client_id, usuario, senha, topicos``.

        Subscribe to ``topicos["estado"]`` and hand what comes to ``tratar_estado``.
        """
        return self._guardado["mqtt"]

    def verificar_atualizacao(
        self, versao_atual: str, plataforma: str, arquitetura: str, canal: Optional[str] = None
    ) -> Json:
        """Whether there is a newer version: ``{atualizacao, obrigatoria, versao, url}``.

        Raises ErroNarcidi: a blocked machine gets none.
        """
        corpo: Json = {"versao_atual": versao_atual, "plataforma": plataforma, "arquitetura": arquitetura}
        corpo.update({k: v for k, v in (("canal", canal), ("produto", self._produto)) if v})
        return self._pedir("POST", "/uploads/versao/check", corpo, self._guardado["token"])

    def baixar(self, oferta: Json, destino: str) -> None:
        """Fetches a version into a file.

        The file has its name only once its length, its SHA-256 and the server's signature are right. Raises ErroNarcidi
        ARQUIVO_ALTERADO; nothing is left behind then.
        """
        versao, url = oferta.get("versao"), oferta.get("url")
        if not versao or not url:
            raise ErroNarcidi("SEM_ATUALIZACAO", "Não há versão a baixar.", True)
        parcial = f"{destino}.parcial"
        resumo = hashlib.sha256()
        recebidos = 0
        try:
            endereco = urllib.parse.urljoin(self._servidor + "/", url)
            with urllib.request.urlopen(endereco, timeout=max(self._limite, 30.0)) as resposta, open(parcial, "wb") as arquivo:
                while bloco := resposta.read(BLOCO):
                    recebidos += len(bloco)
                    if recebidos > versao["tamanho"]:
                        break
                    resumo.update(bloco)
                    arquivo.write(bloco)
                arquivo.flush()
                os.fsync(arquivo.fileno())
            certo = recebidos == versao["tamanho"] and resumo.hexdigest() == versao["sha256"].lower()
            if not certo or not self._assinado(resumo.digest(), versao["assinatura"]):
                raise ErroNarcidi("ARQUIVO_ALTERADO", "O arquivo não é o que o servidor assinou.", True)
            os.replace(parcial, destino)
        except (OSError, ValueError) as erro:
            raise ErroNarcidi("SEM_SERVIDOR", str(erro), False, getattr(erro, "code", 0)) from erro
        finally:
            if os.path.exists(parcial):
                os.remove(parcial)

    def desativar(self) -> None:
        """Frees the seat and forgets everything but the server's keys.

        Raises ErroNarcidi SEM_SERVIDOR: the seat is still taken.
        """
        self._pedir("POST", f"/licencas/desativar/{self._chave}", {"impressao": self._impressao})
        chaves, maior_hora = self._guardado["chaves"], self._guardado["maior_hora"]
        self._guardar(**{**_vazio(), "chaves": chaves, "maior_hora": maior_hora})

    def _pela_palavra_guardada(self, recursos: Sequence[str]) -> Veredito:
        """What is known without the server."""

        def nao(codigo: str, detalhe: str) -> Veredito:
            return Veredito(False, codigo, detalhe, "certificado")

        guardado = self._guardado
        if guardado["recusa"]:
            return nao(guardado["recusa"]["codigo"], guardado["recusa"]["detalhe"])
        if not guardado["certificado"]:
            return nao("SEM_CERTIFICADO", "O servidor não respondeu, e esta máquina ainda não foi verificada.")
        provas = self._provar(guardado["certificado"])
        if provas is None or provas.get("valida") is not True:
            return nao("CERTIFICADO_INVALIDO", "O certificado guardado não é deste servidor e desta máquina.")
        agora = self._agora()
        if agora < max(guardado["maior_hora"], provas["iat"]) - ATRASO_TOLERADO:
            return nao("RELOGIO_ATRASADO", "O relógio desta máquina foi atrasado: acerte-o, ou conecte-se ao servidor.")
        fim = float(provas["exp"])
        expira_em = provas["lic"].get("expira_em")
        fim_da_licenca = _segundos(expira_em) if expira_em else float("inf")
        if agora >= max(fim, min(fim + self._carencia, fim_da_licenca)):
            return nao("CERTIFICADO_EXPIRADO", "Faz tempo demais que o servidor não responde.")
        if agora > guardado["maior_hora"]:
            self._guardar(maior_hora=agora)
        faltam = [recurso for recurso in recursos if not _inclui(provas["lic"]["recursos"], recurso)]
        if faltam:
            return nao("RECURSO_AUSENTE", f"A licença não inclui: {', '.join(faltam)}.")
        detalhe = "O servidor não respondeu; vale o certificado."
        return Veredito(True, "VALIDA", detalhe, "certificado", agora >= fim, provas["lic"]["recursos"])

    def _momento(self) -> str:
        """Now, but never the same millisecond twice: a heartbeat is its machine and its time."""
        agora = int(self._agora() * 1000)
        ultima = self._guardado["fila"][-1]["em"] if self._guardado["fila"] else None
        depois = round(_segundos(ultima) * 1000) + 1 if ultima else 0
        ms = max(agora, depois) if depois - agora < 1000 else agora
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03d}Z"

    def _aceitar(self, certificado: str, provas: Json) -> None:
        """From now on this certificate bridges outages."""
        self._guardar(certificado=certificado, recusa=None, maior_hora=float(provas["iat"]))

    def _provar(self, jws: Any) -> Optional[Json]:
        """The claims of a certificate (compact JWS, RFC 7515) that is the server's and this machine's; None for any other."""
        partes = jws.split(".") if isinstance(jws, str) else []
        if len(partes) != 3:
            return None
        try:
            cabecalho = json.loads(_bytes_de(partes[0]))
            if cabecalho.get("alg") != "EdDSA":
                return None
            chave = self._chave_para(str(cabecalho.get("kid")))
            dados = f"{partes[0]}.{partes[1]}".encode()
            if chave is None or not ed25519_confere(_bytes_de(chave["x"]), dados, _bytes_de(partes[2])):
                return None
            provas = json.loads(_bytes_de(partes[1]))
        except (ValueError, AttributeError):
            return None
        return provas if isinstance(provas, dict) and provas.get("impressao") == self._impressao else None

    def _assinado(self, dados: bytes, assinatura: str) -> bool:
        """Whether a detached signature over these bytes is by a key of the server."""

        def por_alguma() -> bool:
            return any(ed25519_confere(_bytes_de(c["x"]), dados, _bytes_de(assinatura)) for c in self._confiadas())

        if por_alguma():
            return True
        self._renovar_chaves()
        return por_alguma()

    def _confiadas(self) -> List[Json]:
        return [*self._embutidas, *self._guardado["chaves"]]

    def _chave_para(self, kid: str) -> Optional[Json]:
        for tentativa in range(2):
            for chave in self._confiadas():
                if chave["kid"] == kid:
                    return chave
            if tentativa == 0:
                self._renovar_chaves()
        return None

    def _renovar_chaves(self) -> None:
        """Takes up keys that were added since; a set without any that we trust is another server's."""
        try:
            vindas = self._buscar_chaves()
        except ErroNarcidi:
            return
        confiadas = {(chave["kid"], chave["x"]) for chave in self._confiadas()}
        if not any((chave["kid"], chave["x"]) in confiadas for chave in vindas):
            return
        conhecidas = {kid for kid, _ in confiadas}
        novas = [chave for chave in vindas if chave["kid"] not in conhecidas]
        if novas:
            self._guardar(chaves=[*self._guardado["chaves"], *novas])

    def _buscar_chaves(self) -> List[Json]:
        keys = self._pedir_em("GET", "/.well-known/jwks.json").get("keys", [])
        return [{"kid": chave["kid"], "x": chave["x"]} for chave in keys]

    def _carregar(self) -> Json:
        try:
            with open(self._arquivo, encoding="utf-8") as arquivo:
                return {**_vazio(), **(_ler_json(arquivo.read()) or {})}
        except (OSError, UnicodeDecodeError):
            return _vazio()

    def _guardar(self, **mudanca: Any) -> None:
        """Replaced whole or not at all."""
        self._guardado = {**self._guardado, **mudanca}
        novo = f"{self._arquivo}.novo"
        with open(os.open(novo, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as arquivo:
            json.dump(self._guardado, arquivo)
        os.replace(novo, self._arquivo)

    def _pedir(self, metodo: str, caminho: str, corpo: Any = None, token: Optional[str] = None) -> Json:
        return self._pedir_em(metodo, f"/api/v1{caminho}", corpo, token)

    def _pedir_em(self, metodo: str, caminho: str, corpo: Any = None, token: Optional[str] = None) -> Json:
        pedido = urllib.request.Request(self._servidor + caminho, method=metodo)
        if corpo is not None:
            pedido.data = json.dumps(corpo).encode()
            pedido.add_header("Content-Type", "application/json")
        if token:
            pedido.add_header("Authorization", f"Bearer {token}")
        status, texto = 0, ""
        try:
            with urllib.request.urlopen(pedido, timeout=self._limite) as resposta:
                status, texto = resposta.status, resposta.read().decode("utf-8", "replace")
        except urllib.error.HTTPError as erro:
            status, texto = erro.code, erro.read().decode("utf-8", "replace")
        except (OSError, ValueError):
            pass
        except Exception:  # http.client raises kinds of its own for what is not HTTP.
            pass
        conteudo = _ler_json(texto)
        if 200 <= status < 300 and conteudo is not None:
            return conteudo
        if conteudo is None or not isinstance(conteudo.get("codigo"), str):
            raise ErroNarcidi("SEM_SERVIDOR", "O servidor não respondeu.", False)
        codigo = conteudo["codigo"]
        # A refusal is meant unless the server is in trouble, or has had enough for now.
        definitivo = conteudo.get("definitivo", status < 500 and status not in PASSAGEIROS)
        raise ErroNarcidi(codigo, str(conteudo.get("detail", codigo)), definitivo is True, status)


def _vazio() -> Json:
    return {
        "maquina_id": None,
        "token": None,
        "mqtt": None,
        "certificado": None,
        "chaves": [],
        # The latest moment that is certain to have been, seconds since the epoch.
        "maior_hora": 0.0,
        # The last definitive refusal, until the server takes it back.
        "recusa": None,
        "estado": None,
        # Heartbeats that the server has not heard yet.
        "fila": [],
    }


def _ler_json(texto: str) -> Optional[Json]:
    try:
        valor = json.loads(texto)
    except ValueError:
        return None
    return valor if isinstance(valor, dict) else None


def _bytes_de(base64url: str) -> bytes:
    return base64.urlsafe_b64decode(base64url + "=" * (-len(base64url) % 4))


def _segundos(rfc3339: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(rfc3339.replace("Z", "+00:00")).timestamp()


def _inclui(recursos: Sequence[str], pedido: str) -> bool:
    """``usuarios:8`` is held by ``usuarios:10`` and by ``usuarios``."""
    nome, _, quanto = pedido.partition(":")
    for recurso in recursos:
        dele, _, limite = recurso.partition(":")
        if dele == nome and (not quanto or not limite or float(quanto) <= float(limite)):
            return True
    return False


# Ed25519 (RFC 8032, section 5.1), verifying only: nothing here is secret, so nothing needs constant time.

_P = 2**255 - 19
_Q = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_RAIZ = pow(2, (_P - 1) // 4, _P)


def _somar(a, b):
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % _P, (a[1] + a[0]) * (b[1] + b[0]) % _P
    u, v = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = t - s, v - u, v + u, t + s
    return (e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _vezes(n: int, ponto):
    soma = (0, 1, 1, 0)
    while n > 0:
        if n & 1:
            soma = _somar(soma, ponto)
        ponto = _somar(ponto, ponto)
        n >>= 1
    return soma


def _ponto(texto: bytes):
    y = int.from_bytes(texto, "little")
    sinal, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    x2 = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(x2, (_P + 3) // 8, _P)
    if (x * x - x2) % _P:
        x = x * _RAIZ % _P
    if (x * x - x2) % _P or (x == 0 and sinal):
        return None
    if x & 1 != sinal:
        x = _P - x
    return (x, y, 1, x * y % _P)


_BASE = _ponto((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little"))


def ed25519_confere(chave: bytes, dados: bytes, assinatura: bytes) -> bool:
    """Whether an Ed25519 signature (64 bytes) over ``dados`` is by this public key (32 bytes), by RFC 8032."""
    if len(chave) != 32 or len(assinatura) != 64:
        return False
    a, r, s = _ponto(chave), _ponto(assinatura[:32]), int.from_bytes(assinatura[32:], "little")
    if a is None or r is None or s >= _Q:
        return False
    h = int.from_bytes(hashlib.sha512(assinatura[:32] + chave + dados).digest(), "little") % _Q
    esquerda, direita = _vezes(s, _BASE), _somar(r, _vezes(h, a))
    return (esquerda[0] * direita[2] - direita[0] * esquerda[2]) % _P == 0 and (
        esquerda[1] * direita[2] - direita[1] * esquerda[2]
    ) % _P == 0
