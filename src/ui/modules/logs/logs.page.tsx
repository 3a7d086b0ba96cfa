/** What the server has logged, and how much it logs from now on. */

import { Badge, Button, Code, Drawer, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '../../kit/api';
import { Facts } from '../../kit/entity';
import { failed, said } from '../../kit/feedback';
import { dateTime } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { List } from '../../kit/list';
import { loose, refresh } from '../../kit/query';
import { useCan } from '../../kit/session';
import { defineTexts, useT } from '../../kit/texts';

const texts = defineTexts('logs', {
  titulo: ['Logs', 'Logs'],
  descricao: [
    'O que o servidor registrou nos últimos dias, o mais novo primeiro.',
    'What the server has logged over the last days, newest first.',
  ],
  mensagem: ['Mensagem', 'Message'],
  nivel: ['Nível', 'Level'],
  modulo: ['Parte', 'Part'],
  quando: ['Quando', 'When'],
  requisicao: ['Pedido', 'Request'],
  niveis: ['Quanto registrar', 'How much to log'],
  niveis_texto: ['Vale na hora e até o servidor parar.', 'Counts at once and until the server stops.'],
  padrao: ['Todo o resto', 'Everything else'],
  vazio: ['Nada registrado', 'Nothing logged'],
  mudado: ['Nível mudado', 'Level changed'],
});

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
const colours: Readonly<Record<string, string>> = { warn: 'orange', error: 'red', fatal: 'red' };

interface Linha {
  em: string;
  nivel: string;
  modulo: string | null;
  mensagem: string;
  request_id: string | null;
  dados: Record<string, unknown>;
}

export default function LogsPage() {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const [shown, setShown] = useState<Linha | null>(null);
  const [choosing, setChoosing] = useState(false);
  return (
    <>
      <List
        nome="logs"
        titulo={t('titulo')}
        descricao={t('descricao')}
        fetch={(query) => call(api.logs.get({ query: loose(query) }))}
        chips={{ requisicao: t('requisicao'), modulo: t('modulo') }}
        filters={[{ campo: 'nivel', rotulo: t('nivel'), opcoes: levels.map((value) => ({ value, label: value })) }]}
        actions={
          <Button variant="default" onClick={() => setChoosing(true)}>
            {t('niveis')}
          </Button>
        }
        columns={[
          {
            id: 'mensagem',
            titulo: t('mensagem'),
            largura: 'minmax(240px, 3fr)',
            render: (linha) => (
              <Button variant="transparent" c="inherit" size="compact-sm" px={0} onClick={() => setShown(linha)}>
                {linha.mensagem || '—'}
              </Button>
            ),
            texto: ({ mensagem }) => mensagem,
          },
          {
            id: 'nivel',
            titulo: t('nivel'),
            largura: '90px',
            render: ({ nivel }) => (
              <Badge
                variant="light"
                color={colours[nivel] ?? 'gray'}
                tt="none"
                className={`situacao situacao-${colours[nivel] === 'red' ? 'ruim' : colours[nivel] ? 'atencao' : 'calmo'}`}
              >
                {nivel}
              </Badge>
            ),
            texto: ({ nivel }) => nivel,
          },
          {
            id: 'modulo',
            titulo: t('modulo'),
            largura: '120px',
            render: ({ modulo }) => modulo ?? '—',
            texto: ({ modulo }) => modulo ?? '',
          },
          { id: 'em', titulo: t('quando'), largura: '150px', render: ({ em }) => dateTime(em), texto: ({ em }) => em },
        ]}
        empty={{ titulo: t('vazio'), texto: t('descricao') }}
      />
      {shown && (
        <Drawer
          opened
          onClose={() => setShown(null)}
          position="right"
          size="lg"
          title={shown.mensagem}
          closeButtonProps={{ 'aria-label': kit('fechar') }}
        >
          <Stack>
            <Facts
              facts={[
                { rotulo: t('quando'), valor: dateTime(shown.em) },
                { rotulo: t('nivel'), valor: shown.nivel },
                { rotulo: t('modulo'), valor: shown.modulo },
                { rotulo: t('requisicao'), valor: shown.request_id },
              ]}
            />
            <Code block>{JSON.stringify(shown.dados, null, 2)}</Code>
          </Stack>
        </Drawer>
      )}
      {choosing && <Niveis onClose={() => setChoosing(false)} />}
    </>
  );
}

function Niveis({ onClose }: { onClose(): void }) {
  const t = useT(texts);
  const kit = useT(kitTexts);
  const can = useCan();
  const { data } = useQuery({ queryKey: ['logs', 'niveis'], queryFn: () => call(api.logs.niveis.get()) });
  async function change(body: Record<string, unknown>): Promise<void> {
    try {
      await call(api.logs.niveis.put(loose(body)));
      said(t('mudado'));
    } catch (error) {
      failed(error);
    }
    refresh('logs');
  }
  const choice = (label: string, value: string, set: (nivel: string) => void) => (
    <Select
      key={label}
      label={label}
      data={[...levels]}
      value={value}
      disabled={!can('logs:editar')}
      allowDeselect={false}
      onChange={(nivel) => nivel && set(nivel)}
    />
  );
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      title={t('niveis')}
      closeButtonProps={{ 'aria-label': kit('fechar') }}
    >
      <Stack>
        <Text size="sm" c="dimmed">
          {t('niveis_texto')}
        </Text>
        {data && choice(t('padrao'), data.padrao, (padrao) => void change({ padrao }))}
        {Object.entries(data?.modulos ?? {}).map(([modulo, nivel]) =>
          choice(modulo, nivel, (next) => void change({ modulos: { [modulo]: next } })),
        )}
      </Stack>
    </Drawer>
  );
}
