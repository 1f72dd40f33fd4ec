import { afterAll, describe, expect, test } from 'bun:test';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { seeded } from '../../test/build-elf.ts';
import { Workshop } from '../../test/compile.ts';
import { ElfImage } from '../elf/index.ts';
import { ObjectSymbols } from '../object-symbols.ts';
import { SourceLines, type SourceLocation } from './source-lines.ts';

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

const PROGRAM = `#include <stdlib.h>
static inline __attribute__((always_inline)) int innermost(int x) {
  return x ^ rand(); /* line 3 */
}
static inline __attribute__((always_inline)) int middle(int x) {
  return innermost(x) + 7; /* line 6 */
}
__attribute__((noinline)) int outer(int n) {
  int sum = 0;
  for (int i = 0; i < n; i++) sum += middle(i); /* line 10 */
  return sum;
}
int main(int argc, char **argv) { return outer(argc) & 1; }
`;
const source = join(workshop.directory, 'lines.c');
writeFileSync(source, PROGRAM);
const has = (tool: string) => Bun.which(tool) !== null;

function build(name: string, compiler: string, ...flags: string[]): string {
  const output = join(workshop.directory, name);
  if (has(compiler)) workshop.run(compiler, '-O2', ...flags, '-o', output, source);
  return output;
}

/** The frames of an address, innermost first. */
function framesOf(location: SourceLocation) {
  return [location, ...location.inlined].reverse();
}

const VARIANTS: [string, string, string[]][] = [
  ['gcc-2', 'gcc', ['-gdwarf-2']],
  ['gcc-3', 'gcc', ['-gdwarf-3']],
  ['gcc-4', 'gcc', ['-gdwarf-4']],
  ['gcc-5', 'gcc', ['-gdwarf-5']],
  ['gcc-64-bit', 'gcc', ['-gdwarf-5', '-gdwarf64']],
  ['gcc-zlib', 'gcc', ['-gdwarf-5', '-gz=zlib']],
  ['clang-4', 'clang', ['-gdwarf-4']],
  ['clang-5', 'clang', ['-gdwarf-5']],
  ['clang-sections', 'clang', ['-gdwarf-5', '-ffunction-sections', '-Wl,--gc-sections']],
];
for (const compiler of ['gcc', 'clang']) {
  if (!has(compiler)) console.warn(`SKIPPED: ${compiler} is not installed`);
}

describe.each(VARIANTS.filter(([, compiler]) => has(compiler)))('%s', (name, compiler, flags) => {
  const path = build(name, compiler, ...flags);

  test('the call of rand() is inlined twice over', () => {
    using symbols = ObjectSymbols.open(path, { lines: true });
    const outer = workshop.nm(path).find((symbol) => symbol.name === 'outer');
    if (outer === undefined) throw new Error('no outer');
    const found = Array.from({ length: outer.size }, (_, i) => symbols.lines(outer.address + i));
    expect(found.every((location) => location?.function === 'outer')).toBe(true);
    const deep = found.filter((location) => location?.inlined.length === 2);
    expect(deep.length).toBeGreaterThan(3);
    const call = deep.find((location) => location?.inlined[1]?.line === 3);
    expect(call).toEqual({
      function: 'outer',
      file: source,
      line: 10,
      inlined: [
        { function: 'middle', file: source, line: 6 },
        { function: 'innermost', file: source, line: 3 },
      ],
    });
    expect(symbols.lines(1)).toBeUndefined();
  });

  test('the first instruction of main is on its line', () => {
    using symbols = ObjectSymbols.open(path, { lines: true });
    const main = workshop.nm(path).find((symbol) => symbol.name === 'main');
    const at = symbols.lines(main?.address as number);
    expect(at?.function).toBe('main');
    expect(at?.file).toBe(source);
    expect(at?.line).toBe(13);
  });
});

test('from the debug file of a stripped program, open no longer than wanted', () => {
  const path = build('for-split', 'cc', '-g', '-Wl,--build-id=sha1');
  const root = join(workshop.directory, 'root');
  const id = workshop.run('readelf', '-n', path).match(/Build ID: (\w+)/)?.[1] as string;
  const debug = join(root, `usr/lib/debug/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`);
  mkdirSync(dirname(debug), { recursive: true });
  workshop.run('objcopy', '--only-keep-debug', path, debug);
  const main = workshop.nm(path).find((symbol) => symbol.name === 'main')?.address as number;
  const stripped = join(root, 'program');
  workshop.run('strip', '-o', stripped, path);
  const fd = openSync(stripped, 'r');
  // Descriptors of programs that have run would be closed in between.
  Bun.gc(true);
  const before = readdirSync('/proc/self/fd').length;
  const symbols = ObjectSymbols.open(fd, { root, lines: true });
  expect(symbols.lines(main)).toEqual({ function: 'main', file: source, line: 13, inlined: [] });
  expect(readdirSync('/proc/self/fd').length).toBe(before + 1);
  symbols.close();
  symbols.close();
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
  expect(symbols.lines(main)).toBeUndefined();
  expect(symbols.lookup(main)?.name).toBe('main');
  expect(ObjectSymbols.open(fd, { root }).lines(main)).toBeUndefined();
  closeSync(fd);
});

