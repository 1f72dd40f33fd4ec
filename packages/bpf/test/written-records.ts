// One record of each kind, as C writes it: write-records.c, compiled and run. In the middle of larger
// memory, as records lie in a ring.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordMemory } from '../src/index.ts';

export interface WrittenRecords {
  readonly memory: RecordMemory;
  /** A fork; an exec with everything, one with nothing; a failed exec; two exits; two cgroups. */
  readonly offsets: readonly number[];
}

export function writtenRecords(): WrittenRecords {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-records-'));
  try {
    const program = join(folder, 'write-records');
    const source = join(import.meta.dir, 'write-records.c');
    const built = Bun.spawnSync(['cc', '-Wall', '-Werror', '-o', program, source]);
    if (!built.success) throw new Error(built.stderr.toString());
    const bytes = Buffer.from(Bun.spawnSync([program]).stdout);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const offsets: number[] = [];
    for (let at = 0; at < bytes.length; at += 4 + view.getUint32(at, true)) offsets.push(at + 4);
    return { memory: { bytes, view }, offsets };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
