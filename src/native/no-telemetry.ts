/**
 * onnxruntime 1.30 reports its use to its maker unless ORT_DISABLE_TELEMETRY stands in the process's environment when the
 * library is opened. Setting `process.env` does not reach it: Bun keeps that to itself, the C library's has to be set.
 */

import { dlopen, FFIType } from 'bun:ffi';

const name = Buffer.from('ORT_DISABLE_TELEMETRY\0');
const value = Buffer.from('1\0');

/** Must be called before onnxruntime is first loaded. @throws Error where the C library cannot be reached. */
export function forbidTelemetry(): void {
  const text = FFIType.cstring;
  if (process.platform === 'win32') {
    const { symbols } = dlopen('ucrtbase.dll', { _putenv_s: { args: [text, text], returns: FFIType.i32 } });
    symbols._putenv_s(name, value);
    return;
  }
  const library = process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6';
  const { symbols } = dlopen(library, { setenv: { args: [text, text, FFIType.i32], returns: FFIType.i32 } });
  symbols.setenv(name, value, 1);
}
