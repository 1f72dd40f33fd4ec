// With real files, mappings and stacks; only naming is slow on purpose.

import { afterAll, expect, test } from 'bun:test';
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryProcfs } from '@waggle/cache/testing';
import { BoundedMemory } from './bounded-memory.ts';
import type { Frame } from './frames/frame-table.ts';
import { AddressSpaces } from './mappings/address-spaces.ts';
import type { JitMaps } from './mappings/jit-maps.ts';
import { ObjectFiles } from './mappings/object-files.ts';
import { StackCollector } from './stacks/stack-collector.ts';
import type { ResolvedStack } from './stacks/stack-resolver.ts';
import type { SymbolizationClient } from './symbolization/symbolization-client.ts';
import type { Symbolizer } from './symbolization/symbolizer.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-bounded-memory-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Since the epoch, to the microsecond: files are made and mapped within one millisecond. */
const now = () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1000n;
/** Every 25th program is sampled. */
const SAMPLED = 25;

test('files that nobody samples are closed while others wait for their names', async () => {
  const procfs = new MemoryProcfs();
  procfs.spawn(process.pid, { limits: { 'Max open files': { soft: 10_000, hard: 10_000 } } });
  using objects = new ObjectFiles({ now, toEpoch: () => 0n }, procfs);
  const spaces = new AddressSpaces((pid, mapping, time) => objects.of(pid, mapping, time));
  const collector = new StackCollector();
  let finish = () => {};
  const symbolizer = {
    renewTime: () => {},
    functionsOf: async (frames: readonly Frame[]) => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return frames.map(() => [{ name: 'f', kind: 'user' }]);
    },
  } as unknown as Symbolizer;
  const memory = new BoundedMemory(
    {
      ...{ spaces, objects, symbolizer },
      jitMaps: { bytes: 0, forgetEnded: () => {} } as unknown as JitMaps,
      reader: { reading: () => [] } as unknown as SymbolizationClient,
      collector: () => collector,
      alive: () => [],
      tables: undefined,
    },
    () => [],
    () => {},
  );
  let most = 0;
  for (let n = 1; n <= 1000; n++) {
    const path = join(folder, `${n}`);
    copyFileSync('/bin/true', path);
    const { ino: inode, dev } = statSync(path, { bigint: true });
    const device = `${(dev >> 8n) & 0xfffn}:${(dev & 0xffn) | ((dev >> 12n) & ~0xffn)}`;
    const mapping = { start: 0x1000, end: 0x2000, fileOffset: 0, path, device, inode };
    spaces.seed(n, []);
    spaces.apply({ type: 'mapping', pid: n, time: now(), mapping });
    const object = spaces.find(n, 0x1000, now())?.object;
    expect(object?.fd).toBeNumber();
    if (n % SAMPLED === 0) {
      const frame = {
        ...{ kind: 'user', object, offset: 1 },
        isReturn: false,
        isSignalReturn: false,
      };
      collector.add({
        pid: n,
        comm: 'c',
        count: 1,
        frames: [{ frame }],
      } as unknown as ResolvedStack);
    }
    spaces.forget(n, now(), true);
    rmSync(path);
    memory.keep();
    most = Math.max(most, objects.open);
    if (n % 100 === 0) await Bun.sleep(260);
  }
  // On a busy machine pruning takes long, and the next one comes the later.
  expect(most).toBeLessThan(600);
  // Those that were sampled are there still, however long naming takes.
  expect(objects.open).toBeGreaterThanOrEqual(1000 / SAMPLED);
  finish();
});