test('an image without DWARF has no lines', () => {
  using elf = ElfImage.open(workshop.path('pie'));
  expect(SourceLines.fromElf(elf)).toBeUndefined();
  using symbols = ObjectSymbols.open(workshop.path('pie'), { lines: true });
  expect(symbols.lines(0x1000)).toBeUndefined();
});

const CXX = `#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>
struct Cell { int v; int get() const { return v * 3; } };
int main(int argc, char **argv) {
  std::map<std::string, std::vector<Cell>> m;
  for (int i = 0; i < argc * 10; i++) m[std::to_string(i % 3)].push_back(Cell{i});
  int total = 0;
  for (auto &e : m) {
    std::sort(e.second.begin(), e.second.end(), [](Cell a, Cell b) { return a.get() > b.get(); });
    std::function<int(int)> f = [&](int x) { return x + (int)e.first.size(); };
    total += f(e.second.size());
    std::cout << e.first << total;
  }
  return total & 1;
}
`;
const symbolizer = 'llvm-symbolizer';
const toCompare = VARIANTS.filter(([, cc]) => has(cc.replace('gcc', 'g++')) && has(symbolizer));
if (!has(symbolizer)) console.warn('SKIPPED: llvm-symbolizer is not installed to compare with');

describe.skipIf(toCompare.length === 0)(
  'what llvm-symbolizer says, for 2,000 addresses each',
  () => {
    const file = join(workshop.directory, 'big.cpp');
    writeFileSync(file, CXX);

    // Version 14 of llvm-symbolizer knows neither the 64-bit format of gcc nor DWARF 2 and 3 well.
    const versions = toCompare.filter(([name]) => /-[45]$|zlib|sections/.test(name));
    test.each(versions)('%s', (name, compiler, flags) => {
      const path = join(workshop.directory, `big-${name}`);
      workshop.run(compiler === 'gcc' ? 'g++' : 'clang++', '-O2', ...flags, '-o', path, file);
      using elf = ElfImage.open(path);
      const lines = SourceLines.fromElf(elf);
      const text = elf.section('.text');
      if (lines === undefined || text === undefined) throw new Error('no DWARF');
      const random = seeded(8);
      const addresses = Array.from(
        { length: 2000 },
        () => text.addr + Math.floor(random() * text.size),
      );
      const input = addresses.map((address) => `0x${address.toString(16)}\n`).join('');
      const answer = Bun.spawnSync([symbolizer, '--inlines', '--no-demangle', `--obj=${path}`], {
        stdin: Buffer.from(input),
      });
      const blocks = answer.stdout.toString().trim().split('\n\n');
      expect(blocks).toHaveLength(addresses.length);
      let compared = 0;
      let inlined = 0;
      addresses.forEach((address, i) => {
        const theirs = (blocks[i] as string).split('\n');
        // Line 0 of a file is no DWARF, but what the symbol table says about the start files.
        if (/^\?\?|:0:0$/.test(theirs.at(-1) as string)) return;
        const location = lines.find(address);
        if (location === undefined) throw new Error(`nothing for ${address.toString(16)}`);
        const frames = framesOf(location);
        const places = frames.map(
          (frame) => `${posix.normalize(frame.file ?? '??')}:${frame.line}`,
        );
        const expected = theirs.filter((_, n) => n % 2 === 1);
        expect(places).toEqual(
          expected.map((place) => posix.normalize(place.replace(/:\d+$/, ''))),
        );
        // Theirs of the outermost is the symbol table's.
        const names = theirs.filter((_, n) => n % 2 === 0).slice(0, -1);
        expect(frames.slice(0, -1).map((frame) => frame.function)).toEqual(names);
        compared++;
        if (names.length > 0) inlined++;
      });
      expect(compared).toBeGreaterThan(1000);
      expect(inlined).toBeGreaterThan(500);
    });
  },
);

describe('damage', () => {
  const path = build('damaged', 'cc', '-gdwarf-5');
  const good = new Uint8Array(readFileSync(path));
  const elf = ElfImage.parse(good);
  const debug = elf.sections.filter(({ name }) => name.startsWith('.debug_'));
  const text = elf.section('.text');
  const ask = (bytes: Uint8Array): number => {
    const lines = SourceLines.fromElf(ElfImage.parse(bytes));
    let answers = 0;
    for (let at = 0; at < (text?.size ?? 0); at += 5) {
      if (lines?.find((text?.addr ?? 0) + at) !== undefined) answers++;
    }
    return answers;
  };

  test('in any section gives fewer answers, and no error', () => {
    const whole = ask(good);
    expect(whole).toBeGreaterThan(10);
    const random = seeded(12);
    let fewer = 0;
    for (let i = 0; i < 1500; i++) {
      const bytes = good.slice();
      const section = debug[i % debug.length] as (typeof debug)[number];
      for (let n = 1 + Math.floor(random() * 4); n > 0; n--) {
        bytes[section.offset + Math.floor(random() * section.size)] = random() * 256;
      }
      if (ask(bytes) < whole) fewer++;
    }
    expect(fewer).toBeGreaterThan(20);
    expect(fewer).toBeLessThan(1500);
  });

  test('sections of nothing but one byte', () => {
    for (const byte of [0, 1, 0x7f, 0x80, 0xff]) {
      for (const section of debug) {
        const bytes = good.slice();
        bytes.fill(byte, section.offset, section.offset + section.size);
        expect(ask(bytes)).toBeGreaterThanOrEqual(0);
      }
    }
  });
});
