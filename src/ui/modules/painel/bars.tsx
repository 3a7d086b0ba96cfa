/** A count by day or month, as small bars with its sum. */

import { Group, Text } from '@mantine/core';
import { date, number } from '../../kit/format';

const height = 44;

export function Bars({ label, points }: { label: string; points: readonly (readonly [number, number])[] }) {
  const sum = points.reduce((total, [, count]) => total + count, 0);
  const most = Math.max(1, ...points.map(([, count]) => count));
  const width = 100 / Math.max(1, points.length);
  return (
    <div>
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {label}
        </Text>
        <Text size="sm" fw={600} className="numeros">
          {number(sum)}
        </Text>
      </Group>
      <svg
        viewBox={`0 0 100 ${height}`}
        preserveAspectRatio="none"
        width="100%"
        height={height}
        role="img"
        aria-label={`${label}: ${number(sum)}`}
      >
        <title>{label}</title>
        {points.map(([em, count], index) => (
          <rect
            key={em}
            x={index * width}
            width={width * 0.8}
            y={height - Math.max(1, (count / most) * height)}
            height={Math.max(1, (count / most) * height)}
            fill={count > 0 ? 'var(--mantine-color-anil-filled)' : 'var(--mantine-color-default-border)'}
          >
            <title>{`${date(em)}: ${number(count)}`}</title>
          </rect>
        ))}
      </svg>
    </div>
  );
}
