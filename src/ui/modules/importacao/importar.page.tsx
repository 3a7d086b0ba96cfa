/** CSV import: looked at first, with what is wrong by line, then written. */

import { Alert, Anchor, Button, Group, Paper, Radio, Stack, Table, Text, Title } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { ApiError, download, request } from '../../kit/api';
import { ErrorState, failed, said } from '../../kit/feedback';
import { number } from '../../kit/format';
import { refresh } from '../../kit/query';
import { defineTexts, useT } from '../../kit/texts';

const texts = defineTexts('importacao', {
  clientes: ['Importar clientes', 'Import customers'],
  licencas: ['Importar licenças', 'Import licences'],
  voltar: ['Voltar à lista', 'Back to the list'],
  texto: [
    'Escolha um CSV com cabeçalho. Primeiro ele é só conferido: nada é gravado antes de você mandar.',
    'Choose a CSV with a header. It is only looked at first: nothing is written before you say so.',
  ],
  modelo: ['O exportado tem as mesmas colunas: baixar', 'What is exported has the same columns: download'],
  escolher: ['Escolher CSV', 'Choose a CSV'],
  conferindo: ['Conferindo…', 'Looking…'],
  linhas: [
    '{{linhas}} linhas, {{validas}} prontas, {{erros}} com erro',
    '{{linhas}} lines, {{validas}} ready, {{erros}} with errors',
  ],
  linha: ['Linha', 'Line'],
  campo: ['Coluna', 'Column'],
  mensagem: ['O que há', 'What is wrong'],
  tudo: ['Tudo ou nada', 'All or nothing'],
  parcial: ['Só as linhas certas', 'Only the good lines'],
  importar: ['Importar {{n}} linhas', 'Import {{n}} lines'],
  importadas: ['{{n}} linhas importadas', '{{n}} lines imported'],
  so_primeiros: ['Os primeiros {{n}} de {{total}} erros.', 'The first {{n}} of {{total}} errors.'],
  modo: ['Como importar', 'How to import'],
});

interface Report {
  linhas: number;
  validas: number;
  importadas: number;
  total_erros: number;
  erros: { linha: number; campo: string; mensagem: string }[];
}

export default function ImportarPage() {
  const { tipo = 'clientes' } = useParams({ strict: false });
  const modulo = tipo === 'licencas' ? 'licencas' : 'clientes';
  const t = useT(texts);
  const chooser = useRef<HTMLInputElement>(null);
  const [file, setFile] = useState<File | null>(null);
  const [report, setReport] = useState<Report | null>(null);
  const [modo, setModo] = useState('tudo_ou_nada');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function send(chosen: File, simular: boolean): Promise<Report> {
    const query = new URLSearchParams({ simular: String(simular), ...(simular ? {} : { modo }) });
    const response = await request(`/api/v1/${modulo}/importar?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: chosen,
    });
    return (await response.json()) as Report;
  }

  async function run(chosen: File, simular: boolean): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      const answer = await send(chosen, simular);
      setReport(answer);
      if (!simular) {
        said(t('importadas', { n: number(answer.importadas) }));
        refresh(modulo, 'painel');
        if (answer.total_erros === 0) setFile(null);
      }
    } catch (problem) {
      if (problem instanceof ApiError) setError(problem);
      else failed(problem);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Stack>
      <Anchor component={Link} to={`/${modulo}`} size="sm">
        {t('voltar')}
      </Anchor>
      <Title order={1} size="h3">
        {t(modulo)}
      </Title>
      <Text size="sm">{t('texto')}</Text>
      <Text size="sm" c="dimmed">
        {t('modelo')}{' '}
        <Anchor
          component="button"
          type="button"
          size="sm"
          onClick={() => void download(`/api/v1/${modulo}/exportar`, `${modulo}.csv`).catch(failed)}
        >
          {modulo}.csv
        </Anchor>
      </Text>
      <Group>
        <Button loading={busy} onClick={() => chooser.current?.click()}>
          {t('escolher')}
        </Button>
        {file && <Text size="sm">{file.name}</Text>}
        <input
          ref={chooser}
          type="file"
          accept=".csv,text/csv"
          hidden
          aria-label={t('escolher')}
          onChange={(event) => {
            const chosen = event.currentTarget.files?.[0];
            event.currentTarget.value = '';
            if (!chosen) return;
            setFile(chosen);
            setReport(null);
            void run(chosen, true);
          }}
        />
      </Group>
      {error !== null && <ErrorState error={error} />}
      {report && (
        <Paper withBorder p="md">
          <Stack>
            <Alert color={report.total_erros > 0 ? 'orange' : 'green'} role="status">
              {t('linhas', {
                linhas: number(report.linhas),
                validas: number(report.validas),
                erros: number(report.total_erros),
              })}
            </Alert>
            {report.erros.length > 0 && (
              <Table.ScrollContainer minWidth={320}>
                <Table>
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>{t('linha')}</Table.Th>
                      <Table.Th>{t('campo')}</Table.Th>
                      <Table.Th>{t('mensagem')}</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {report.erros.map(({ linha, campo, mensagem }) => (
                      <Table.Tr key={`${linha} ${campo} ${mensagem}`}>
                        <Table.Td>{number(linha)}</Table.Td>
                        <Table.Td>{campo}</Table.Td>
                        <Table.Td>{mensagem}</Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            )}
            {report.total_erros > report.erros.length && (
              <Text size="xs" c="dimmed">
                {t('so_primeiros', { n: number(report.erros.length), total: number(report.total_erros) })}
              </Text>
            )}
            {file && report.validas > 0 && (
              <>
                {report.total_erros > 0 && (
                  <Radio.Group label={t('modo')} value={modo} onChange={setModo}>
                    <Group mt={4}>
                      <Radio value="tudo_ou_nada" label={t('tudo')} />
                      <Radio value="pular" label={t('parcial')} />
                    </Group>
                  </Radio.Group>
                )}
                <Button
                  loading={busy}
                  disabled={report.total_erros > 0 && modo === 'tudo_ou_nada'}
                  onClick={() => void run(file, false)}
                  style={{ alignSelf: 'flex-start' }}
                >
                  {t('importar', { n: number(report.validas) })}
                </Button>
              </>
            )}
          </Stack>
        </Paper>
      )}
    </Stack>
  );
}
