// Memory of another process, as /proc shows it to whoever may trace that process.

import { closeSync, openSync, readSync } from 'node:fs';

/** undefined when the process is gone, may not be looked into, or has not all of it mapped. */
export function readProcessMemory(
  pid: number,
  start: number,
  bytes: number,
): Uint8Array | undefined {
  let memory: number | undefined;
  try {
    memory = openSync(`/proc/${pid}/mem`, 'r');
    const content = new Uint8Array(bytes);
    return readSync(memory, content, 0, bytes, start) === bytes ? content : undefined;
  } catch (error) {
    if (error instanceof Error && 'errno' in error) return undefined;
    throw error;
  } finally {
    if (memory !== undefined) closeSync(memory);
  }
}
