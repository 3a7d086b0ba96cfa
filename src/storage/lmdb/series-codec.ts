/**
 * The series in bytes.
 *
 * - Keys: machine id (16 bytes) + start (6 bytes, big-endian epoch milliseconds), so that a machine's time is one range.
 * - A heartbeat: cpu, memory, disk as float32 little-endian; then of each extra its slot (uint8) and value (float64).
 * - A rollup: count (uint32); of cpu, memory and disk the sum (uint48), minimum and maximum (uint16) in hundredths; how many
 *   extras, and of each its slot (uint8), count (uint32), sum, minimum, maximum (float64); then the moments seen.
 * - Moments seen: a form byte, then either the gaps between them as LEB128, or a bitmap where that is shorter.
 * - Presence: when last heard (float64 epoch ms), then time (uint48) and numbers of the newest heartbeat.
 */

import type { ExtraStat, Rollup, Stat } from '../../modules/maquinas/rollup.model';
import type { HeartbeatPoint } from '../../modules/maquinas/series.store';

const idBytes = 16;
const timeBytes = 6;
const timeMax = 2 ** 48 - 1;
const pointBytes = 12;
const rawExtraBytes = 9;
const statBytes = 10;
const headerBytes = 4 + 3 * statBytes + 1;
const extraBytes = 29;
const seenGaps = 0;
const seenBitmap = 1;
const presenceBytes = 26;
/** The first release wrote extras as JSON, and showed them nowhere. */
const jsonBrace = 0x7b;

export type Slots = (name: string) => number | undefined;

export function idOf(maquinaId: string): Buffer {
  return Buffer.from(maquinaId.replaceAll('-', ''), 'hex');
}

