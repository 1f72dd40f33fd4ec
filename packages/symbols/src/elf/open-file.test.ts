import { afterAll, describe, expect, test } from 'bun:test';
import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elfWithSymbols } from '../../test/build-elf.ts';
import { SymbolTable } from '../symbol-table.ts';
import { type ByteSource, ElfError, ElfImage, MemoryByteSource } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'waggle-symbols-'));
afterAll(() => rmSync(directory, { recursive: true }));

const bytes = elfWithSymbols([{ name: 'work', value: 0x2000, size: 16 }]);
const path = join(directory, 'sample.elf');
writeFileSync(path, bytes);
const openDescriptors = () => readdirSync('/proc/self/fd').length;

function codeOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
  return 'no error';
}

describe('ElfImage.open', () => {
  test('a path, closed by using', () => {
    const before = openDescriptors();
    {
      using elf = ElfImage.open(path);
      expect(openDescriptors()).toBe(before + 1);
      expect(SymbolTable.fromElf(elf).lookup(0x2008)?.name).toBe('work');
      elf.close();
      elf.close();
    }
    // Fewer is no leak: the runtime may close one of its own, of mkfifo for example, meanwhile.
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  test('a table outlives its image, and the image says that it is closed', () => {
    const elf = ElfImage.open(path);
    const table = SymbolTable.fromElf(elf);
    const text = elf.section('.strtab');
    elf.close();
    expect(table.lookup(0x2000)?.name).toBe('work');
    expect(() => text && elf.readSection(text)).toThrow('closed');
  });

  test("a descriptor stays the caller's, with its position", () => {
    const fd = openSync(path, 'r');
    const elf = ElfImage.open(fd);
    expect(SymbolTable.fromElf(elf).lookup(0x2000)?.name).toBe('work');
    elf.close();
    const magic = new Uint8Array(4);
    expect(readSync(fd, magic)).toBe(4);
    expect([...magic]).toEqual([0x7f, 0x45, 0x4c, 0x46]);
    closeSync(fd);
  });

  test('what is no regular file is refused at once, without blocking', () => {
    const fifo = join(directory, 'fifo');
    expect(Bun.spawnSync(['mkfifo', fifo]).exitCode).toBe(0);
    const before = openDescriptors();
    expect(codeOf(() => ElfImage.open(fifo))).toBe('not-elf');
    expect(codeOf(() => ElfImage.open(directory))).toBe('not-elf');
    expect(codeOf(() => ElfImage.open('/dev/zero'))).toBe('not-elf');
    // Fewer is no leak: the runtime may close one of its own, of mkfifo for example, meanwhile.
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  test('a missing file is the system error; a file that is no ELF leaks nothing', () => {
    expect(codeOf(() => ElfImage.open(join(directory, 'absent')))).toBe('ENOENT');
    const text = join(directory, 'text');
    writeFileSync(text, 'hello');
    const before = openDescriptors();
    expect(codeOf(() => ElfImage.open(text))).toBe('not-elf');
    // Fewer is no leak: the runtime may close one of its own, of mkfifo for example, meanwhile.
    expect(openDescriptors()).toBeLessThanOrEqual(before);
  });

  test('a file that shrinks while it is open is truncated', () => {
    const shrinking = join(directory, 'shrinking');
    writeFileSync(shrinking, bytes);
    using elf = ElfImage.open(shrinking);
    const fd = openSync(shrinking, 'r+');
    ftruncateSync(fd, 64);
    closeSync(fd);
    expect(() => SymbolTable.fromElf(elf)).toThrow(ElfError);
  });

  test('only what is asked for is read', () => {
    const memory = new MemoryByteSource(bytes);
    let read = 0;
    const counted: ByteSource = {
      size: memory.size,
      read: (offset, length) => {
        read += length;
        return memory.read(offset, length);
      },
    };
    const elf = ElfImage.from(counted);
    expect(read).toBe(64);
    expect(elf.sections.length).toBeGreaterThan(3);
    expect(read).toBeLessThan(64 + 64 + 64 * elf.sections.length + 100);
  });

  test('a sparse file of a terabyte costs nothing', () => {
    const sparse = join(directory, 'sparse');
    const claims = elfWithSymbols([]);
    const view = new DataView(claims.buffer);
    const symtab = Number(view.getBigUint64(40, true)) + 3 * 64;
    view.setBigUint64(symtab + 32, 2n ** 39n, true);
    writeFileSync(sparse, claims);
    const fd = openSync(sparse, 'r+');
    ftruncateSync(fd, 2 ** 40);
    closeSync(fd);
    using elf = ElfImage.open(sparse);
    expect(() => SymbolTable.fromElf(elf)).toThrow(ElfError);
  });
});
