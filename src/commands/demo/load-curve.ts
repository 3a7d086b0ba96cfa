/** How busy a simulated machine is at a time of day. */

/** A machine's character, from its number, so that it behaves alike from one hour to the next. */
export interface Character {
  /** CPU percent at night and at the busiest hour. */
  idleCpu: number;
  busyCpu: number;
  memory: number;
  disk: number;
}

/** Spreads the machines over plausible characters. */
export function characterOf(index: number): Character {
  const spread = (salt: number): number => ((index * 2_654_435_761 + salt * 40_503) % 1_000) / 1_000;
  return {
    idleCpu: 2 + spread(1) * 8,
    busyCpu: 25 + spread(2) * 50,
    memory: 35 + spread(3) * 40,
    disk: 20 + spread(4) * 65,
  };
}

/**
 * The load at a moment: quiet at night, two humps around 10:30 and 15:30 with a dip at lunch, little on Sundays.
 * @param noise a random number from -1 to 1.
 */
export function loadAt(character: Character, epochMs: number, timeZone: string, noise: number) {
  const { hour, sunday } = localTime(epochMs, timeZone);
  const hump = (centre: number, width: number): number => Math.exp(-(((hour - centre) / width) ** 2));
  const business = Math.min(1, hump(10.5, 2) + hump(15.5, 2.2)) * (sunday ? 0.15 : 1);
  const cpu = character.idleCpu + (character.busyCpu - character.idleCpu) * business + noise * 6;
  const memoria = character.memory + business * 12 + noise * 1.5;
  const disco = character.disk + ((epochMs / 86_400_000) % 7);
  return { cpu: percent(cpu), memoria: percent(memoria), disco: percent(disco) };
}

function localTime(epochMs: number, timeZone: string): { hour: number; sunday: boolean } {
  const parts = formatter(timeZone).formatToParts(epochMs);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return { hour: Number(part('hour')) + Number(part('minute')) / 60, sunday: part('weekday') === 'Sun' };
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Making a formatter costs far more than using one. */
function formatter(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    hour: '2-digit',
    minute: '2-digit',
    weekday: 'short',
  });
  formatters.set(timeZone, made);
  return made;
}

function percent(value: number): number {
  return Math.round(Math.min(100, Math.max(0, value)) * 10) / 10;
}
