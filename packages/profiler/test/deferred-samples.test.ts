// Stacks that the kernel hands over are walked in userspace by the table of their object: here as bytes of
// a ring in memory, of a process that is made up, with the code of a real library.

import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deferredSample, unwindStop } from '@waggle/bpf';
import { ElfImage } from '@waggle/symbols';
import { buildUnwindTable } from '@waggle/unwind';
import { TextCopies } from '../src/mappings/text-copies.ts';
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
const OWNER = { pid: 7, startTime: 5n, execId: 3n };
/** DWARF number of the stack pointer: AMD64 ABI figure 3.36. */
const RSP = 7;

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
  u64(AT.exec_id, OWNER.execId);
  u64(AT.time_ns, SAMPLED_AT);
  bytes.set(new TextEncoder().encode('made-up'), AT.comm);
  u64(AT.object_address, pc);
  u64(AT.pc, pc);
  u64(AT.registers + 8 * RSP, STACK);
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

function deferredOf(host: MadeUpHost, records: Uint8Array[], tables: TableSource) {
  return new DeferredSamples(
    ringOf(records),
    host.spaces,
    host.objects,
    tables,
    new TextCopies((pid, mapping) => host.objects.of(pid, mapping)),
    new GeneratedCode(host.jitMaps, new GeneratedCodeTables()),
    () => {},
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
    using deferred = deferredOf(host, [recordOf(leaf, [behindCall, 0])], source);
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

test('in a hurry nothing waits: what has no table yet is cut, and counted so', async () => {
  using host = new MadeUpHost();
  const { path, addressOf } = compileLibrary();
  host.spawn(OWNER.pid, [textOf(path, BASE, 0x10_0000)]);
  const { source } = tableSource();
  using deferred = deferredOf(host, [recordOf(addressOf('leaf'), [0])], source);
  deferred.hurry(true);
  const userStop = unwindStop.STOP_NO_TABLE;
  expect(deferred.read(() => {})).toMatchObject([{ ...OWNER, userStop }]);
  expect(deferred.stops[userStop]).toBe(1);
  expect(deferred.isWaiting).toBe(false);
});
