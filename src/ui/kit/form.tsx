/** Creating and editing in a drawer: the list stays in sight, and what the server refuses stands at its field. */

import { Alert, Box, Button, Drawer, Group, Modal, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { type ReactNode, useState } from 'react';
import { ApiError } from './api';
import { failed, said } from './feedback';
import { useReturnFocus } from './focus';
import { type Field, FieldInput, sendable, type Values } from './form-field';
import { kitTexts } from './kit.texts';
import { useT } from './texts';

interface FormProps {
  titulo: string;
  campos: readonly Field[];
  /** What stands in the fields at first. */
  inicial?: Values;
  /** Above the fields. */
  antes?: ReactNode;
  /** The button's word; "Salvar" without it. */
  rotulo?: string;
  /** Sends what is to be sent: all of a new record, what was changed of an old one. @throws ApiError */
  enviar(values: Values, etag: string | null): Promise<unknown>;
  /** Of an old record: its revision, and how to read it again when somebody else was faster. */
  revisao?: { etag: string | null; reler(): Promise<{ valores: Values; etag: string | null }> };
  /** Once it is sent, and when it is given up unless `onCancel` says otherwise. */
  onClose(): void;
  onCancel?(): void;
  /** The toast. */
  dito?: string;
}

/**
 * The revision of an old record, and how to read it again.
 * @param toForm what stands in the fields, where that is not the record as it is.
 */
export function revisionOf(
  etag: string | null,
  read: () => Promise<{ data: Values; etag: string | null }>,
  toForm: (record: Values) => Values = (record) => record,
): NonNullable<FormProps['revisao']> {
  return {
    etag,
    reler: async () => {
      const again = await read();
      return { valores: toForm(again.data), etag: again.etag };
    },
  };
}

/** Has the server refuse the change (412) when the record is no longer as it was read. */
export function ifMatch(etag: string | null) {
  return { headers: etag ? { 'if-match': etag } : {} };
}

/** Mount it to open it. */
export function FormDrawer(props: FormProps) {
  const { titulo, campos, inicial = {}, revisao, onClose } = props;
  useReturnFocus();
  const t = useT(kitTexts);
  const [base, setBase] = useState({ valores: inicial, etag: revisao?.etag ?? null });
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [leaving, setLeaving] = useState(false);
  const [theirs, setTheirs] = useState<{ valores: Values; etag: string | null } | null>(null);
  const form = useForm<Values>({
    initialValues: Object.fromEntries(campos.map(({ nome, tipo }) => [nome, inicial[nome] ?? emptyOf(tipo)])),
  });

  async function send(etag: string | null, from: Values): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await props.enviar(sendable(campos, form.values, revisao ? from : null), etag);
      said(props.dito ?? t('salvo'));
      onClose();
    } catch (error) {
      await refused(error);
    } finally {
      setBusy(false);
    }
  }

  async function refused(error: unknown): Promise<void> {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 412 && revisao) {
      await revisao.reler().then(setTheirs, failed);
      return;
    }
    const names = new Set(campos.map(({ nome }) => nome));
    const atFields = error.erros.filter(({ campo }) => names.has(campo));
    form.setErrors(Object.fromEntries(atFields.map(({ campo, mensagem }) => [campo, mensagem])));
    const elsewhere = error.erros.filter(({ campo }) => !names.has(campo));
    if (atFields.length === 0 || elsewhere.length > 0) {
      setProblem(elsewhere.map(({ campo, mensagem }) => `${campo}: ${mensagem}`).join('; ') || error.message);
    }
  }

  const giveUp = props.onCancel ?? onClose;
  const close = (): void => (form.isDirty() ? setLeaving(true) : giveUp());
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size="lg"
      title={titulo}
      scrollAreaComponent={ScrollArea.Autosize}
      closeButtonProps={{ 'aria-label': t('fechar') }}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const missing = campos.filter(({ nome, obrigatorio }) => obrigatorio && isEmpty(form.values[nome]));
          if (missing.length > 0) {
            form.setErrors(Object.fromEntries(missing.map(({ nome }) => [nome, t('obrigatorio')])));
            return;
          }
          void send(base.etag, base.valores);
        }}
      >
        <Stack>
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          {props.antes}
          {campos
            .filter(({ quando }) => quando?.(form.values) ?? true)
            .map((campo) => (
              <Box key={campo.nome}>
                <FieldInput field={campo} input={form.getInputProps(campo.nome)} />
              </Box>
            ))}
          <Group justify="flex-end" className="acoes-do-formulario">
            <Button variant="default" onClick={close}>
              {t('cancelar')}
            </Button>
            <Button type="submit" loading={busy}>
              {props.rotulo ?? t('salvar')}
            </Button>
          </Group>
        </Stack>
      </form>
      {leaving && (
        <Modal opened onClose={() => setLeaving(false)} title={t('descartar_titulo')} withCloseButton={false}>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setLeaving(false)} data-autofocus>
              {t('continuar_editando')}
            </Button>
            <Button color="red" onClick={giveUp}>
              {t('descartar')}
            </Button>
          </Group>
        </Modal>
      )}
      {theirs && (
        <Conflict
          campos={campos}
          mine={form.values}
          theirs={theirs.valores}
          keepMine={() => {
            setBase(theirs);
            setTheirs(null);
            void send(theirs.etag, theirs.valores);
          }}
          keepTheirs={() => {
            setTheirs(null);
            onClose();
          }}
        />
      )}
    </Drawer>
  );
}

interface ConflictProps {
  campos: readonly Field[];
  mine: Values;
  theirs: Values;
  keepMine(): void;
  keepTheirs(): void;
}

/** Two people have edited the same record. */
function Conflict({ campos, mine, theirs, keepMine, keepTheirs }: ConflictProps) {
  const t = useT(kitTexts);
  const differing = campos.filter(({ nome }) => textOfValue(mine[nome]) !== textOfValue(theirs[nome]));
  return (
    <Modal opened onClose={keepTheirs} title={t('conflito_titulo')} withCloseButton={false} size="lg">
      <Stack>
        <Text size="sm">{t('conflito_texto')}</Text>
        <Table.ScrollContainer minWidth={320}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('campo')}</Table.Th>
                <Table.Th>{t('seu')}</Table.Th>
                <Table.Th>{t('servidor')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {differing.map(({ nome, rotulo }) => (
                <Table.Tr key={nome}>
                  <Table.Td>{rotulo}</Table.Td>
                  <Table.Td>{textOfValue(mine[nome])}</Table.Td>
                  <Table.Td>{textOfValue(theirs[nome])}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
        <Group justify="flex-end">
          <Button variant="default" onClick={keepTheirs}>
            {t('conflito_deles')}
          </Button>
          <Button onClick={keepMine}>{t('conflito_meu')}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function textOfValue(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function isEmpty(value: unknown): boolean {
  return value === '' || value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

function emptyOf(tipo: Field['tipo']): unknown {
  if (tipo === 'sim_nao') return false;
  return tipo === 'lista' || tipo === 'varios' || tipo === 'buscas' ? [] : '';
}
