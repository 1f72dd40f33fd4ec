/**
 * Indexing and lookups, side by side with llvm-symbolizer and addr2line where they are installed:
 * the same addresses of the same file in one run. Run with bun; further files as arguments.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DiskSymbolCache,
  demangle,
  ElfImage,
  KernelSymbols,
  ObjectSymbols,
  SymbolCache,
  SymbolTable,
} from '../src/index.ts';
import { buildElf, seeded, symbolSections, TEXT } from '../test/build-elf.ts';

const ROUNDS = 5;
const ADDRESSES = 20_000;
const LINES = 5000;
/** Where Debian has it, with its debug file if that is installed. */
const LIBC = '/usr/lib/x86_64-linux-gnu/libc.so.6';

/** Milliseconds: the first run, and the median of all. */
function measure(run: () => unknown): { first: number; median: number } {
  const times = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    run();
    return performance.now() - started;
  });
  const first = times[0] ?? 0;
  return { first, median: times.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0 };
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}

/** Addresses inside functions, spread over the code. */
function addressesOf(elf: ElfImage, table: SymbolTable): number[] {
  const random = seeded(1);
  const code = elf.sections.filter((section) => (section.flags & 6) === 6 && section.size > 0);
  const total = code.reduce((sum, section) => sum + section.size, 0);
  const found: number[] = [];
  for (let tries = 0; found.length < ADDRESSES && tries < 50 * ADDRESSES; tries++) {
    let at = Math.floor(random() * total);
    for (const section of code) {
      if (at < section.size) {
        if (table.lookup(section.addr + at) !== undefined) found.push(section.addr + at);
        break;
      }
      at -= section.size;
    }
  }
  return found;
}

function benchTool(tool: string, args: string[], addresses: readonly number[]): number | undefined {
  if (Bun.which(tool) === null) return undefined;
  const input = addresses.map((address) => `0x${address.toString(16)}\n`).join('');
  const started = performance.now();
  const result = Bun.spawnSync([tool, ...args], { stdin: Buffer.from(input) });
  if (result.exitCode !== 0) return undefined;
  return performance.now() - started;
}

function benchFile(path: string): void {
  const megabytes = (statSync(path).size / 1e6).toFixed(0);
  const index = measure(() => {
    using elf = ElfImage.open(path);
    return SymbolTable.fromElf(elf);
  });
  using elf = ElfImage.open(path);
  const table = SymbolTable.fromElf(elf);
  const held = (table.byteLength / 1e6).toFixed(1);
  console.log(`\n${path} (${megabytes} MB, ${table.size} ranges, ${held} MB held)`);
  console.log(`  index: first ${ms(index.first)}, median ${ms(index.median)}`);
  const addresses = addressesOf(elf, table);
  if (addresses.length === 0) return;
  const lookups = measure(() => addresses.forEach((address) => void table.lookup(address)));
  const rate = addresses.length / (lookups.median / 1000);
  console.log(`  lookup: ${(1e9 / rate).toFixed(0)} ns each, ${(rate / 1e6).toFixed(2)} M/s`);
  const ours = measure(() => {
    using fresh = ElfImage.open(path);
    const symbols = SymbolTable.fromElf(fresh);
    for (const address of addresses) symbols.lookup(address);
  }).median;
  console.log(`  open + index + ${addresses.length} lookups: ${ms(ours)}`);
  const tools = [
    ['llvm-symbolizer', ['--no-demangle', '--no-inlines', `--obj=${path}`]],
    ['addr2line', ['-f', '-e', path]],
  ] as const;
  for (const [tool, args] of tools) {
    const theirs = benchTool(tool, [...args], addresses);
    if (theirs === undefined) console.log(`  ${tool}: not here`);
    else console.log(`  ${tool}: ${ms(theirs)}, ${(theirs / ours).toFixed(1)} × ours`);
  }
  benchObject(path, addresses);
  benchLines(path, addresses.slice(0, LINES));
}

/** Everything that names the object: made anew, and from the cache on disk. */
function benchObject(path: string, addresses: readonly number[]): void {
  const anew = measure(() => ObjectSymbols.open(path)).median;
  const disk = new DiskSymbolCache(join(directory, 'cache'));
  const open = () => ObjectSymbols.open(path, { cache: new SymbolCache({ disk, minBuildMs: 0 }) });
  open();
  const stored = measure(open).median;
  const symbols = open();
  const { sources, size } = symbols;
  console.log(`  all names (${sources.join(', ')}, ${size} ranges): ${ms(anew)} anew`);
  console.log(`  all names from the cache on disk: ${ms(stored)}`);
  const names = new Set(addresses.map((address) => symbols.lookup(address)?.name ?? ''));
  const started = performance.now();
  for (const name of names) demangle(name);
  console.log(`  demangling ${names.size} names: ${ms(performance.now() - started)}`);
}

/** Lines with inlined frames, where the object or its debug file has DWARF. */
function benchLines(path: string, addresses: readonly number[]): void {
  const run = () => {
    using symbols = ObjectSymbols.open(path, { lines: true });
    return addresses.filter((address) => symbols.lines(address) !== undefined).length;
  };
  const found = run();
  if (found === 0) return;
  const ours = measure(run).median;
  console.log(`  lines of ${addresses.length} addresses (${found} known): ${ms(ours)}`);
  const theirs = benchTool('llvm-symbolizer', ['--inlines', `--obj=${path}`], addresses);
  if (theirs === undefined) return;
  console.log(`  llvm-symbolizer --inlines: ${ms(theirs)}, ${(theirs / ours).toFixed(1)} × ours`);
}

function benchKernel(): void {
  const read = measure(() => KernelSymbols.read());
  const bytes = readFileSync('/proc/kallsyms');
  const parse = measure(() => KernelSymbols.parse(bytes));
  const symbols = KernelSymbols.parse(bytes);
  console.log(`\n/proc/kallsyms (${(bytes.length / 1e6).toFixed(1)} MB, ${symbols.size} symbols)`);
  console.log(`  parse: first ${ms(parse.first)}, median ${ms(parse.median)}`);
  console.log(`  read + parse: median ${ms(read.median)}`);
  const random = seeded(2);
  const addresses = Array.from(
    { length: ADDRESSES },
    () => 0xffffffff81000000n + BigInt(Math.floor(random() * 0x100_0000)),
  );
  const lookups = measure(() => addresses.forEach((address) => void symbols.lookup(address)));
  console.log(`  lookup: ${((lookups.median * 1e6) / ADDRESSES).toFixed(0)} ns each`);
}

const directory = mkdtempSync(join(tmpdir(), 'waggle-symbols-bench-'));
try {
  const half = join(directory, 'half-a-million');
  const count = 500_000;
  const symbols = Array.from({ length: count }, (_, i) => {
    const place = (i * 7919) % count;
    return { name: `_ZN5bench8function${place}Ev`, value: 0x10_0000 + place * 16, size: 12 };
  });
  const text = { ...TEXT, addr: 0x10_0000, size: count * 16 };
  writeFileSync(half, buildElf({ sections: [text, ...symbolSections(symbols, 3)] }));
  const files = [process.execPath, Bun.which('node') ?? '', half, ...process.argv.slice(2)];
  if (existsSync(LIBC)) files.push(LIBC);
  for (const file of files) if (existsSync(file)) benchFile(file);
  benchKernel();
} finally {
  rmSync(directory, { recursive: true });
}
