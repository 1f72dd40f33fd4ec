import { afterAll, describe, expect, test } from 'bun:test';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { buildElf, elfWithSymbols } from '../test/build-elf.ts';
import { Workshop } from '../test/compile.ts';
import { SymbolCache } from './cache/symbol-cache.ts';
import { ElfError, ElfImage } from './elf/index.ts';
import { ObjectSymbols } from './object-symbols.ts';

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

const whole = workshop.path('debug');
const functions = workshop.nm(whole).filter(({ type, size }) => 'Tt'.includes(type) && size > 0);
const localWork = functions.find(({ name }) => name === 'local_work')?.address as number;
const id = workshop.run('readelf', '-n', whole).match(/Build ID: (\w+)/)?.[1] as string;
const root = join(workshop.directory, 'root');
const debugPath = `/usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
const program = join(root, 'usr/bin/program');
mkdirSync(dirname(program), { recursive: true });
workshop.run('strip', '-o', program, whole);

function installDebugFile(): void {
  mkdirSync(dirname(join(root, debugPath)), { recursive: true });
  workshop.run('objcopy', '--only-keep-debug', whole, join(root, debugPath));
}

describe('names from', () => {
  test('its own tables, and the PLT', () => {
    const symbols = ObjectSymbols.open(whole);
    expect(symbols.sources).toEqual(['symtab', 'dynsym', 'plt']);
    expect(symbols.problems).toEqual([]);
    expect(symbols.buildId).toBe(id);
    for (const { address } of functions) expect(symbols.lookup(address)?.start).toBe(address);
    const elf = ElfImage.parse(readFileSync(whole));
    const got = elf.section('.plt.got');
    if (got !== undefined) expect(symbols.lookup(got.addr)?.name).toBe('__cxa_finalize@plt');
  });

  test('a debug file, once it is installed', () => {
    const cache = new SymbolCache();
    const before = ObjectSymbols.open(program, { root, cache });
    expect(before.sources).not.toContain('symtab');
    expect(before.lookup(localWork)).toBeUndefined();
    installDebugFile();
    const after = ObjectSymbols.open(program, { root, cache });
    expect(after.sources).toContain('debug-file');
    expect(after.debugFile).toBe(debugPath);
    expect(after.lookup(localWork)?.name).toBe('local_work');
    // What was opened before does not change under its user.
    expect(before.lookup(localWork)).toBeUndefined();
    rmSync(join(root, debugPath));
    expect(ObjectSymbols.open(program, { root, cache }).lookup(localWork)).toBeUndefined();
  });

  test('a debuglink beside the file that a link leads to', () => {
    const debug = join(workshop.directory, 'linked.debug');
    const linked = join(workshop.directory, 'linked');
    workshop.run('objcopy', '--only-keep-debug', whole, debug);
    workshop.run('strip', '-o', linked, whole);
    workshop.run('objcopy', `--add-gnu-debuglink=${debug}`, linked);
    const elsewhere = join(workshop.directory, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(linked, join(elsewhere, 'name'));
    const byLink = ObjectSymbols.open(join(elsewhere, 'name'));
    expect(byLink.debugFile).toBe(debug);
    expect(byLink.lookup(localWork)?.name).toBe('local_work');
    const fd = openSync(linked, 'r');
    expect(ObjectSymbols.open(fd).debugFile).toBeUndefined();
    expect(ObjectSymbols.open(fd, { path: linked }).debugFile).toBe(debug);
    closeSync(fd);
  });

  test.skipIf(Bun.which('xz') === null)('mini-debuginfo', () => {
    const mini = join(workshop.directory, 'mini');
    const target = join(workshop.directory, 'with-mini');
    workshop.run('objcopy', '--only-keep-debug', whole, mini);
    workshop.run('xz', '-k', '-f', mini);
    workshop.run('strip', '-o', target, whole);
    workshop.run('objcopy', '--add-section', `.gnu_debugdata=${mini}.xz`, target);
    const symbols = ObjectSymbols.open(target);
    expect(symbols.sources).toEqual(['dynsym', 'debugdata', 'plt']);
    expect(symbols.lookup(localWork)?.name).toBe('local_work');
  });
});

test('nothing is left open, and a descriptor stays its owner’s', () => {
  installDebugFile();
  const fd = openSync(program, 'r');
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 20; i++) ObjectSymbols.open(i % 2 ? fd : program, { root });
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  closeSync(fd);
  rmSync(join(root, debugPath));
});

describe('damage', () => {
  const write = (bytes: Uint8Array) => {
    const path = join(workshop.directory, 'damaged');
    writeFileSync(path, bytes);
    return path;
  };

  test('no ELF image is an error', () => {
    expect(() => ObjectSymbols.open(write(Buffer.from('#!/bin/sh')))).toThrow(ElfError);
    expect(() => ObjectSymbols.open(join(workshop.directory, 'absent'))).toThrow('ENOENT');
  });

  test('a damaged table is a problem, and the others still answer', () => {
    const bytes = new Uint8Array(readFileSync(whole));
    const elf = ElfImage.parse(bytes);
    const index = elf.sections.findIndex(({ name }) => name === '.symtab');
    const view = new DataView(bytes.buffer);
    const header = Number(view.getBigUint64(40, true)) + index * 64;
    view.setUint32(header + 40, 0xffff, true);
    const symbols = ObjectSymbols.open(write(bytes));
    expect(symbols.problems).toHaveLength(1);
    expect(symbols.problems[0]).toStartWith('symbols: ');
    expect(symbols.sources).toEqual(['plt']);
  });

  test('damaged section headers leave the mapping', () => {
    const bytes = new Uint8Array(readFileSync(whole));
    new DataView(bytes.buffer).setBigUint64(40, 2n ** 40n, true);
    const symbols = ObjectSymbols.open(write(bytes));
    expect(symbols.sources).not.toContain('symtab');
    expect(symbols.problems).toHaveLength(1);
    expect(symbols.vaddrOfFileOffset(0)).toBe(0);
  });

  test('an object file has no addresses', () => {
    expect(ObjectSymbols.open(write(buildElf({ type: 1 }))).size).toBe(0);
  });
});

describe('the cache in memory', () => {
  test('one table for equal objects, wherever they stand', () => {
    const cache = new SymbolCache();
    const copy = join(workshop.directory, 'copy');
    copyFileSync(whole, copy);
    const one = ObjectSymbols.open(whole, { cache });
    const two = ObjectSymbols.open(copy, { cache });
    expect(two.table).toBe(one.table);
    expect(cache.size).toBe(1);
    expect(cache.byteLength).toBe(one.byteLength);
  });

  test('a build-id that is claimed by another file is another object', () => {
    const cache = new SymbolCache();
    const honest = ObjectSymbols.open(whole, { cache });
    const impostor = join(workshop.directory, 'impostor');
    workshop.run(
      'cc',
      '-shared',
      '-Wl,--build-id=0xfeedface01234567',
      '-o',
      impostor,
      '-x',
      'c',
      '/dev/null',
    );
    const other = ObjectSymbols.open(impostor, { cache });
    expect(other.buildId).toBe(honest.buildId as string);
    expect(other.lookup(localWork)?.name).not.toBe('local_work');
  });

  test('without a build-id a changed file is a new object', () => {
    const cache = new SymbolCache();
    const path = join(workshop.directory, 'changing');
    writeFileSync(path, elfWithSymbols([{ name: 'before', value: 0x2000, size: 8 }]));
    expect(ObjectSymbols.open(path, { cache }).lookup(0x2000)?.name).toBe('before');
    writeFileSync(path, elfWithSymbols([{ name: 'behind', value: 0x2000, size: 8 }]));
    expect(ObjectSymbols.open(path, { cache }).lookup(0x2000)?.name).toBe('behind');
  });

  test('bounded in bytes, the least recently used first, empty tables too', () => {
    const path = (name: string) => join(workshop.directory, `entry-${name}`);
    const names = ['a', 'b', 'c', 'd'];
    for (const name of names) {
      const symbols = Array.from({ length: 100 }, (_, i) => ({
        name: `${name}${i}`,
        value: 0x1000 + i * 16,
        size: 16,
      }));
      writeFileSync(path(name), elfWithSymbols(symbols));
    }
    const size = ObjectSymbols.open(path('a')).byteLength;
    const cache = new SymbolCache({ maxBytes: size * 2.5 });
    const open = (name: string) => ObjectSymbols.open(path(name), { cache }).table;
    const a = open('a');
    const b = open('b');
    expect(open('a')).toBe(a);
    open('c');
    expect(cache.size).toBe(2);
    expect(open('a')).toBe(a);
    expect(open('b')).not.toBe(b);
    expect(cache.byteLength).toBeLessThanOrEqual(size * 2.5);
    writeFileSync(path('none'), elfWithSymbols([]));
    expect(open('none')).toBe(open('none'));
    const tiny = new SymbolCache({ maxBytes: 10 });
    expect(ObjectSymbols.open(path('a'), { cache: tiny }).size).toBe(100);
    expect(tiny.size).toBe(0);
  });
});
