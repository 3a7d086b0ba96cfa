/** Values that people carry elsewhere. */

import { ActionIcon, Code, CopyButton, Group, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy, IconEye, IconEyeOff } from '@tabler/icons-react';
import { useState } from 'react';
import { kitTexts } from './kit.texts';
import { useT } from './texts';

export function Copy({ value, label }: { value: string; label?: string }) {
  const t = useT(kitTexts);
  return (
    <CopyButton value={value} timeout={1_500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? t('copiado') : t('copiar')}>
          <ActionIcon
            variant="subtle"
            color="gray"
            onClick={copy}
            aria-label={label ? `${t('copiar')}: ${label}` : t('copiar')}
          >
            {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** Text in monospace with a button to copy it. */
export function Copyable({ value, label, block }: { value: string; label?: string; block?: boolean }) {
  return (
    <Group gap={4} wrap="nowrap" align={block ? 'flex-start' : 'center'}>
      <Code
        block={block ?? false}
        style={
          block
            ? { flex: 1, minWidth: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }
            : { overflowWrap: 'anywhere' }
        }
      >
        {value}
      </Code>
      <Copy value={value} {...(label ? { label } : {})} />
    </Group>
  );
}

/** A secret that is covered until it is wanted. */
export function Secret({ value, covered, label }: { value: string; covered: string; label: string }) {
  const t = useT(kitTexts);
  const [shown, setShown] = useState(false);
  return (
    <Group gap={4} wrap="nowrap">
      <Code fz="sm" style={{ overflowWrap: 'anywhere' }}>
        {shown ? value : covered}
      </Code>
      <Copy value={value} label={label} />
      <ActionIcon
        variant="subtle"
        color="gray"
        onClick={() => setShown(!shown)}
        aria-label={`${shown ? t('esconder') : t('mostrar')}: ${label}`}
      >
        {shown ? <IconEyeOff size={16} aria-hidden /> : <IconEye size={16} aria-hidden />}
      </ActionIcon>
    </Group>
  );
}