/** The machine a key begins with, as a UUID. */
export function maquinaOf(key: Buffer): string {
  const hex = key.toString('hex', 0, idBytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

export function timeKey(id: Buffer, epochMs: number): Buffer {
  const key = Buffer.allocUnsafe(idBytes + timeBytes);
  id.copy(key, 0, 0, idBytes);
  key.writeUIntBE(Math.min(timeMax, Math.max(0, Math.trunc(epochMs))), idBytes, timeBytes);
  return key;
}

export function timeOf(key: Buffer): number {
  return key.readUIntBE(idBytes, timeBytes);
}

/** The first key after all of a machine. */
export function afterMaquina(id: Buffer): Buffer {
  return Buffer.concat([id.subarray(0, idBytes), Buffer.alloc(timeBytes + 1, 0xff)]);
}

export function encodePoint(point: HeartbeatPoint, slotOf: Slots): Buffer {
  const extras: [number, number][] = [];
  for (const [name, value] of Object.entries(point.extras ?? {})) {
    const slot = slotOf(name);
    if (slot !== undefined) extras.push([slot, value]);
  }
  const value = Buffer.allocUnsafe(pointBytes + extras.length * rawExtraBytes);
  writePercentages(value, point, 0);
  let at = pointBytes;
  for (const [slot, number] of extras) {
    value[at] = slot;
    value.writeDoubleLE(number, at + 1);
    at += rawExtraBytes;
  }
  return value;
}

export function decodePoint(em: number, value: Buffer, names: readonly string[]): HeartbeatPoint {
  const point = readPercentages(em, value, 0);
  if (value.length === pointBytes || value[pointBytes] === jsonBrace) return point;
  const extras: Record<string, number> = {};
  for (let at = pointBytes; at + rawExtraBytes <= value.length; at += rawExtraBytes) {
    const name = names[value[at] ?? -1];
    if (name !== undefined) extras[name] = value.readDoubleLE(at + 1);
  }
  return { ...point, extras };
}

export function encodePresence(receivedAt: number, newest: HeartbeatPoint): Buffer {
  const value = Buffer.allocUnsafe(presenceBytes);
  value.writeDoubleLE(receivedAt, 0);
  value.writeUIntLE(newest.em, 8, timeBytes);
  writePercentages(value, newest, 8 + timeBytes);
  return value;
}

export function receivedAtOf(presence: Buffer): number {
  return presence.readDoubleLE(0);
}

/** The newest heartbeat, or null where the first release wrote only when it came. */
export function newestOf(presence: Buffer): HeartbeatPoint | null {
  if (presence.length < presenceBytes) return null;
  return readPercentages(presence.readUIntLE(8, timeBytes), presence, 8 + timeBytes);
}

/** @param units how many moments there are, from the start of the rollup to its end. */
export function encodeRollup(rollup: Rollup, units: number, slotOf: Slots): Buffer {
  const extras = [...rollup.extras].flatMap(([name, stat]) => {
    const slot = slotOf(name);
    return slot === undefined ? [] : [{ slot, stat }];
  });
  const seen = encodeSeen(rollup.seen, units);
  const value = Buffer.allocUnsafe(headerBytes + extras.length * extraBytes + seen.length);
  value.writeUInt32LE(rollup.count, 0);
  writeStat(value, rollup.cpu, 4);
  writeStat(value, rollup.memoria, 4 + statBytes);
  writeStat(value, rollup.disco, 4 + 2 * statBytes);
  value[headerBytes - 1] = extras.length;
  let at = headerBytes;
  for (const { slot, stat } of extras) {
    value[at] = slot;
    value.writeUInt32LE(stat.count, at + 1);
    value.writeDoubleLE(stat.sum, at + 5);
    value.writeDoubleLE(stat.min, at + 13);
    value.writeDoubleLE(stat.max, at + 21);
    at += extraBytes;
  }
  seen.copy(value, at);
  return value;
}

export function decodeRollup(value: Buffer, names: readonly string[]): Rollup {
  const extras = new Map<string, ExtraStat>();
  let at = headerBytes;
  for (let n = value[headerBytes - 1] ?? 0; n > 0; n -= 1) {
    const name = names[value[at] ?? -1];
    if (name !== undefined) {
      extras.set(name, {
        count: value.readUInt32LE(at + 1),
        sum: value.readDoubleLE(at + 5),
        min: value.readDoubleLE(at + 13),
        max: value.readDoubleLE(at + 21),
      });
    }
    at += extraBytes;
  }
  return {
    count: value.readUInt32LE(0),
    cpu: readStat(value, 4),
    memoria: readStat(value, 4 + statBytes),
    disco: readStat(value, 4 + 2 * statBytes),
    extras,
    seen: decodeSeen(value, at),
  };
}

function encodeSeen(seen: Uint16Array, units: number): Buffer {
  const bitmapBytes = Math.ceil(units / 8);
  const gaps: number[] = [seenGaps];
  let before = 0;
  for (const offset of seen) {
    let gap = offset - before;
    before = offset;
    while (gap > 0x7f) {
      gaps.push((gap & 0x7f) | 0x80);
      gap >>= 7;
    }
    gaps.push(gap);
    if (gaps.length > bitmapBytes) return bitmap(seen, bitmapBytes);
  }
  return Buffer.from(gaps);
}

function bitmap(seen: Uint16Array, bytes: number): Buffer {
  const bits = Buffer.alloc(1 + bytes);
  bits[0] = seenBitmap;
  for (const offset of seen) bits[1 + (offset >> 3)] = (bits[1 + (offset >> 3)] ?? 0) | (1 << (offset & 7));
  return bits;
}

function decodeSeen(value: Buffer, from: number): Uint16Array {
  const bytes = value.length - from - 1;
  const asBitmap = value[from] === seenBitmap;
  const seen = new Uint16Array(asBitmap ? bytes * 8 : bytes);
  let length = 0;
  let offset = 0;
  let shift = 0;
  for (let at = from + 1; at < value.length; at += 1) {
    const byte = value[at] ?? 0;
    if (asBitmap) {
      for (let bit = 0; bit < 8; bit += 1) if (byte & (1 << bit)) seen[length++] = (at - from - 1) * 8 + bit;
      continue;
    }
    offset += (byte & 0x7f) << shift;
    shift = byte & 0x80 ? shift + 7 : 0;
    if (shift === 0) seen[length++] = offset;
  }
  return seen.subarray(0, length);
}

function writeStat(value: Buffer, stat: Stat, at: number): void {
  value.writeUIntLE(stat.sum, at, 6);
  value.writeUInt16LE(stat.min, at + 6);
  value.writeUInt16LE(stat.max, at + 8);
}

function readStat(value: Buffer, at: number): Stat {
  return { sum: value.readUIntLE(at, 6), min: value.readUInt16LE(at + 6), max: value.readUInt16LE(at + 8) };
}

function writePercentages(value: Buffer, { cpu, memoria, disco }: HeartbeatPoint, at: number): void {
  value.writeFloatLE(cpu, at);
  value.writeFloatLE(memoria, at + 4);
  value.writeFloatLE(disco, at + 8);
}

function readPercentages(em: number, value: Buffer, at: number): HeartbeatPoint {
  return {
    em,
    cpu: hundredths(value.readFloatLE(at)),
    memoria: hundredths(value.readFloatLE(at + 4)),
    disco: hundredths(value.readFloatLE(at + 8)),
  };
}

/** A percentage is measured to hundredths; float32 alone would show 12.3 as 12.300000190734863. */
function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
