/** The kinds of fields a form is made of. */

import {
  JsonInput,
  MultiSelect,
  NumberInput,
  PasswordInput,
  Select,
  Switch,
  TagsInput,
  Textarea,
  TextInput,
} from '@mantine/core';
import type { GetInputPropsReturnType } from '@mantine/form';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

export type Values = Record<string, unknown>;

export interface Option {
  value: string;
  label: string;
}

export interface Field {
  nome: string;
  rotulo: string;
  tipo:
    | 'texto'
    | 'email'
    | 'senha'
    | 'longo'
    | 'numero'
    | 'dinheiro'
    | 'escolha'
    | 'varios'
    | 'lista'
    | 'sim_nao'
    | 'momento'
    | 'dia'
    | 'json'
    | 'busca'
    | 'buscas';
  ajuda?: string;
  obrigatorio?: boolean;
  opcoes?: readonly Option[];
  /** For `busca` and `buscas`: finds records by what was typed. */
  procurar?(texto: string): Promise<Option[]>;
  /** For `buscas`: the words of what is chosen already. */
  nomear?(ids: readonly string[]): Promise<Option[]>;
  minimo?: number;
  maximo?: number;
  /** An empty field is sent as null rather than left out. */
  anulavel?: boolean;
  exemplo?: string;
  /** Whether it is shown and sent, by what stands in the others. */
  quando?(values: Values): boolean;
}

export function FieldInput({ field, input }: { field: Field; input: GetInputPropsReturnType }) {
  const { tipo, rotulo, ajuda, obrigatorio = false, exemplo } = field;
  const common = {
    label: rotulo,
    withAsterisk: obrigatorio,
    ...(ajuda ? { description: ajuda } : {}),
    ...(exemplo ? { placeholder: exemplo } : {}),
    ...input,
  };
  const options = field.opcoes?.map((option) => ({ ...option })) ?? [];
  switch (tipo) {
    case 'longo':
      return <Textarea {...common} autosize minRows={3} maxRows={16} />;
    case 'senha':
      return <PasswordInput {...common} autoComplete="new-password" />;
    case 'numero':
      return <NumberInput {...common} {...bounds(field)} decimalSeparator="," thousandSeparator="." />;
    case 'dinheiro':
      return (
        <NumberInput
          {...common}
          {...bounds(field)}
          decimalScale={2}
          fixedDecimalScale
          decimalSeparator=","
          thousandSeparator="."
          prefix="R$ "
        />
      );
    case 'escolha':
      return <Select {...common} data={options} clearable={!obrigatorio} searchable={options.length > 8} />;
    case 'varios':
      return <MultiSelect {...common} data={options} searchable clearable />;
    case 'lista':
      return <TagsInput {...common} data={options.map(({ value }) => value)} splitChars={[',', ' ', '\n']} />;
    case 'sim_nao':
      return (
        <Switch
          label={rotulo}
          {...(ajuda ? { description: ajuda } : {})}
          {...input}
          checked={input.value === true}
          onChange={(event) => input.onChange(event.currentTarget.checked)}
        />
      );
    case 'momento':
      return <TextInput {...common} type="datetime-local" />;
    case 'dia':
      return <TextInput {...common} type="date" />;
    case 'json':
      return <JsonInput {...common} autosize minRows={3} formatOnBlur />;
    case 'busca':
      return <SearchSelect field={field} common={common} />;
    case 'buscas':
      return <SearchMultiSelect field={field} common={common} />;
    default:
      return <TextInput {...common} type={tipo === 'email' ? 'email' : 'text'} />;
  }
}

function bounds({ minimo, maximo }: Field) {
  return { ...(minimo === undefined ? {} : { min: minimo }), ...(maximo === undefined ? {} : { max: maximo }) };
}

/** A choice among more records than could be listed. */
function SearchSelect({ field, common }: { field: Field; common: GetInputPropsReturnType & { label: string } }) {
  const [typed, setTyped] = useState('');
  const [asked] = useDebouncedValue(typed, 200);
  const { data = [] } = useQuery({
    queryKey: ['busca', field.nome, asked],
    queryFn: () => field.procurar?.(asked) ?? Promise.resolve([]),
  });
  return (
    <Select
      {...common}
      data={data}
      searchable
      clearable
      searchValue={typed}
      onSearchChange={setTyped}
      // The server has searched already.
      filter={({ options }) => options}
    />
  );
}

/** Several of more records than could be listed. */
function SearchMultiSelect({ field, common }: { field: Field; common: GetInputPropsReturnType & { label: string } }) {
  const [typed, setTyped] = useState('');
  const [asked] = useDebouncedValue(typed, 200);
  const [chosen, setChosen] = useState<Option[]>([]);
  const ids: readonly string[] = common.value ?? [];
  const named = useQuery({
    queryKey: ['busca', field.nome, 'nomes', ids],
    queryFn: () => field.nomear?.(ids) ?? Promise.resolve([]),
    enabled: ids.some((id) => !chosen.some(({ value }) => value === id)),
  });
  const { data: found = [] } = useQuery({
    queryKey: ['busca', field.nome, asked],
    queryFn: () => field.procurar?.(asked) ?? Promise.resolve([]),
  });
  const options = new Map([...(named.data ?? []), ...chosen, ...found].map((option) => [option.value, option]));
  return (
    <MultiSelect
      {...common}
      data={[...options.values()]}
      searchable
      clearable
      searchValue={typed}
      onSearchChange={setTyped}
      onChange={(next) => {
        setChosen(next.flatMap((id) => options.get(id) ?? []));
        common.onChange(next);
      }}
      // The server has searched already.
      filter={({ options: all }) => all}
    />
  );
}

/**
 * What a form sends: values as the API takes them.
 * @param base of an old record: only what differs from it is sent.
 */
export function sendable(campos: readonly Field[], values: Values, base: Values | null): Values {
  const sent: Values = {};
  for (const field of campos) {
    if (field.quando && !field.quando(values)) continue;
    const value = sentValue(field, values[field.nome]);
    if (value === undefined) continue;
    if (base && same(value, sentValue(field, base[field.nome]))) continue;
    sent[field.nome] = value;
  }
  return sent;
}

/** Undefined is left out. */
function sentValue(field: Field, value: unknown): unknown {
  if (value === '' || value === null || value === undefined) return field.anulavel ? null : undefined;
  if (field.tipo === 'dinheiro') return typeof value === 'number' ? Math.round(value * 100) : undefined;
  if (field.tipo === 'momento') return new Date(String(value)).toISOString();
  if (field.tipo === 'dia') return new Date(`${String(value)}T00:00`).toISOString();
  if (field.tipo === 'json') return readJson(value);
  return value;
}

function readJson(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    // Sent as it is: the server says what is wrong with it.
    return value;
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A moment as `datetime-local` shows it, local time. */
export function localMoment(at: string | null): string {
  if (at === null) return '';
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
