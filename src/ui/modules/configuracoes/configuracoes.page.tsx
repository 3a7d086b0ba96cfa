/** Where the rest of the house is kept in order. */

import { Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import {
  IconActivity,
  IconBrain,
  IconClockPlay,
  IconDatabaseExport,
  IconKey,
  IconReportAnalytics,
  IconTerminal2,
  IconUserShield,
  IconUsers,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useCan } from '../../kit/session';
import { defineTexts, useT } from '../../kit/texts';
import { Ajustes } from './ajustes';

const texts = defineTexts('configuracoes', {
  titulo: ['Configurações', 'Settings'],
  usuarios: ['Usuários', 'Users'],
  usuarios_texto: [
    'Quem entra aqui, com que perfil, e suas sessões.',
    'Who may come in, with which profile, and their sessions.',
  ],
  perfis: ['Perfis', 'Profiles'],
  perfis_texto: ['O que cada perfil pode ver e fazer.', 'What each profile may see and do.'],
  chaves: ['Chaves de API', 'API keys'],
  chaves_texto: ['Credenciais para os seus sistemas.', 'Credentials for your systems.'],
  tarefas: ['Tarefas', 'Jobs'],
  tarefas_texto: ['O que roda sozinho, quando, e como foi.', 'What runs by itself, when, and how it went.'],
  backups: ['Backups', 'Backups'],
  backups_texto: ['Cópias de tudo, conferidas.', 'Copies of everything, verified.'],
  relatorios: ['Relatórios', 'Reports'],
  relatorios_texto: ['Do dia, da semana e do mês, em PDF e CSV.', 'Of the day, week and month, as PDF and CSV.'],
  modelos: ['Modelos e previsões', 'Models and predictions'],
  modelos_texto: [
    'Quem pode sair, o que é suspeito, e com que acerto.',
    'Who may leave, what is suspicious, and how sure it is.',
  ],
  logs: ['Logs', 'Logs'],
  logs_texto: ['O que o servidor registrou, e quanto registra.', 'What the server has logged, and how much it logs.'],
  eventos: ['Eventos', 'Events'],
  eventos_texto: ['Tudo o que aconteceu e como anda a entrega.', 'Everything that happened and how its delivery goes.'],
});

const places = [
  { href: '/usuarios', permissao: 'usuarios:ler', titulo: 'usuarios', texto: 'usuarios_texto', Icon: IconUsers },
  { href: '/perfis', permissao: 'perfis:ler', titulo: 'perfis', texto: 'perfis_texto', Icon: IconUserShield },
  { href: '/chaves-api', permissao: 'chaves-api:ler', titulo: 'chaves', texto: 'chaves_texto', Icon: IconKey },
  { href: '/tarefas', permissao: 'tarefas:ler', titulo: 'tarefas', texto: 'tarefas_texto', Icon: IconClockPlay },
  { href: '/backups', permissao: 'backups:ler', titulo: 'backups', texto: 'backups_texto', Icon: IconDatabaseExport },
  {
    href: '/relatorios',
    permissao: 'relatorios:ler',
    titulo: 'relatorios',
    texto: 'relatorios_texto',
    Icon: IconReportAnalytics,
  },
  { href: '/modelos', permissao: 'ml:ler', titulo: 'modelos', texto: 'modelos_texto', Icon: IconBrain },
  { href: '/eventos', permissao: 'eventos:ler', titulo: 'eventos', texto: 'eventos_texto', Icon: IconActivity },
  { href: '/logs', permissao: 'logs:ler', titulo: 'logs', texto: 'logs_texto', Icon: IconTerminal2 },
] as const;

export default function ConfiguracoesPage() {
  const t = useT(texts);
  const can = useCan();
  return (
    <Stack>
      <Title order={1} size="h3">
        {t('titulo')}
      </Title>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }}>
        {places
          .filter(({ permissao }) => can(permissao))
          .map(({ href, titulo, texto, Icon }) => (
            <Paper key={href} component={Link} to={href} withBorder p="md" className="figura">
              <Group gap="sm" wrap="nowrap" align="flex-start">
                <Icon size={22} aria-hidden />
                <div>
                  <Text fw={600}>{t(titulo)}</Text>
                  <Text size="sm" c="dimmed">
                    {t(texto)}
                  </Text>
                </div>
              </Group>
            </Paper>
          ))}
      </SimpleGrid>
      {can('configuracoes:ler') && <Ajustes />}
    </Stack>
  );
}
