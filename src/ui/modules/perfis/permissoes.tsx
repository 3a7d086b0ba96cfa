/** Permissions as a matrix: modules down, actions across. */

import { Checkbox, Table } from '@mantine/core';
import { allows } from '../../kit/session';
import { defineTexts, useT } from '../../kit/texts';

const texts = defineTexts('permissoes', {
  modulo: ['Onde', 'Where'],
  todos: ['Em tudo', 'Everywhere'],
  ler: ['Ver', 'See'],
  criar: ['Criar', 'Create'],
  editar: ['Editar', 'Edit'],
  bloquear: ['Bloquear', 'Block'],
  excluir: ['Excluir', 'Delete'],
  executar: ['Executar', 'Run'],
});

const acoes = ['ler', 'criar', 'editar', 'bloquear', 'excluir', 'executar'] as const;
const modulos = [
  '*',
  'clientes',
  'licencas',
  'maquinas',
  'uploads',
  'faturas',
  'planos',
  'produtos',
  'alertas',
  'webhooks',
  'eventos',
  'painel',
  'relatorios',
  'ml',
  'tarefas',
  'backups',
  'usuarios',
  'perfis',
  'chaves-api',
  'auditoria',
  'logs',
  'configuracoes',
] as const;

interface MatrixProps {
  value: readonly string[];
  onChange?: (next: string[]) => void;
}

export function PermissionMatrix({ value, onChange }: MatrixProps) {
  const t = useT(texts);
  function toggle(permission: string): void {
    onChange?.(value.includes(permission) ? value.filter((one) => one !== permission) : [...value, permission]);
  }
  return (
    <Table.ScrollContainer minWidth={520}>
      <Table fz="sm" withRowBorders>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('modulo')}</Table.Th>
            {acoes.map((acao) => (
              <Table.Th key={acao} ta="center">
                {t(acao)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {modulos.map((modulo) => (
            <Table.Tr key={modulo}>
              <Table.Td>{modulo === '*' ? t('todos') : modulo}</Table.Td>
              {acoes.map((acao) => {
                const permission = `${modulo}:${acao}`;
                const own = value.includes(permission);
                // Held by a wider one, it cannot be taken away here.
                const wider = !own && allows(value, permission);
                return (
                  <Table.Td key={acao}>
                    <Checkbox
                      size="xs"
                      mx="auto"
                      w="fit-content"
                      checked={own || wider}
                      disabled={!onChange || wider}
                      onChange={() => toggle(permission)}
                      aria-label={`${modulo === '*' ? t('todos') : modulo}: ${t(acao)}`}
                    />
                  </Table.Td>
                );
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
