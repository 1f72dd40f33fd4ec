import { afterAll, describe, expect, test } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildElf, type SectionSpec, seeded, symbolSections } from '../test/build-elf.ts';
import { Workshop } from '../test/compile.ts';
import { EM_AARCH64, EM_X86_64, R_AARCH64_JUMP_SLOT } from './elf/constants.ts';
import { ElfError, ElfImage } from './elf/index.ts';
import { readPltStubs } from './plt.ts';
import { SymbolCollector } from './symbol-reader.ts';
import { SymbolTable } from './symbol-table.ts';

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

const SOURCE = `
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>
#include <string.h>
/* Its address is taken as well, which puts it into .plt.got. */
void *(*volatile keep)(size_t) = malloc;
int main(int argc, char **argv) {
  char *line = malloc(100);
  void *(*volatile again)(size_t) = malloc;
  snprintf(line, 100, "%d %s", getpid(), getenv("PATH"));
  write(1, line, strnlen(line, 100));
  free(again(20));
  qsort(line, 1, 1, 0);
  return argc > 5 ? abs(argc) : (int)getppid();
}
`;
const source = join(workshop.directory, 'plt.c');
writeFileSync(source, SOURCE);
const decoder = new TextDecoder();

function stubsOf(elf: ElfImage): Map<number, { name: string; size: number }> {
  const stubs = new Map<number, { name: string; size: number }>();
  for (const { address, name, size } of readPltStubs(elf)) {
    stubs.set(address, { name: decoder.decode(name), size });
  }
  return stubs;
}

const isX86 = process.arch === 'x64';
if (!isX86) console.warn('SKIPPED: real stubs are compared with objdump on x86-64 only');

describe.skipIf(!isX86)('what objdump calls the stubs', () => {
  test.each([
    ['lazy binding', ['-Wl,-z,lazy', '-fcf-protection=none']],
    ['bound at start', ['-Wl,-z,now', '-fcf-protection=none']],
    ['IBT, .plt.sec', ['-Wl,-z,lazy', '-Wl,-z,ibtplt', '-fcf-protection=full']],
    ['IBT, bound at start', ['-Wl,-z,now', '-Wl,-z,ibtplt', '-fcf-protection=full']],
    ['fixed address', ['-Wl,-z,lazy', '-no-pie', '-fno-pie']],
    ['shared object', ['-shared', '-fPIC', '-Wl,-z,lazy']],
  ])('%s', (variant, flags) => {
    const path = join(workshop.directory, variant.replaceAll(/\W/g, '-'));
    workshop.run('cc', '-w', '-O1', ...flags, '-o', path, source);
    const disassembly = workshop.run('objdump', '-d', path);
    const listed = [...disassembly.matchAll(/^([0-9a-f]{16}) <(\w+@plt)>:$/gm)];
    expect(listed.length).toBeGreaterThanOrEqual(6);
    using elf = ElfImage.open(path);
    const stubs = stubsOf(elf);
    for (const [, address = '', name = ''] of listed) {
      const at = Number.parseInt(address, 16);
      expect(stubs.get(at)?.name).toBe(name);
      const home = elf.sections.find(({ addr, size }) => at >= addr && at < addr + size);
      expect(stubs.get(at)?.size).toBe(home?.entsize as number);
    }
  });

  test('one table answers for functions and stubs', () => {
    const path = join(workshop.directory, 'both');
    workshop.run('cc', '-w', '-Wl,-z,lazy', '-o', path, source);
    using elf = ElfImage.open(path);
    const collector = new SymbolCollector(elf);
    collector.addImage(elf);
    collector.addFunctions(readPltStubs(elf));
    const table = SymbolTable.fromColumns(collector.finish());
    const main = workshop.nm(path).find((symbol) => symbol.name === 'main');
    expect(table.lookup((main?.address as number) + 3)?.name).toBe('main');
    for (const [address, { name, size }] of stubsOf(elf)) {
      expect(table.lookup(address)).toEqual({ name, start: address, size });
      expect(table.lookup(address + size - 1)?.name).toBe(name);
    }
  });
});

/** A PLT section with these words, and relocations that give the slots from 0x20000 on names. */
function withPlt(words: number[], names: string[], machine: number, entsize = 16): Uint8Array {
  const [dynsym, dynstr] = symbolSections(
    names.map((name) => ({ name, value: 0, section: 0 })),
    4,
    ['.dynsym', '.dynstr'],
  );
  const rela = new DataView(new ArrayBuffer(24 * names.length));
  names.forEach((_, i) => {
    rela.setBigUint64(i * 24, BigInt(0x20_000 + i * 8), true);
    rela.setUint32(i * 24 + 8, machine === EM_AARCH64 ? R_AARCH64_JUMP_SLOT : 7, true);
    rela.setUint32(i * 24 + 12, i + 1, true);
  });
  const plt: SectionSpec = {
    name: '.plt',
    type: 1,
    flags: 6,
    addr: 0x1_1000,
    entsize,
    data: new Uint8Array(Uint32Array.from(words).buffer),
  };
  const relocations = new Uint8Array(rela.buffer);
  return buildElf({
    machine,
    sections: [
      plt,
      { name: '.rela.plt', type: 4, link: 3, entsize: 24, data: relocations },
      dynsym,
      dynstr,
    ],
  });
}

describe('AArch64', () => {
  // As bfd and lld write them for slots at 0x20000 and 0x20008, from the PLT at 0x11000.
  const header = [
    0xa9bf7bf0, 0xf0000070, 0xf947fe11, 0x913fe210, 0xd61f0220, 0xd503201f, 0xd503201f, 0xd503201f,
  ];
  const page = 0xf0000070;
  const stub = (offset: number) => [
    page,
    0xf9400211 | ((offset / 8) << 10),
    0x91000210,
    0xd61f0220,
  ];

  test('plain stubs', () => {
    const words = [...header, ...stub(0), ...stub(8)];
    const elf = ElfImage.parse(withPlt(words, ['read', 'write'], EM_AARCH64));
    expect([...stubsOf(elf)]).toEqual([
      [0x1_1020, { name: 'read@plt', size: 16 }],
      [0x1_1030, { name: 'write@plt', size: 16 }],
    ]);
  });

  test('with a landing pad and signed pointers', () => {
    const bti = [0xd503245f, ...stub(8), 0xd503201f];
    const signed = [0xd503245f, ...stub(0).slice(0, 3), 0xd503219f, 0xd61f0220];
    const elf = ElfImage.parse(withPlt([...header, ...bti, ...signed], ['a', 'b'], EM_AARCH64, 24));
    expect([...stubsOf(elf)]).toEqual([
      [0x1_1020, { name: 'b@plt', size: 20 }],
      [0x1_1038, { name: 'a@plt', size: 24 }],
    ]);
  });
});

test('damage gives errors or fewer names', () => {
  const words = Array.from({ length: 64 }, () => 0x25ff_25ff);
  const good = withPlt(words, ['one', 'two'], EM_X86_64);
  const random = seeded(5);
  for (let i = 0; i < 3000; i++) {
    const bytes = good.slice();
    for (let times = 0; times < 3; times++) {
      bytes[64 + Math.floor(random() * (bytes.length - 64))] = random() * 256;
    }
    try {
      for (const { name } of readPltStubs(ElfImage.parse(bytes))) {
        expect(name.length).toBeGreaterThan(4);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(ElfError);
    }
  }
});
