import { afterAll, beforeEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elfWithSymbols, seeded } from '../../test/build-elf.ts';
import { ElfImage } from '../elf/index.ts';
import { ObjectSymbols } from '../object-symbols.ts';
import { SymbolTable } from '../symbol-table.ts';
import { crc32 } from '../xz/checksum.ts';
import { DiskSymbolCache, defaultCacheDirectory } from './disk.ts';
import { SymbolCache } from './symbol-cache.ts';
import { decodeTable, encodeTable } from './table-file.ts';

const home = mkdtempSync(join(tmpdir(), 'waggle-symbol-cache-'));
afterAll(() => rmSync(home, { recursive: true }));
let directory = '';
let round = 0;
beforeEach(() => {
  directory = join(home, `cache-${round++}`);
});
const files = () => readdirSync(join(directory, 'symbols-4'));

function tableOf(count: number, prefix = 'function_'): SymbolTable {
  const symbols = Array.from({ length: count }, (_, i) => ({
    name: `${prefix}${i}`,
    value: 0x1000 + i * 16,
    size: i % 3 === 0 ? 0 : 12,
  }));
  return SymbolTable.fromElf(ElfImage.parse(elfWithSymbols(symbols)));
}

const describeAs = (key: string) => ({ key, sources: ['symtab'], problems: [] });

describe('a table as bytes', () => {
  test('answers the same after a round trip, and holds only names in use', () => {
    const table = tableOf(1000);
    const description = { ...describeAs('k'), debugFile: '/usr/lib/debug/x', problems: ['a: b'] };
    const bytes = encodeTable(table, description);
    const back = decodeTable(bytes);
    expect(back?.description).toEqual(description);
    for (let address = 0; address < 0xa000; address += 3) {
      expect(back?.table.lookup(address)).toEqual(table.lookup(address));
    }
    expect(bytes.length).toBeLessThan(table.byteLength + 300);
  });

  test('an empty table', () => {
    const back = decodeTable(encodeTable(SymbolTable.empty(), describeAs('none')));
    expect(back?.table.size).toBe(0);
    expect(back?.table.lookup(0)).toBeUndefined();
  });

  test('any damage is noticed, and any content is harmless', () => {
    const good = encodeTable(tableOf(20), describeAs('k'));
    for (let length = 0; length < good.length; length++) {
      expect(decodeTable(good.slice(0, length))).toBeUndefined();
    }
    for (let at = 0; at < good.length; at++) {
      const bytes = good.slice();
      bytes[at] = (bytes[at] as number) ^ 0x41;
      expect(decodeTable(bytes)).toBeUndefined();
    }
    // With the sum made good, as somebody with write access would.
    const random = seeded(6);
    let read = 0;
    for (let i = 0; i < 3000; i++) {
      const bytes = good.slice();
      for (let n = 0; n < 4; n++)
        bytes[12 + Math.floor(random() * (good.length - 12))] = random() * 256;
      new DataView(bytes.buffer).setUint32(8, crc32(bytes.subarray(12)), true);
      const back = decodeTable(bytes);
      if (back === undefined) continue;
      read++;
      for (let address = 0; address < 0x1400; address += 7) {
        expect(typeof (back.table.lookup(address)?.name ?? '')).toBe('string');
      }
    }
    expect(read).toBeGreaterThan(100);
  });
});

