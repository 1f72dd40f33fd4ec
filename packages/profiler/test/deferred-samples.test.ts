// Stacks that the kernel hands over are walked in userspace by the table of their object: here as bytes of
// a ring in memory, of a process that is made up, with the code of a real library.

import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deferredSample, unwindStop } from '@waggle/bpf';
import { ElfImage } from '@waggle/symbols';
import { buildUnwindTable } from '@waggle/unwind';
import { ProcessMemory } from '../src/mappings/process-memory.ts';
import { TextCopies } from '../src/mappings/text-copies.ts';
import type { StackCount } from '../src/sampling/stack-count.ts';
import type { StackOwner } from '../src/sampling/stack-owner.ts';
import {
  DeferredSamples,
  type SampleRing,
  type TableSource,
} from '../src/unwinding/deferred-samples.ts';
import { GeneratedCode } from '../src/unwinding/generated-code.ts';
import { GeneratedCodeTables } from '../src/unwinding/generated-tables.ts';
import { LOADING } from '../src/unwinding/unwind-tables.ts';
import { MadeUpHost, SAMPLED_AT, textOf } from './made-up-host.ts';

const AT = deferredSample.offset;
const BASE = 0x7f00_0000_0000;
const STACK = 0x7ffd_0000_0000;
const OWNER = { pid: 7, startTime: 5n, execId: 3 };
/** DWARF numbers: AMD64 ABI figure 3.36; AADWARF64 4.1. */
const [SP, FP] = process.arch === 'x64' ? [7, 6] : [31, 29];

const folder = mkdtempSync(join(tmpdir(), 'waggle-deferred-'));
afterAll(() => rmSync(folder, { recursive: true }));

function compileLibrary(): { readonly path: string; addressOf(name: string): number } {
  const [source, path] = [join(folder, 'library.c'), join(folder, 'library.so')];
  writeFileSync(
    source,
    'int leaf(int n) { return n * 3; } int caller(int n) { return leaf(n) + 1; }',
  );
  const { exitCode } = Bun.spawnSync(['cc', '-O0', '-shared', '-fPIC', '-o', path, source]);
  expect(exitCode).toBe(0);
  const names = Bun.spawnSync(['nm', '-D', '--defined-only', path]).stdout.toString();
  const addressOf = (name: string) =>
    BASE + Number.parseInt(new RegExp(`^([0-9a-f]+) T ${name}$`, 'm').exec(names)?.[1] ?? '', 16);
  return { path, addressOf };
}

/** As the sampler writes it: registers, and the words of the stack from its pointer on. */
function recordOf(pc: number, words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(deferredSample.size);
  const view = new DataView(bytes.buffer);
  const u64 = (offset: number, value: number | bigint) =>
    view.setBigUint64(offset, BigInt(value), true);
  view.setUint32(AT.tgid, OWNER.pid, true);
  u64(AT.start_boottime, OWNER.startTime);
  u64(AT.exec_id, BigInt(OWNER.execId));
  u64(AT.time_ns, SAMPLED_AT);
  bytes.set(new TextEncoder().encode('made-up'), AT.comm);
  u64(AT.object_address, pc);
  u64(AT.pc, pc);
  u64(AT.registers + 8 * SP, STACK);
  u64(AT.stack_start, STACK);
  view.setUint32(AT.stack_present, 0xffff_ffff, true);
  for (const [index, word] of words.entries()) u64(AT.stack + 8 * index, word);
  return bytes;
}

function ringOf(records: Uint8Array[]): SampleRing {
  return {
    get available() {
      return records.reduce((sum, { length }) => sum + length, 0);
    },
    drain(visit, most = Number.POSITIVE_INFINITY) {
      const taken = records.splice(0, most);
      for (const bytes of taken)
        visit({ bytes, view: new DataView(bytes.buffer) }, 0, bytes.length);
      return taken.length;
    },
    close: () => {},
  };
}

/** Filled as fast as it is emptied; `asked` is how many records were taken each time. */
function endlessRing(record: Uint8Array, available: number) {
  const asked: number[] = [];
  const memory = { bytes: record, view: new DataView(record.buffer) };
  const ring: SampleRing = {
    available,
    drain(visit, most = 0) {
      asked.push(most);
      if (asked.length > 10_000) throw new Error('it is read without end');
      for (let taken = 0; taken < most; taken++) visit(memory, 0, record.length);
      return most;
    },
    close: () => {},
  };
  return { ring, asked };
}

/** Reads the table when it is asked for, and has it when `arrive` was called. */
function tableSource() {
  const arrived = Promise.withResolvers<void>();
  const given: string[] = [];
  let isThere = false;
  const source: TableSource = {
    of(file) {
      if (!isThere) return LOADING;
      using elf = ElfImage.open(`/proc/self/fd/${file.fd}`);
      return buildUnwindTable(elf).table;
    },
    loaded: () => arrived.promise,
    install: (_key, file) => void given.push(file.path),
  };
  const arrive = () => {
    isThere = true;
    arrived.resolve();
  };
  return { source, given, arrive };
}

