/**
 * Heartbeats on the disk until the server has them: append-only segments of JSON lines, read from the oldest. The position
 * moves only past what was acknowledged; what is sent twice the server counts once, by its `em`. A line cut short by a
 * crash is dropped, and only that line.
 */

import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { ownerOnlyMode, readJsonFile, syncFolder } from './files';

/** The whole is bounded by dropping its oldest segment, so there are a few. */
const segmentsPerSpool = 16;
const segmentBytesMin = 64 * 1024;
const batchBytesMax = 256 * 1024;
/** What a full disk keeps from being written waits in memory. */
const unwrittenLinesMax = 1_000;
const newline = 10;

const positionSchema = Type.Object({ segmento: Type.Integer(), byte: Type.Integer({ minimum: 0 }) });
type Position = typeof positionSchema.static;

interface Segment {
  number: number;
  bytes: number;
}

/** Lines from the head of the spool, and what to acknowledge once they are with the server. */
export interface Batch {
  lines: string[];
  /** Where the next batch begins on the disk. */
  end: Position;
  /** How many lines it passes, those that could not be read included. */
  passed: number;
  /** Whether the lines are from memory, for they were never written. */
  unwritten: boolean;
}

interface Options {
  folder: string;
  bytesMax: number;
  /** What the operator should know: a full disk, lines lost. */
  onTrouble(message: string, details: object): void;
}

export type Spool = ReturnType<typeof openSpool>;

export function openSpool({ folder, bytesMax, onTrouble }: Options) {
  const segmentBytesMax = Math.max(segmentBytesMin, Math.floor(bytesMax / segmentsPerSpool));
  const positionFile = join(folder, 'posicao.json');
  const pathOf = (number: number): string => join(folder, `${String(number).padStart(10, '0')}.ndjson`);
  let segments = findSegments(folder);
  for (const { number } of segments.slice(-1)) mendTail(pathOf(number));
  segments = findSegments(folder);
  let position = startAt(readJsonFile(positionFile, positionSchema), segments);
  let waiting = countLines();
  let unwritten: string[] = [];
  let diskFails = false;

  function countLines(): number {
    let lines = 0;
    for (const { number } of segments) {
      if (number < position.segmento) continue;
      const bytes = readFileSync(pathOf(number)).subarray(number === position.segmento ? position.byte : 0);
      for (const byte of bytes) if (byte === newline) lines += 1;
    }
    return lines;
  }

  /** The segment to append to, a new one when the last is full. */
  function tail(): Segment {
    const last = segments.at(-1);
    if (last && last.bytes < segmentBytesMax) return last;
    const next = { number: (last?.number ?? position.segmento) + 1, bytes: 0 };
    segments.push(next);
    return next;
  }

  function write(lines: readonly string[]): void {
    const segment = tail();
    const file = openSync(pathOf(segment.number), 'a', ownerOnlyMode);
    try {
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      try {
        for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
        fsyncSync(file);
      } catch (error) {
        // What was written of it is not wanted: it will be written again.
        ftruncateSync(file, segment.bytes);
        throw error;
      }
      if (segment.bytes === 0) syncFolder(folder);
      segment.bytes += bytes.length;
    } finally {
      closeSync(file);
    }
  }

  function enforceLimit(): void {
    let total = segments.reduce((sum, { bytes }) => sum + bytes, 0);
    while (total > bytesMax && segments.length > 1) {
      const oldest = segments.shift();
      if (!oldest) return;
      total -= oldest.bytes;
      unlinkSync(pathOf(oldest.number));
      position = startAt(position, segments);
      const before = waiting;
      waiting = countLines();
      onTrouble('the buffer is full: the oldest heartbeats were dropped', { descartados: before - waiting });
    }
  }

  function moveTo(end: Position): void {
    if (!isAfter(end, position)) return;
    position = end;
    while (segments[0] && segments[0].number < position.segmento) {
      unlinkSync(pathOf(segments[0].number));
      segments.shift();
    }
    // Losing the position costs sending again what the server has; it is not worth an fsync.
    writeFileSync(`${positionFile}.part`, JSON.stringify(position), { mode: ownerOnlyMode });
    renameSync(`${positionFile}.part`, positionFile);
  }

  return {
    /** Keeps a line; on the disk when this returns, unless the disk refuses it: then in memory. */
    append(line: string): void {
      unwritten.push(line);
      waiting += 1;
      try {
        write(unwritten);
        unwritten = [];
        diskFails = false;
        enforceLimit();
      } catch (error) {
        if (!diskFails) onTrouble('heartbeats cannot be written to the disk: they wait in memory', { err: error });
        diskFails = true;
        const lost = Math.max(0, unwritten.length - unwrittenLinesMax);
        unwritten.splice(0, lost);
        waiting -= lost;
      }
    },

    /** The oldest lines, at most so many; null when there are none. */
    next(linesMax: number): Batch | null {
      let end = position;
      let passed = 0;
      for (const { number, bytes } of segments) {
        if (number < position.segmento) continue;
        const from = number === end.segmento ? end.byte : 0;
        const read = readLines(pathOf(number), from, bytes, linesMax);
        end = { segmento: number, byte: read.end };
        passed += read.passed;
        // One segment a batch, unless it was read to its end without a line.
        if (read.lines.length > 0) return { lines: read.lines, end, passed, unwritten: false };
      }
      const lines = unwritten.slice(0, linesMax);
      return lines.length === 0 ? null : { lines, end, passed: lines.length, unwritten: true };
    },

    /** The server has a batch. */
    acknowledge(batch: Batch): void {
      // Lines of memory that were written meanwhile will be sent again from the disk.
      const gone = !batch.unwritten || batch.lines[0] === unwritten[0];
      if (batch.unwritten && gone) unwritten.splice(0, batch.lines.length);
      if (gone) waiting = Math.max(0, waiting - batch.passed);
      moveTo(batch.end);
    },

    /** How many lines wait to be sent. */
    waiting: (): number => waiting,
  };
}

