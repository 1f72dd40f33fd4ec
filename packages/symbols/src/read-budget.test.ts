import { afterAll, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { buildElf } from '../test/build-elf.ts';
import { DebugSections } from './dwarf/sections.ts';
import { ElfImage, ObjectSymbols, ReadBudget, SymbolCache } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'waggle-budget-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MEBIBYTE = 2 ** 20;

function codeOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return undefined;
}

test('what is read, inflated and waited for is counted, and refused beyond it', async () => {
  const budget = new ReadBudget({ bytes: 100, inflatedBytes: 50, ms: 30 });
  budget.read(100);
  expect(codeOf(() => budget.read(1))).toBe('too-large');
  expect(budget.exceeded).toBe(true);
  budget.renew();
  expect(budget.exceeded).toBe(false);
  budget.read(100);
  budget.inflate(50);
  expect(codeOf(() => budget.inflate(1))).toBe('too-large');
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(codeOf(() => budget.checkTime())).toBe('too-large');
  budget.renew();
  budget.checkTime();
  // What is in memory stays there.
  expect(codeOf(() => budget.inflate(1))).toBe('too-large');
});

/** A file whose sections lie over one hole of that size. */
function sparse(name: string, size: number, pairs: number): string {
  const path = join(folder, name);
  const sections = Array.from({ length: pairs }, (_, pair) => [
    { name: '.symtab', type: 2, link: 2 * pair + 2, entsize: 24, size, offset: 65_536 },
    { name: '.strtab', type: 3, size, offset: 65_536 },
  ]).flat();
  writeFileSync(path, buildElf({ type: 3, sections }));
  truncateSync(path, 65_536 + size);
  return path;
}

test.each([
  ['tables of a terabyte', 2 ** 40, 1],
  ['tables of hundreds of megabytes', 400 * MEBIBYTE, 1],
  ['overlapping tables', 100 * MEBIBYTE, 50],
])('%s are read once at most, and said to be left out if they are', (name, size, pairs) => {
  const started = performance.now();
  using object = ObjectSymbols.open(sparse(name, size, pairs), { cache: new SymbolCache() });
  expect(object.size).toBe(0);
  expect(object.isTooLarge).toBe(size > 200 * MEBIBYTE);
  expect(performance.now() - started).toBeLessThan(20_000);
});

test('compressed sections are inflated within one budget', () => {
  const size = 4 * MEBIBYTE;
  const header = new Uint8Array(24);
  const view = new DataView(header.buffer);
  view.setUint32(0, 1, true);
  view.setBigUint64(8, BigInt(size), true);
  const data = Buffer.concat([header, deflateSync(new Uint8Array(size))]);
  const names = ['.debug_info', '.debug_line', '.debug_str'];
  const sections = names.map((name) => ({ name, type: 1, flags: 0x800, data }));
  const budget = new ReadBudget({ inflatedBytes: 10 * MEBIBYTE });
  const debug = new DebugSections(ElfImage.parse(buildElf({ sections }), { budget }));
  expect(names.map((name) => codeOf(() => debug.size(name)))).toEqual([
    undefined,
    undefined,
    'too-large',
  ]);
});

test.skipIf(Bun.which('cc') === null)(
  'a table that was not read to its end is not kept for the next time',
  () => {
    const path = join(folder, 'program');
    writeFileSync(`${path}.c`, 'int only_here(void) { return 7; } int main(void) { return 0; }');
    expect(spawnSync('cc', ['-o', path, `${path}.c`]).status).toBe(0);
    const cache = new SymbolCache();
    const { length } = readFileSync(path);
    using poor = ObjectSymbols.open(path, { cache, budget: new ReadBudget({ bytes: length / 8 }) });
    expect(poor.isTooLarge).toBe(true);
    using whole = ObjectSymbols.open(path, { cache });
    expect(whole.isTooLarge).toBe(false);
    expect(whole.size).toBeGreaterThan(poor.size);
  },
  60_000,
);
