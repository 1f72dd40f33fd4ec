// A table that the kernel has no room for is no reason to end a recording.

import { dlopen } from 'bun:ffi';
import { expect } from 'bun:test';
import { closeSync, copyFileSync, fstatSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { objectKey, unwindBounds } from '@waggle/bpf';
import { openNative } from '@waggle/ffi';
import { LoadedSources } from '../packages/kernel/src/index.ts';
import { samplerSource } from '../packages/profiler/src/index.ts';
import { SymbolizationClient } from '../packages/profiler/src/symbolization/symbolization-client.ts';
import { UnwindTables } from '../packages/profiler/src/unwinding/unwind-tables.ts';
import { eventually } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { freshFolder, workloadNamed } from './support/workloads.ts';

const RLIMIT_NOFILE = 7;
const libc = dlopen('libc.so.6', {
  getrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
  setrlimit: { args: ['i32', 'ptr'], returns: 'i32' },
});

/** Of descriptors, soft and hard. */
function descriptorLimits(): BigUint64Array {
  const limits = new BigUint64Array(2);
  expect(libc.symbols.getrlimit(RLIMIT_NOFILE, limits)).toBe(0);
  return limits;
}

function setDescriptorLimits(soft: bigint, hard: bigint): void {
  expect(libc.symbols.setrlimit(RLIMIT_NOFILE, BigUint64Array.of(soft, hard))).toBe(0);
}

/** As the sampler knows the file. */
function keyOf(fd: number): Uint8Array {
  const key = new Uint8Array(objectKey.size);
  const view = new DataView(key.buffer);
  const { size, ctimeNs } = fstatSync(fd, { bigint: true });
  view.setBigUint64(objectKey.offset.size, size, true);
  view.setBigUint64(objectKey.offset.changed_sec, ctimeNs / 1_000_000_000n, true);
  view.setUint32(objectKey.offset.changed_nsec, Number(ctimeNs % 1_000_000_000n), true);
  return key;
}

/** For as long as the body takes there is a sampler, with the tables that it walks by. */
async function withTables(body: (tables: UnwindTables) => Promise<void>): Promise<void> {
  const native = await openNative();
  using sources = new LoadedSources(native);
  const source = samplerSource({ unwind: 'dwarf', entries: 64 });
  await sources.loadAll([source]);
  const sampler = sources.get(source.skeleton)!;
  using reader = new SymbolizationClient({ lines: false });
  using tables = new UnwindTables(native, (name) => sampler.object.map(name), reader);
  await body(tables);
}

kernelTest('without a descriptor left a table is not given to the sampler, and is later', () =>
  withTables(async (tables) => {
    const fd = openSync('/bin/sh', 'r');
    const file = { key: 'sh', path: '/bin/sh', fd, content: undefined, missing: undefined };
    await tables.loaded(file);
    const highest = Math.max(...readdirSync('/proc/self/fd').map(Number));
    const fillers: number[] = [];
    // Gaps below the limit are descriptors too.
    for (let filler = openSync('/dev/null', 'r'); ; filler = openSync('/dev/null', 'r')) {
      fillers.push(filler);
      if (filler > highest) break;
    }
    const key = keyOf(fd);
    const [soft = 0n, hard = 0n] = descriptorLimits();
    try {
      // The soft one only, so that it can be raised again.
      setDescriptorLimits(BigInt(Math.max(...fillers) + 1), hard);
      tables.install(key, file, 1n);
      // Installed with what else there is, a moment later.
      await Bun.sleep(20);
      expect(tables.stats().tables).toBe(0);
    } finally {
      for (const filler of fillers) closeSync(filler);
      setDescriptorLimits(soft, hard);
    }
    tables.install(key, file, 2n);
    await eventually('the table', () => tables.stats().tables === 1);
    closeSync(fd);
  }),
);

kernelTest(
  'when the numbers of tables run out, a few make way and not all',
  () =>
    withTables(async (tables) => {
      const folder = freshFolder();
      const program = workloadNamed('named_burn', 'burn_in_many_files');
      const COUNT = unwindBounds.UNWIND_TABLES_MAX + 100;
      for (let n = 1; n <= COUNT; n++) {
        const path = join(folder, `${n}`);
        copyFileSync(program, path);
        const fd = openSync(path, 'r');
        const file = { key: path, path, fd, content: undefined, missing: undefined };
        const key = keyOf(fd);
        new DataView(key.buffer).setBigUint64(objectKey.offset.number, BigInt(n), true);
        await tables.loaded(file);
        tables.install(key, file, BigInt(n));
        closeSync(fd);
        unlinkSync(path);
      }
      await eventually('evictions', () => tables.stats().evicted > 0);
      await Bun.sleep(300);
      expect(tables.stats().evicted).toBeLessThan(512);
      expect(tables.stats().tables).toBeGreaterThan(COUNT - 512);
    }),
  120_000,
);
