/** `narcidicontrol print`: files for the machine it runs on, fitted to where the executable and its data are. */

import { resolve } from 'node:path';
import type { Settings } from '../settings';

export async function print(settings: Settings, what: string): Promise<number> {
  process.stdout.write(what === 'systemd' ? systemdUnit(process.execPath, resolve(settings.data)) : alertRules);
  return 0;
}

/** `systemd-analyze security` has little left to say of it. */
function systemdUnit(executable: string, data: string): string {
  return `[Unit]
Description=narcidicontrol
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=${executable} serve --data ${data}
# Settings, secrets too: one NARCIDI_NAME=value a line, mode 0600.
EnvironmentFile=-/etc/narcidicontrol.env
User=narcidicontrol
Restart=on-failure
RestartSec=2
TimeoutStopSec=15
LimitNOFILE=65536

ReadWritePaths=${data}
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectHostname=yes
ProtectClock=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
CapabilityBoundingSet=
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
`;
}

const alertRules = `groups:
  - name: narcidicontrol
    rules:
      - alert: NarcidicontrolForaDoAr
        expr: up{job="narcidicontrol"} == 0
        for: 2m
        labels: { severity: critical }
        annotations: { summary: "narcidicontrol não responde" }
      - alert: NarcidicontrolErros
        expr: sum(rate(narcidi_http_duracao_segundos_count{status=~"5.."}[5m])) > 0.1
        for: 5m
        labels: { severity: warning }
        annotations: { summary: "respostas 5xx" }
      - alert: NarcidicontrolLento
        expr: histogram_quantile(0.99, sum by (le) (rate(narcidi_http_duracao_segundos_bucket[5m]))) > 1
        for: 10m
        labels: { severity: warning }
        annotations: { summary: "p99 das respostas acima de 1 s" }
      - alert: NarcidicontrolDiscoCheio
        expr: narcidi_disco_livre_bytes / narcidi_disco_total_bytes < 0.1
        for: 10m
        labels: { severity: critical }
        annotations: { summary: "menos de 10 % do disco livre" }
      - alert: NarcidicontrolSemBackup
        expr: narcidi_backup_idade_segundos > 172800
        labels: { severity: critical }
        annotations: { summary: "nenhum backup há mais de dois dias" }
      - alert: NarcidicontrolNenhumBackup
        expr: up{job="narcidicontrol"} == 1 unless on(instance) narcidi_backup_idade_segundos
        for: 26h
        labels: { severity: critical }
        annotations: { summary: "ainda não há backup nenhum" }
      - alert: NarcidicontrolTarefaFalhando
        expr: narcidi_tarefas_falhas_seguidas > 2
        labels: { severity: warning }
        annotations: { summary: "a tarefa {{ $labels.item }} falhou {{ $value }} vezes seguidas" }
      - alert: NarcidicontrolEventosAtrasados
        expr: narcidi_eventos_atraso_ms > 900000
        for: 10m
        labels: { severity: warning }
        annotations: { summary: "{{ $labels.item }} está atrasado com os eventos" }
      - alert: NarcidicontrolEntregasMortas
        expr: increase(narcidi_eventos_mortas[1h]) > 0
        labels: { severity: warning }
        annotations: { summary: "entregas de {{ $labels.item }} desistiram" }
`;
