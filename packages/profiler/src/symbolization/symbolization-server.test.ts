import { afterAll, expect, test } from 'bun:test';
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElfImage, ObjectSymbols, ReadBudget } from '@waggle/symbols';
import { contentOf } from '../mappings/file-content.ts';
import { LoadedObjects } from './loaded-objects.ts';
import type { UnnamedCode } from './protocol.ts';
import { SymbolizationServer } from './symbolization-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-symbolization-'));
afterAll(() => rmSync(folder, { recursive: true }));

const objectOf = (key: string, byteLength: number, closed: string[]) => ({
  buildId: undefined,
  textStart: undefined,
  segmentOfFileOffset: () => undefined,
  vaddrOfFileOffset: () => undefined,
  lookup: () => undefined,
  byteLength,
  close: () => closed.push(key),
});

test('the objects that were not used for longest are closed and forgotten', () => {
  const closed: string[] = [];
  const named = new LoadedObjects(3, 1000);
  const read = { budget: new ReadBudget(), left: undefined };
  const add = (key: string, byteLength = 1) =>
    named.set(key, objectOf(key, byteLength, closed), read);
  for (const key of ['a', 'b', 'c']) add(key);
  expect(named.get('a')?.object).toBeDefined();
  named.set('no ELF file', undefined, read);
  expect(closed).toEqual(['b']);
  expect(named.get('b')).toBeUndefined();
  expect(named.get('no ELF file')).toEqual({ object: undefined, places: undefined, ...read });
  add('d');
  expect(closed).toEqual(['b', 'c']);
  add('larger than all may be', 2000);
  expect(closed).toEqual(['b', 'c', 'a', 'd']);
  named[Symbol.dispose]();
  expect(closed).toEqual(['b', 'c', 'a', 'd', 'larger than all may be']);
});

test('an object that nobody asks for is closed, but not one that took too much to read', async () => {
  const closed: string[] = [];
  const named = new LoadedObjects(10, 1000, 1);
  const budget = new ReadBudget();
  named.set('whole', objectOf('whole', 1, closed), { budget, left: undefined });
  named.set('too large', objectOf('too large', 1, closed), { budget, left: 'too-large' });
  await Bun.sleep(20);
  named.dropUnused();
  expect(closed).toEqual(['whole']);
  expect(named.get('too large')?.left).toBe('too-large');
});

test('a reader of many objects with lines keeps so many open', () => {
  /** Debug files, which stay open for their lines. */
  const opened = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(folder);
      } catch {
        return false;
      }
    }).length;
  const reading = new SymbolizationServer({ lines: true });
  const places = [{ offset: 0x40, isReturn: false }];
  const source = join(folder, 'source.c');
  const library = join(folder, 'library.so');
  writeFileSync(source, 'int answer(void) { return 42; }');
  const debugFile = join(folder, 'library.debug');
  for (const command of [
    ['cc', '-g', '-shared', '-o', library, source],
    ['objcopy', '--only-keep-debug', library, debugFile],
    ['objcopy', '--strip-debug', `--add-gnu-debuglink=${debugFile}`, library],
  ])
    expect(Bun.spawnSync(command).exitCode).toBe(0);
  for (let n = 0; n < 300; n++) {
    const path = join(folder, `object-${n}`);
    copyFileSync(library, path);
    const fd = openSync(path, 'r');
    const object = { key: path, path, fd, content: contentOf(fd), missing: undefined };
    reading.answer({ kind: 'functions', object, places });
    closeSync(fd);
  }
  expect(opened()).toBe(256);
  reading[Symbol.dispose]();
  expect(opened()).toBe(0);
});

test('code without names has where its function begins, and where it is in the object', () => {
  const source = join(folder, 'stripped.c');
  const program = join(folder, 'stripped');
  writeFileSync(
    source,
    `static __attribute__((noinline)) int hidden(int n) { return n * n + 1; }
    int main(int argc, char **argv) { return hidden(argc) + hidden(argc + 1); }`,
  );
  for (const options of [
    ['-fPIE', '-pie'],
    ['-fno-PIE', '-no-pie'],
    ['-fno-asynchronous-unwind-tables', '-g', '-Wl,--build-id=none'],
  ]) {
    const command = ['cc', '-O1', ...options, '-o', `${program}.whole`, source];
    expect(Bun.spawnSync(command).exitCode).toBe(0);
    // What a debugger goes by is kept where there is nothing else.
    const strip = ['objcopy', '--strip-all', '--keep-section=.debug_frame'];
    expect(Bun.spawnSync([...strip, `${program}.whole`, program]).exitCode).toBe(0);
    using elf = ElfImage.open(program);
    using symbols = ObjectSymbols.open(`${program}.whole`);
    const { start = 0, size = 0 } =
      [...Array(0x10_0000).keys()]
        .map((at) => symbols.lookup((elf.loads[0]?.vaddr ?? 0) + at))
        .find((hit) => hit?.name === 'hidden') ?? {};
    const text = elf.loads.find(({ executable }) => executable);
    const toFile = (text?.fileOffset ?? 0) - (text?.vaddr ?? 0);
    const offset = start + toFile;
    const fd = openSync(program, 'r');
    const object = {
      key: options.join(' '),
      path: program,
      fd,
      content: undefined,
      missing: undefined,
    };
    using reading = new SymbolizationServer({ lines: false });
    const places = [
      { offset, isReturn: false },
      { offset: offset + size - 1, isReturn: false },
      { offset: offset + size, isReturn: true },
      { offset: offset - 1, isReturn: false },
    ];
    const { functions } = reading.answer({ kind: 'functions', object, places });
    closeSync(fd);
    const found = functions as readonly UnnamedCode[];
    expect(found.slice(0, 3).map(({ functionOffset }) => functionOffset)).toEqual(
      Array(3).fill(offset),
    );
    expect(found[3]?.functionOffset).not.toBe(offset);
    expect(found.slice(0, 3).map(({ address }) => Number(address) - start)).toEqual([
      0,
      size - 1,
      size - 1,
    ]);
    expect(found[0]?.mapping).toMatchObject({
      start: BigInt(Math.floor((text?.vaddr ?? 0) / 4096) * 4096),
      fileOffset: BigInt(Math.floor((text?.fileOffset ?? 0) / 4096) * 4096),
    });
    expect(found[0]?.mapping?.buildId).toBe(elf.buildId);
  }
});
