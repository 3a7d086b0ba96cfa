/** Proves that every native library inside the executable loads and works on this machine. */

import { Database } from 'bun:sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { forbidTelemetry } from './no-telemetry';

export interface NativeCheck {
  nome: string;
  /** The version that answered, or why it did not. */
  detalhe: string;
  ok: boolean;
}

/**
 * Opens each library and does one thing with it.
 * @param folder where a scratch LMDB environment may be made; it is removed again.
 */
export async function nativeSelfCheck(folder: string): Promise<NativeCheck[]> {
  return [
    await attempt('sqlite', () => {
      const db = new Database(':memory:');
      const row = db.query<{ version: string }, []>('SELECT sqlite_version() AS version').get();
      db.close();
      return row?.version ?? 'no answer';
    }),
    await attempt('lmdb', async () => {
      const { open } = await import('lmdb');
      const scratch = mkdtempSync(join(folder, 'lmdb-check-'));
      const db = open<string, string>({ path: scratch });
      try {
        await db.put('key', 'value');
        if (db.get('key') !== 'value') throw new Error('what was written does not read back');
        return 'reads and writes';
      } finally {
        await db.close();
        rmSync(scratch, { recursive: true, force: true });
      }
    }),
    await attempt('onnxruntime', async () => {
      forbidTelemetry();
      const { InferenceSession, Tensor } = await import('onnxruntime-node');
      const session = await InferenceSession.create(identityModel());
      const { y } = await session.run({ x: new Tensor('float32', [42], [1]) });
      await session.release();
      if (y?.data[0] !== 42) throw new Error('the identity model answered something else');
      return 'runs a model';
    }),
  ];
}

async function attempt(nome: string, check: () => string | Promise<string>): Promise<NativeCheck> {
  try {
    return { nome, detalhe: await check(), ok: true };
  } catch (error) {
    return { nome, detalhe: error instanceof Error ? error.message : String(error), ok: false };
  }
}

/** The smallest ONNX model: y = Identity(x), one float (protobuf fields of ModelProto, onnx.proto3). */
function identityModel(): Uint8Array {
  const text = (field: number, value: string) => message(field, [...Buffer.from(value)]);
  const dimension = message(1, varint(1, 1));
  const tensor = message(1, [...varint(1, 1), ...message(2, dimension)]);
  const value = (name: string) => [...text(1, name), ...message(2, tensor)];
  const node = [...text(1, 'x'), ...text(2, 'y'), ...text(4, 'Identity')];
  const graph = [...message(1, node), ...text(2, 'identity'), ...message(11, value('x')), ...message(12, value('y'))];
  return Uint8Array.from([...varint(1, 8), ...message(7, graph), ...message(8, varint(2, 13))]);
}

function message(field: number, bytes: number[]): number[] {
  return [(field << 3) | 2, bytes.length, ...bytes];
}

function varint(field: number, value: number): number[] {
  return [field << 3, value];
}
