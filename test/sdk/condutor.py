"""Drives the Python SDK for the conformance suite: one JSON request a line, one JSON answer a line."""

import dataclasses
import json
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])

from narcidicontrol import ErroNarcidi, Narcidi  # noqa: E402

atraso = 0.0
avisos = []
narcidi = None
oferta = {}


def abrir(servidor, chave, impressao, arquivo, limite_ms):
    global narcidi
    narcidi = Narcidi(
        servidor,
        chave,
        impressao,
        arquivo,
        limite=limite_ms / 1000,
        agora=lambda: time.time() + atraso,
        ao_bloquear=lambda estado: avisos.append("bloqueada"),
        ao_liberar=lambda estado: avisos.append("liberada"),
    )


def relogio(ms):
    global atraso
    atraso = ms / 1000


def atualizacao(versao_atual):
    global oferta
    oferta = narcidi.verificar_atualizacao(versao_atual, "linux", "x64")
    return {"atualizacao": oferta["atualizacao"], "versao": (oferta.get("versao") or {}).get("versao")}


acoes = {
    "abrir": abrir,
    "relogio": relogio,
    "ativar": lambda: narcidi.ativar(nome="máquina de teste"),
    "verificar": lambda **args: dataclasses.asdict(narcidi.verificar(**args)),
    "heartbeat": lambda **args: narcidi.heartbeat(**args),
    "estado": lambda mensagem: narcidi.tratar_estado(mensagem),
    "mqtt": lambda: narcidi.mqtt,
    "atualizacao": atualizacao,
    "baixar": lambda destino: narcidi.baixar(oferta, destino),
    "desativar": lambda: narcidi.desativar(),
}

for linha in sys.stdin:
    pedido = json.loads(linha)
    avisos.clear()
    try:
        resposta = {"valor": acoes[pedido["acao"]](**pedido["args"])}
    except ErroNarcidi as erro:
        resposta = {"erro": {"codigo": erro.codigo, "definitivo": erro.definitivo}}
    except Exception as erro:
        resposta = {"erro": {"codigo": repr(erro)}}
    print(json.dumps({**resposta, "avisos": avisos}), flush=True)
