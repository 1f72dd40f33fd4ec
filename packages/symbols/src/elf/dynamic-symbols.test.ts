import { afterAll, describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from '../../test/build-elf.ts';
import { Workshop } from '../../test/compile.ts';
import { ObjectSymbols } from '../object-symbols.ts';
import { SymbolTable } from '../symbol-table.ts';
import { readDynamicSymbols } from './dynamic-symbols.ts';
import { ElfError, ElfImage } from './index.ts';

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

/** As sstrip leaves a file: no section headers, and nothing behind the last segment. */
function withoutSections(path: string): Uint8Array {
  const bytes = Uint8Array.from(readFileSync(path));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(40, 0n, true);
  for (const at of [58, 60, 62]) view.setUint16(at, 0, true);
  const { loads } = ElfImage.parse(bytes);
  return bytes.slice(0, Math.max(...loads.map((load) => load.fileOffset + load.fileSize)));
}

describe.each(['gnu', 'sysv', 'both'])('hash style %s', (style) => {
  const source = join(workshop.directory, 'program.c');
  const path = join(workshop.directory, `dynamic-${style}`);
  const build = (...options: string[]) => {
    workshop.run('cc', '-O1', `-Wl,--hash-style=${style}`, ...options, '-o', path, source);
    return workshop.nm(path, '-D').filter(({ type }) => 'TtWwi'.includes(type));
  };

  test.each([
    ['a program', ['-rdynamic']],
    ['a program at a fixed address', ['-rdynamic', '-no-pie', '-fno-PIE']],
    ['a library', ['-shared', '-fPIC']],
  ])('%s without section headers keeps the names that its loader knows', (_, options) => {
    const symbols = build(...options);
    expect(symbols.map(({ name }) => name)).toContain('global_work');
    const stripped = `${path}.stripped`;
    writeFileSync(stripped, withoutSections(path));
    using objects = ObjectSymbols.open(stripped);
    expect(objects.sources).toEqual(['dynsym']);
    expect(objects.problems).toEqual([]);
    using whole = ElfImage.open(path);
    for (const { address } of symbols.filter(({ size }) => size > 0)) {
      const found = objects.lookup(address);
      expect(symbols.filter((each) => each.address === address).map(({ name }) => name)).toContain(
        found?.name ?? '',
      );
      expect(found?.start).toBe(address);
      expect(SymbolTable.fromElf(whole).lookup(address)?.start).toBe(address);
    }
  });
});

test('a file that exports nothing has none', () => {
  expect(SymbolTable.fromElf(ElfImage.parse(withoutSections(workshop.path('static')))).size).toBe(
    0,
  );
});

test('damage is an ElfError or fewer names, soon', () => {
  const bytes = withoutSections(workshop.path('stripped-dynamic'));
  const random = seeded(7);
  const places = [...Array(4096).keys()];
  for (let round = 0; round < 300; round++) {
    const copy = Uint8Array.from(bytes);
    const view = new DataView(copy.buffer);
    // The program headers, and the words of the dynamic section.
    const phoff = Number(view.getBigUint64(32, true));
    for (let header = 0; header < view.getUint16(56, true); header++) {
      const at = phoff + header * 56;
      if (view.getUint32(at, true) !== 2) continue;
      const dynamic = Number(view.getBigUint64(at + 8, true));
      for (let n = 0; n < 4; n++)
        copy[dynamic + Math.floor(random() * 400)] = Math.floor(random() * 256);
    }
    for (let n = 0; n < 4; n++)
      copy[places[Math.floor(random() * places.length)] ?? 0] = Math.floor(random() * 256);
    try {
      const elf = ElfImage.parse(copy);
      readDynamicSymbols(elf);
      SymbolTable.fromElf(elf);
    } catch (error) {
      expect(error).toBeInstanceOf(ElfError);
    }
  }
});