describe('on disk', () => {
  test('stored by one run, found by the next, and by key alone', () => {
    const cache = new DiskSymbolCache(directory);
    expect(cache.get('one')).toBeUndefined();
    expect(cache.set(tableOf(10), describeAs('one'))).toBe(true);
    expect(cache.set(SymbolTable.empty(), describeAs('empty'))).toBe(true);
    const next = new DiskSymbolCache(directory);
    expect(next.get('one')?.table.lookup(0x1010)?.name).toBe('function_1');
    expect(next.get('empty')?.table.size).toBe(0);
    expect(next.get('two')).toBeUndefined();
    expect(files()).toHaveLength(2);
  });

  test('only own files that nobody else may write', () => {
    const cache = new DiskSymbolCache(directory);
    cache.set(tableOf(10), describeAs('one'));
    const path = join(directory, 'symbols-4', files()[0] as string);
    chmodSync(path, 0o666);
    expect(cache.get('one')).toBeUndefined();
    chmodSync(path, 0o600);
    expect(cache.get('one')).toBeDefined();
    const moved = join(directory, 'moved');
    writeFileSync(moved, readFileSync(path), { mode: 0o600 });
    rmSync(path);
    symlinkSync(moved, path);
    expect(cache.get('one')).toBeUndefined();
    rmSync(path);
    expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
    expect(cache.get('one')).toBeUndefined();
    rmSync(path);
    writeFileSync(path, 'rubbish', { mode: 0o600 });
    expect(cache.get('one')).toBeUndefined();
    expect(cache.set(tableOf(10), describeAs('one'))).toBe(true);
    expect(cache.get('one')).toBeDefined();
  });

  test('tables without what later versions find in an object are not used', () => {
    const cache = new DiskSymbolCache(directory);
    cache.set(tableOf(10), describeAs('one'));
    const path = join(directory, 'symbols-4', files()[0] as string);
    const bytes = readFileSync(path);
    expect(bytes.readUInt32LE(4)).toBe(4);
    // Go's functions came with the second; the sum does not cover the number.
    bytes.writeUInt32LE(1, 4);
    writeFileSync(path, bytes);
    expect(cache.get('one')).toBeUndefined();
  });

  test('a directory that others can write to, or that cannot be made, is not used', () => {
    mkdirSync(join(directory, 'symbols-4'), { recursive: true });
    chmodSync(join(directory, 'symbols-4'), 0o777);
    expect(new DiskSymbolCache(directory).set(tableOf(1), describeAs('k'))).toBe(false);
    writeFileSync(join(home, 'file'), '');
    const under = new DiskSymbolCache(join(home, 'file', 'below'));
    expect(under.set(tableOf(1), describeAs('k'))).toBe(false);
    expect(under.get('k')).toBeUndefined();
    const full = new DiskSymbolCache('/proc/self');
    expect(full.set(tableOf(1), describeAs('k'))).toBe(false);
  });

  test('bounded: the least recently used go, and what a killed run left', () => {
    const size = encodeTable(tableOf(100), describeAs('key-0')).length;
    const cache = new DiskSymbolCache(directory, { maxBytes: size * 10 });
    const old = Date.now() / 1000 - 100_000;
    for (let i = 0; i < 9; i++) {
      cache.set(tableOf(100), describeAs(`key-${i}`));
      for (const name of files()) utimesSync(join(directory, 'symbols-4', name), old + i, old + i);
    }
    const left = join(directory, 'symbols-4', 'half.sym.00.tmp');
    writeFileSync(left, 'x');
    utimesSync(left, old, old);
    // A hit makes it the most recently used.
    expect(cache.get('key-0')).toBeDefined();
    const other = new DiskSymbolCache(directory, { maxBytes: size * 10 });
    for (let i = 20; i < 23; i++) other.set(tableOf(100), describeAs(`key-${i}`));
    expect(files().length).toBeLessThanOrEqual(10);
    expect(existsSync(left)).toBe(false);
    for (const key of ['key-0', 'key-20', 'key-21', 'key-22']) {
      expect(other.get(key)).toBeDefined();
    }
    expect(other.set(tableOf(1000), describeAs('too large'))).toBe(false);
    const few = new DiskSymbolCache(directory, { maxFiles: 3 });
    few.set(tableOf(1), describeAs('last'));
    expect(files().length).toBeLessThanOrEqual(3);
    expect(few.get('last')).toBeDefined();
  });

  test('several processes that store and read the same keys at once', async () => {
    const script = join(home, 'writer.ts');
    const here = JSON.stringify(import.meta.dir);
    writeFileSync(
      script,
      `const { DiskSymbolCache } = await import(${here} + '/disk.ts');
      const { SymbolTable } = await import(${here} + '/../symbol-table.ts');
      const { ElfImage } = await import(${here} + '/../elf/index.ts');
      const { elfWithSymbols } = await import(${here} + '/../../test/build-elf.ts');
      const symbols = Array.from({ length: 300 }, (_, i) => ({ name: 'f' + i, value: 0x1000 + i * 16, size: 16 }));
      const table = SymbolTable.fromElf(ElfImage.parse(elfWithSymbols(symbols)));
      const cache = new DiskSymbolCache(process.argv[2], { maxBytes: 100_000 });
      let hits = 0;
      for (let i = 0; i < 300; i++) {
        const key = 'key' + (i % 17);
        const found = cache.get(key);
        if (found === undefined) cache.set(table, { key, sources: [], problems: [] });
        else if (found.table.lookup(0x1010)?.name === 'f1') hits++;
        else throw new Error('a wrong table');
      }
      console.log(hits);`,
    );
    const runs = Array.from({ length: 4 }, () =>
      Bun.spawn([process.execPath, script, directory], { stdout: 'pipe', stderr: 'inherit' }),
    );
    for (const run of runs) {
      expect(await run.exited).toBe(0);
      expect(Number(await new Response(run.stdout).text())).toBeGreaterThan(0);
    }
    expect(files().every((name) => name.endsWith('.sym'))).toBe(true);
  });
});