function findSegments(folder: string): Segment[] {
  return readdirSync(folder)
    .filter((name) => /^\d{10}\.ndjson$/.test(name))
    .sort()
    .map((name) => ({ number: Number.parseInt(name, 10), bytes: statSync(join(folder, name)).size }));
}

/** Cuts off a last line that a crash left unfinished, so that the next one does not grow on to it. */
function mendTail(path: string): void {
  const bytes = readFileSync(path);
  const whole = bytes.lastIndexOf(newline) + 1;
  if (whole === bytes.length) return;
  const file = openSync(path, 'r+');
  try {
    ftruncateSync(file, whole);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A position within the segments there are: one that is lost or beyond them starts at the oldest. */
function startAt(kept: Position | null, segments: readonly Segment[]): Position {
  const first = segments[0];
  const here = segments.find(({ number }) => number === kept?.segmento);
  if (kept && here && kept.byte <= here.bytes) return kept;
  if (kept && first === undefined) return kept;
  return { segmento: first?.number ?? 0, byte: 0 };
}

function isAfter(a: Position, b: Position): boolean {
  return a.segmento > b.segmento || (a.segmento === b.segmento && a.byte > b.byte);
}

/** Whole lines that parse; what a power cut made of a line is skipped. */
function readLines(
  path: string,
  from: number,
  to: number,
  linesMax: number,
): { lines: string[]; passed: number; end: number } {
  if (!existsSync(path) || from >= to) return { lines: [], passed: 0, end: from };
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.min(batchBytesMax, Math.min(to, fstatSync(file).size) - from));
    const read = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, from));
    const lines: string[] = [];
    let passed = 0;
    let end = 0;
    while (lines.length < linesMax) {
      const stop = read.indexOf(newline, end);
      if (stop === -1) break;
      const line = read.toString('utf8', end, stop);
      if (isJson(line)) lines.push(line);
      passed += 1;
      end = stop + 1;
    }
    // No line of ours is as long as a batch: that is a hole a power cut left.
    if (end === 0 && read.length === batchBytesMax) end = read.length;
    return { lines, passed, end: from + end };
  } finally {
    closeSync(file);
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
