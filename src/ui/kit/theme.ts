/** One accent colour; grey for what is fine. Green is online, orange will need you, red is somebody who cannot work. */

import { createTheme, type MantineColorsTuple } from '@mantine/core';

const anil: MantineColorsTuple = [
  '#eef1ff',
  '#dbe1fb',
  '#b4c0f2',
  '#8b9dea',
  '#687fe3',
  '#526cdf',
  '#3b5bdb',
  '#2f4ac0',
  '#2641ac',
  '#1a3698',
];

export const theme = createTheme({
  primaryColor: 'anil',
  colors: { anil },
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  defaultRadius: 'md',
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'Cascadia Mono', 'JetBrains Mono', Menlo, monospace",
  respectReducedMotion: true,
  cursorType: 'pointer',
});
