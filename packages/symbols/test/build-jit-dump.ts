// Jitdumps for tests, record by record (tools/perf/Documentation/jitdump-specification.txt of the kernel).

import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JitDump, type JitDumpOptions } from '../src/perf-map/jit-dump.ts';

/** Fields one after the other: u32 as numbers, u64 as bigints, a name as text with its end. */
export function bytesOf(...fields: readonly (number | bigint | string | Uint8Array)[]): Uint8Array {
  const parts = fields.map((field) => {
    if (typeof field === 'number') return new Uint8Array(Uint32Array.of(field).buffer);
    if (typeof field === 'bigint') return new Uint8Array(BigUint64Array.of(field).buffer);
    return typeof field === 'string' ? new TextEncoder().encode(`${field}\0`) : field;
  });
  return Buffer.concat(parts);
}

export function record(id: number, body: Uint8Array, time = 123n): Uint8Array {
  return bytesOf(id, 16 + body.length, time, body);
}

export const header = bytesOf(0x4a69_5444, 1, 40, 62, 0, 7, 1n, 0n);
export const load = (
  address: bigint,
  size: bigint,
  name: string,
  code = Number(size),
  time?: bigint,
) => {
  const body = bytesOf(7, 7, address, address, size, 0n, name, new Uint8Array(code).fill(0x90));
  return record(0, body, time);
};
export const move = (from: bigint, to: bigint, size: bigint) =>
  record(1, bytesOf(7, 7, to, from, to, size, 0n));

/** As CPython 3.13 writes it for its trampolines, but for the content. */
export const unwinding = (
  ehFrame: Uint8Array,
  header: Uint8Array,
  sizes: Partial<{ all: bigint; header: bigint }> = {},
) => {
  const all = sizes.all ?? BigInt(ehFrame.length + header.length);
  const fields = [all, sizes.header ?? BigInt(header.length), 80n] as const;
  return record(4, bytesOf(...fields, ehFrame, header, new Uint8Array(4)));
};

/** A file for dumps, and a dump of what is written there. */
export class DumpFile implements Disposable {
  readonly #home = mkdtempSync(join(tmpdir(), 'waggle-jit-dump-'));
  readonly path = join(this.#home, 'jit-7.dump');

  with(content: Uint8Array, body: (dump: JitDump) => void, options?: JitDumpOptions): void {
    writeFileSync(this.path, content);
    const fd = openSync(this.path, 'r');
    try {
      const dump = new JitDump(fd, options);
      dump.refresh();
      body(dump);
    } finally {
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true });
  }
}