test('a table that nobody asks for is let go of in memory, where that is wanted', async () => {
  const disk = new DiskSymbolCache(directory);
  for (const [options, left] of [
    [{ disk, maxUnusedMs: 1 }, 0],
    [{ disk }, 1],
  ] as const) {
    const cache = new SymbolCache(options);
    ObjectSymbols.open('/bin/true', { cache })[Symbol.dispose]();
    expect(cache.size).toBe(1);
    await Bun.sleep(20);
    cache.dropUnused();
    expect(cache.size).toBe(left);
  }
});

test('an object is parsed once for all runs, and once more when it is another', () => {
  const path = join(home, 'object');
  writeFileSync(path, elfWithSymbols([{ name: 'first', value: 0x2000, size: 8 }]));
  const open = () => {
    const disk = new DiskSymbolCache(directory);
    return ObjectSymbols.open(path, { cache: new SymbolCache({ disk, minBuildMs: 0 }) });
  };
  expect(open().lookup(0x2000)?.name).toBe('first');
  expect(files()).toHaveLength(1);
  const again = open();
  expect(again.lookup(0x2000)).toEqual({ name: 'first', start: 0x2000, size: 8 });
  expect(again.sources).toEqual(['symtab']);
  expect(files()).toHaveLength(1);
  writeFileSync(path, elfWithSymbols([{ name: 'later', value: 0x2000, size: 8 }]));
  expect(open().lookup(0x2000)?.name).toBe('later');
  expect(files()).toHaveLength(2);
});

test('what is made quickly gets no file', () => {
  const path = join(home, 'small');
  writeFileSync(path, elfWithSymbols([]));
  const disk = new DiskSymbolCache(directory);
  ObjectSymbols.open(path, { cache: new SymbolCache({ disk, minBuildMs: 1e9 }) });
  expect(existsSync(directory)).toBe(false);
});

test('the place that XDG gives', () => {
  expect(defaultCacheDirectory({ XDG_CACHE_HOME: '/x', HOME: '/h' })).toBe('/x/waggle');
  expect(defaultCacheDirectory({ XDG_CACHE_HOME: 'relative', HOME: '/h' })).toBe(
    '/h/.cache/waggle',
  );
  expect(defaultCacheDirectory({ HOME: '/h' })).toBe('/h/.cache/waggle');
  expect(defaultCacheDirectory({})).toBeUndefined();
});

describe('a table that is read by parts', () => {
  const parted = () => new DiskSymbolCache(directory, { partedFromBytes: 1 });

  test('answers as the whole one does, and holds little of it', () => {
    const table = tableOf(1000, 'x'.repeat(300));
    new DiskSymbolCache(directory).set(table, describeAs('k'));
    const back = parted().get('k');
    expect(back?.description).toEqual(describeAs('k'));
    expect(back?.table.size).toBe(table.size);
    for (let address = 0; address < 0xa000; address += 3)
      expect(back?.table.lookup(address)).toEqual(table.lookup(address));
    expect(back?.table.byteLength).toBeLessThan(table.byteLength / 20);
    back?.table.close?.();
    back?.table.close?.();
    expect(back?.table.lookup(0x1010)).toBeUndefined();
  });

  test('is not believed with one bit changed, cut, or under another key; nothing stays open', () => {
    const table = tableOf(50);
    const cache = new DiskSymbolCache(directory);
    cache.set(table, describeAs('k'));
    const path = join(directory, 'symbols-4', files()[0] ?? '');
    const whole = readFileSync(path);
    const opened = () => readdirSync('/proc/self/fd').length;
    const before = opened();
    for (const damage of [
      ...Array.from({ length: 60 }, (_, at) => (bytes: Buffer) => {
        const place = Math.floor((at * bytes.length) / 60);
        bytes[place] = (bytes[place] ?? 0) ^ 4;
        return bytes;
      }),
      (bytes: Buffer) => bytes.subarray(0, bytes.length - 1),
      (bytes: Buffer) => bytes.subarray(0, 20),
      () => encodeTable(table, describeAs('other')),
    ]) {
      writeFileSync(path, damage(Buffer.from(whole)));
      expect(parted().get('k')).toBeUndefined();
    }
    expect(opened()).toBe(before);
    writeFileSync(path, whole);
    const back = parted().get('k');
    expect(opened()).toBe(before + 1);
    back?.table.close?.();
    expect(opened()).toBe(before);
  });

  test('belongs to the object that was opened, which closes it', () => {
    const path = join(home, 'parted');
    writeFileSync(path, elfWithSymbols([{ name: 'only', value: 0x2000, size: 8 }]));
    const open = () =>
      ObjectSymbols.open(path, { cache: new SymbolCache({ disk: parted(), minBuildMs: 0 }) });
    expect(open().lookup(0x2000)?.name).toBe('only');
    const one = open();
    const other = open();
    one.close();
    expect(one.lookup(0x2000)).toBeUndefined();
    expect(other.lookup(0x2000)).toEqual({ name: 'only', start: 0x2000, size: 8 });
    other.close();
  });
});
