/**
 * The heartbeats of every machine, ordered by (machine, time), and when each was last heard.
 *
 * - `pontos`: key = machine id (16 bytes) + time (6 bytes, big-endian epoch ms); value = cpu, memory, disk as float32
 *   little-endian, then the extra series as JSON when there are any. Writing a point again is the same as writing it once.
 * - `presenca`: key = machine id; value = when the last heartbeat was received (float64 epoch ms).
 */

import type { RootDatabase } from 'lmdb';
import type { HeartbeatPoint, SeriesStore } from '../../modules/maquinas/series.store';

const idBytes = 16;
const timeBytes = 6;
const fixedBytes = 12;
const removalsPerTransaction = 500;

/** The series store over an open environment. */
export function createSeriesStore(root: RootDatabase): SeriesStore {
  const pontos = root.openDB<Buffer, Buffer>({ name: 'pontos', keyEncoding: 'binary', encoding: 'binary' });
  const presenca = root.openDB<Buffer, Buffer>({ name: 'presenca', keyEncoding: 'binary', encoding: 'binary' });

  return {
    async append(maquinaId, points, receivedAt) {
      const id = idOf(maquinaId);
      let stored: Promise<boolean> | undefined;
      // Operations of one event turn share a transaction and commit in order: the last promise covers them all.
      for (const point of points) stored = pontos.put(pointKey(id, point.em), encodePoint(point));
      if (stored) {
        const seen = Buffer.allocUnsafe(8);
        seen.writeDoubleLE(receivedAt);
        await presenca.put(id, seen);
      }
    },

    *range(maquinaId, fromMs, toMs) {
      const id = idOf(maquinaId);
      for (const { key, value } of pontos.getRange({ start: pointKey(id, fromMs), end: pointKey(id, toMs) })) {
        yield decodePoint(key, value);
      }
    },

    lastSeen(maquinaId) {
      const seen = presenca.get(idOf(maquinaId));
      return seen ? seen.readDoubleLE(0) : null;
    },

    async forget(maquinaId) {
      const id = idOf(maquinaId);
      await presenca.remove(id);
      const range = { start: pointKey(id, 0), end: Buffer.concat([id, Buffer.alloc(timeBytes, 0xff)]) };
      let cut: Promise<boolean>[] = [];
      for (const key of pontos.getKeys(range)) {
        cut.push(pontos.remove(key));
        // A transaction over thousands of pages makes every later commit slow, so the work is cut into small ones.
        if (cut.length < removalsPerTransaction) continue;
        await Promise.all(cut);
        cut = [];
      }
      await Promise.all(cut);
    },
  };
}

function idOf(maquinaId: string): Buffer {
  return Buffer.from(maquinaId.replaceAll('-', ''), 'hex');
}

function pointKey(id: Buffer, epochMs: number): Buffer {
  const key = Buffer.allocUnsafe(idBytes + timeBytes);
  id.copy(key, 0);
  key.writeUIntBE(Math.max(0, Math.trunc(epochMs)), idBytes, timeBytes);
  return key;
}

function encodePoint(point: HeartbeatPoint): Buffer {
  const extras = point.extras ? Buffer.from(JSON.stringify(point.extras)) : null;
  const value = Buffer.allocUnsafe(fixedBytes + (extras?.length ?? 0));
  value.writeFloatLE(point.cpu, 0);
  value.writeFloatLE(point.memoria, 4);
  value.writeFloatLE(point.disco, 8);
  extras?.copy(value, fixedBytes);
  return value;
}

function decodePoint(key: Buffer, value: Buffer): HeartbeatPoint {
  const point: HeartbeatPoint = {
    em: key.readUIntBE(idBytes, timeBytes),
    cpu: twoDecimals(value.readFloatLE(0)),
    memoria: twoDecimals(value.readFloatLE(4)),
    disco: twoDecimals(value.readFloatLE(8)),
  };
  if (value.length > fixedBytes) {
    point.extras = JSON.parse(value.toString('utf8', fixedBytes)) as Record<string, number>;
  }
  return point;
}

/** A percentage is measured to hundredths; float32 alone would show 12.3 as 12.300000190734863. */
function twoDecimals(value: number): number {
  return Math.round(value * 100) / 100;
}
