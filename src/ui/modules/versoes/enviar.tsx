/** Uploading a release: dropped or chosen, with how much has arrived. */

import {
  Alert,
  Button,
  Drawer,
  Group,
  NumberInput,
  Progress,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { type DragEvent, type FormEvent, useRef, useState } from 'react';
import { said } from '../../kit/feedback';
import { bytes } from '../../kit/format';
import { kitTexts } from '../../kit/kit.texts';
import { refresh } from '../../kit/query';
import { accessToken } from '../../kit/session';
import { useT } from '../../kit/texts';
import { useCatalogo } from '../licencas/licenca-form';
import { arquiteturas, canais, plataformas } from './versoes.page';
import { versoesTexts } from './versoes.texts';

interface Problem {
  detail?: string;
  title?: string;
  erros?: { campo: string; mensagem: string }[];
}

const fieldNames = [
  'produto',
  'versao',
  'canal',
  'plataforma',
  'arquitetura',
  'versao_minima',
  'distribuicao_pct',
  'assinatura_tauri',
  'notas',
] as const;
const pctMax = 100;

export function EnviarVersao({ onClose }: { onClose(): void }) {
  const t = useT(versoesTexts);
  const kit = useT(kitTexts);
  const { produtos } = useCatalogo();
  const chooser = useRef<HTMLInputElement>(null);
  const sending = useRef<XMLHttpRequest | null>(null);
  const [file, setFile] = useState<File | null>(null);
  const [over, setOver] = useState(false);
  const [share, setShare] = useState<number | null>(null);
  const [problem, setProblem] = useState('');
  const [fields, setFields] = useState({
    produto: 'padrao',
    versao: '',
    canal: 'estavel',
    plataforma: 'qualquer',
    arquitetura: 'qualquer',
    versao_minima: '',
    distribuicao_pct: '100',
    assinatura_tauri: '',
    notas: '',
  });
  const [so, setSo] = useState({ so_minimo: '', so_maximo: '' });
  const [recursos, setRecursos] = useState<string[]>([]);
  const [mandatory, setMandatory] = useState(false);
  const set = (name: (typeof fieldNames)[number], value: string): void =>
    setFields((before) => ({ ...before, [name]: value }));

  function take(chosen: File | undefined): void {
    if (!chosen) return;
    setFile(chosen);
    const version = /(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+?)?)(?:\.[a-z]+)*$/i.exec(chosen.name)?.[1];
    if (version && fields.versao === '') set('versao', version);
  }

  async function send(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!file) {
      setProblem(t('sem_arquivo'));
      return;
    }
    setProblem('');
    setShare(0);
    const form = new FormData();
    for (const name of fieldNames) if (fields[name] !== '') form.set(name, fields[name]);
    form.set('requisitos', JSON.stringify({ ...so, recursos }));
    form.set('obrigatoria', String(mandatory));
    form.set('arquivo', file);
    const token = await accessToken();
    // fetch does not tell how much has gone out.
    const request = new XMLHttpRequest();
    sending.current = request;
    request.open('POST', '/api/v1/uploads/versao');
    request.setRequestHeader('authorization', `Bearer ${token}`);
    request.upload.onprogress = ({ loaded, total }) => setShare(loaded / total);
    request.onloadend = () => {
      setShare(null);
      if (request.status === 201) {
        said(t('enviada'));
        refresh('versoes');
        onClose();
        return;
      }
      setProblem(problemOf(request));
    };
    request.send(form);
  }

  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={t('enviar')}
      closeButtonProps={{ 'aria-label': kit('fechar') }}
      closeOnClickOutside={share === null}
    >
      <form onSubmit={(event) => void send(event)}>
        <Stack>
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          <button
            type="button"
            className="soltar"
            data-over={over}
            onClick={() => chooser.current?.click()}
            onDragOver={(event: DragEvent) => {
              event.preventDefault();
              setOver(true);
            }}
            onDragLeave={() => setOver(false)}
            onDrop={(event: DragEvent) => {
              event.preventDefault();
              setOver(false);
              take(event.dataTransfer.files[0]);
            }}
          >
            <IconFileUpload size={28} aria-hidden />
            <Text size="sm" component="span" style={{ overflowWrap: 'anywhere' }}>
              {file ? `${file.name} · ${bytes(file.size)}` : t('arraste')}
            </Text>
          </button>
          <input
            ref={chooser}
            type="file"
            hidden
            aria-label={t('escolher')}
            onChange={(event) => take(event.currentTarget.files?.[0])}
          />
          <Group grow>
            <TextInput
              label={t('versao')}
              required
              placeholder="2.1.0"
              value={fields.versao}
              onChange={(event) => set('versao', event.currentTarget.value)}
            />
            <Select
              label={t('produto')}
              data={produtos.map(({ slug, nome }) => ({ value: slug, label: nome }))}
              value={fields.produto}
              onChange={(value) => set('produto', value ?? 'padrao')}
              allowDeselect={false}
            />
          </Group>
          <Group grow>
            <Select
              label={t('canal')}
              data={canais.map((value) => ({ value, label: t(value) }))}
              value={fields.canal}
              onChange={(value) => set('canal', value ?? 'estavel')}
              allowDeselect={false}
            />
            <Select
              label={t('plataforma')}
              data={plataformas.map((value) => ({ value, label: value === 'qualquer' ? t('qualquer') : value }))}
              value={fields.plataforma}
              onChange={(value) => set('plataforma', value ?? 'qualquer')}
              allowDeselect={false}
            />
            <Select
              label={t('arquitetura')}
              data={arquiteturas.map((value) => ({
                value,
                label: value === 'qualquer' ? t('qualquer') : value,
              }))}
              value={fields.arquitetura}
              onChange={(value) => set('arquitetura', value ?? 'qualquer')}
              allowDeselect={false}
            />
          </Group>
          <Group grow align="flex-start">
            <TextInput
              label={t('versao_minima')}
              placeholder="1.0.0"
              value={fields.versao_minima}
              onChange={(event) => set('versao_minima', event.currentTarget.value)}
            />
            <NumberInput
              label={t('distribuicao')}
              suffix=" %"
              min={0}
              max={pctMax}
              allowDecimal={false}
              value={fields.distribuicao_pct}
              onChange={(value) => set('distribuicao_pct', String(value))}
            />
          </Group>
          <Group grow align="flex-start">
            {(['so_minimo', 'so_maximo'] as const).map((nome) => (
              <TextInput
                key={nome}
                label={t(nome)}
                placeholder="10.0.19045"
                value={so[nome]}
                onChange={(event) => setSo({ ...so, [nome]: event.currentTarget.value })}
              />
            ))}
          </Group>
          <TagsInput
            label={t('recursos')}
            description={t('recursos_ajuda')}
            splitChars={[',', ' ']}
            value={recursos}
            onChange={setRecursos}
          />
          <Textarea
            label={t('assinatura_tauri')}
            autosize
            minRows={1}
            maxRows={6}
            value={fields.assinatura_tauri}
            onChange={(event) => set('assinatura_tauri', event.currentTarget.value)}
          />
          <Textarea
            label={t('notas')}
            autosize
            minRows={4}
            value={fields.notas}
            onChange={(event) => set('notas', event.currentTarget.value)}
          />
          <Switch
            label={t('obrigatoria')}
            checked={mandatory}
            onChange={(event) => setMandatory(event.currentTarget.checked)}
          />
          {share !== null && (
            <div role="status">
              <Text size="sm">{t('enviando', { pct: Math.round(share * 100) })}</Text>
              <Progress value={share * 100} aria-label={t('arquivo')} />
            </div>
          )}
          <Group justify="flex-end">
            {share === null ? (
              <Button variant="default" onClick={onClose}>
                {kit('cancelar')}
              </Button>
            ) : (
              <Button variant="default" onClick={() => sending.current?.abort()}>
                {t('cancelar_envio')}
              </Button>
            )}
            <Button type="submit" loading={share !== null}>
              {t('enviar')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Drawer>
  );
}

function problemOf(request: XMLHttpRequest): string {
  try {
    const { erros, detail, title } = JSON.parse(request.responseText) as Problem;
    return erros?.map(({ campo, mensagem }) => `${campo}: ${mensagem}`).join('; ') ?? detail ?? title ?? '';
  } catch {
    return request.statusText;
  }
}