function deferredOf(
  host: MadeUpHost,
  ring: SampleRing,
  tables: TableSource,
  ownerOf: (sample: StackCount) => StackOwner = ({ comm }) => ({
    roots: [comm],
    labels: undefined,
  }),
) {
  return new DeferredSamples(
    ring,
    host.spaces,
    host.objects,
    tables,
    new TextCopies((pid, mapping) => host.objects.of(pid, mapping), new ProcessMemory()),
    new GeneratedCode(host.jitMaps, new GeneratedCodeTables()),
    () => {},
    ownerOf,
  );
}

// Where the return address lies at a function's first instruction: on the stack, as on x86-64 alone.
test.skipIf(process.arch !== 'x64')(
  'a sample waits for the table of its object, and is whole when it is walked',
  async () => {
    using host = new MadeUpHost();
    const { path, addressOf } = compileLibrary();
    host.spawn(OWNER.pid, [textOf(path, BASE, 0x10_0000)]);
    const [leaf, behindCall] = [addressOf('leaf'), addressOf('caller') + 1];
    const { source, given, arrive } = tableSource();
    using deferred = deferredOf(host, ringOf([recordOf(leaf, [behindCall, 0])]), source);
    expect(deferred.read(() => {})).toEqual([]);
    expect([...deferred.waitingPids()]).toEqual([OWNER.pid]);
    expect(given).toEqual([path]);
    arrive();
    await deferred.settled();
    const stacks = deferred.read(() => {});
    expect(stacks).toMatchObject([
      { ...OWNER, comm: 'made-up', count: 1, lastTime: SAMPLED_AT, user: [leaf, behindCall] },
    ]);
    expect(deferred.isWaiting).toBe(false);
    const stack = host.resolver.resolve(stacks[0]!);
    const names = await host.symbolizer.functionsOf(stack.frames.map(({ frame }) => frame));
    expect(names.map(([named]) => named?.name)).toEqual(['caller', 'leaf']);
  },
);

test('what stands below a stack is asked for before it waits', async () => {
  using host = new MadeUpHost();
  const { path, addressOf } = compileLibrary();
  host.spawn(OWNER.pid, [textOf(path, BASE, 0x10_0000)]);
  const { source, arrive } = tableSource();
  const ring = ringOf([recordOf(addressOf('leaf'), [0])]);
  let container = 'container';
  using deferred = deferredOf(host, ring, source, ({ pid }) => ({
    ...{ roots: [`${container} of ${pid}`], labels: { container } },
  }));
  expect(deferred.read(() => {})).toEqual([]);
  // It ends, and is forgotten.
  container = 'none';
  arrive();
  await deferred.settled();
  const [stack] = deferred.read(() => {});
  expect(stack?.owner).toEqual({
    ...{ roots: [`container of ${OWNER.pid}`], labels: { container: 'container' } },
  });
});

test('how far samples are taken in is said when all that there was is', () => {
  using host = new MadeUpHost();
  host.spawn(OWNER.pid, []);
  const before = Date.now();
  const record = recordOf(BASE, []);
  using behind = deferredOf(host, endlessRing(record, 1 << 30).ring, tableSource().source);
  behind.read(() => {}, -1);
  expect(behind.takenInUntil).toBe(Number.NEGATIVE_INFINITY);
  using deferred = deferredOf(host, ringOf([record]), tableSource().source);
  deferred.read(() => {});
  expect(deferred.takenInUntil).toBeGreaterThanOrEqual(before);
});

test('in a hurry nothing waits: what has no table yet is walked by frame pointers, and counted', () => {
  using host = new MadeUpHost();
  const { path, addressOf } = compileLibrary();
  host.spawn(OWNER.pid, [textOf(path, BASE, 0x10_0000)]);
  const { source } = tableSource();
  const [leaf, behindCall] = [addressOf('leaf'), addressOf('caller') + 1];
  // A frame record at the stack pointer, and one of a frame that nothing has called.
  const record = recordOf(leaf, [STACK + 16, behindCall, 0, 0]);
  new DataView(record.buffer).setBigUint64(AT.registers + 8 * FP, BigInt(STACK), true);
  using deferred = deferredOf(host, ringOf([record]), source);
  deferred.hurry(true);
  const userStop = unwindStop.STOP_NO_TABLE;
  expect(deferred.read(() => {})).toMatchObject([{ ...OWNER, userStop, user: [leaf, behindCall] }]);
  expect(deferred.stops[userStop]).toBe(1);
  expect(deferred.isWaiting).toBe(false);
});

test('a ring that is never empty is read until the time is over, and one piece at least', () => {
  using host = new MadeUpHost();
  host.spawn(OWNER.pid, []);
  const { ring, asked } = endlessRing(recordOf(BASE, []), 1 << 30);
  using deferred = deferredOf(host, ring, tableSource().source);
  const isOver = -1;
  const taken = deferred.read(() => {}, isOver).length;
  expect(asked).toEqual([taken]);
  expect(taken).toBeGreaterThan(0);
  // And goes on there.
  expect(deferred.read(() => {}, isOver)).toHaveLength(taken);
});

test('without a limit a ring that is never empty is read as far as it was full', () => {
  using host = new MadeUpHost();
  host.spawn(OWNER.pid, []);
  const record = recordOf(BASE, []);
  const [records, more] = [500, 100];
  const { ring } = endlessRing(record, records * record.length);
  using deferred = deferredOf(host, ring, tableSource().source);
  const taken = deferred.read(() => {}).length;
  expect(taken).toBeGreaterThanOrEqual(records);
  expect(taken).toBeLessThan(records + more);
});
