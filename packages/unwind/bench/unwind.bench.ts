/**
 * What tables cost: time from opening a file to its table, cold (a fresh process) and warm, rows per
 * second, bytes per row next to other layouts of the same rows, and lookups. Run with bun; further
 * files as arguments.
 */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElfImage } from '@waggle/symbols';
import { buildUnwindTable, TableStore, type UnwindTable } from '../src/index.ts';

const ROUNDS = 9;
const LOOKUPS = 200_000;

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function measure(run: () => unknown): number {
  return median(
    Array.from({ length: ROUNDS }, () => {
      const started = performance.now();
      run();
      return performance.now() - started;
    }),
  );
}

function build(path: string) {
  using elf = ElfImage.open(path);
  return buildUnwindTable(elf);
}

/** The same in processes of their own, where nothing is compiled yet: the median of five. */
function cold(path: string): number {
  const command = [process.execPath, import.meta.path, '--once', path];
  return median(
    Array.from({ length: 5 }, () => Number(Bun.spawnSync(command).stdout.toString().trim())),
  );
}

function fromStore(path: string): number {
  const directory = mkdtempSync(join(tmpdir(), 'waggle-unwind-bench-'));
  try {
    const store = new TableStore(directory);
    const load = () => {
      using elf = ElfImage.open(path);
      return store.tableOf(elf);
    };
    load();
    return measure(load);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Nanoseconds per lookup, at places spread over the code. */
function lookups(table: UnwindTable): number {
  const offsets = new Float64Array(LOOKUPS);
  let seed = 1;
  for (let i = 0; i < LOOKUPS; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    offsets[i] = table.start + Math.floor((seed / 2 ** 32) * (table.end - table.start));
  }
  let sum = 0;
  const elapsed = measure(() => {
    for (let i = 0; i < LOOKUPS; i++) sum += table.ruleIndexAt(offsets[i] ?? 0);
  });
  if (sum < 0) throw new Error('unreachable');
  return (elapsed * 1e6) / LOOKUPS;
}

function benchFile(path: string): Record<string, string> {
  const { table, stats } = build(path);
  const warm = measure(() => build(path));
  const { rowCount, ruleCount, bytes } = table;
  return {
    file: path.replace(/^.*\//, ''),
    MB: (statSync(path).size / 1e6).toFixed(1),
    functions: String(stats.functions),
    rows: String(rowCount),
    rules: String(ruleCount),
    'table KB': (bytes.length / 1024).toFixed(0),
    'B/row': (bytes.length / rowCount).toFixed(2),
    'at 8 B': ((rowCount * 8) / 1024).toFixed(0),
    'cold ms': cold(path).toFixed(1),
    'warm ms': warm.toFixed(1),
    'Mrows/s': (rowCount / warm / 1e3).toFixed(2),
    'stored ms': fromStore(path).toFixed(2),
    'ns/lookup': lookups(table).toFixed(0),
  };
}

function defaultFiles(): string[] {
  const folder = '/usr/lib/x86_64-linux-gnu';
  const prefixes = ['libc.so.6', 'libstdc++.so.6', 'libcrypto.so.', 'libLLVM-14.so.1'];
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const libraries = prefixes.map((prefix) => names.find((name) => name.startsWith(prefix)));
  const programs = ['bash', 'python3', 'node'].map((name) => Bun.which(name));
  const paths = [...libraries.map((name) => name && join(folder, name)), ...programs];
  const found = paths.filter((path) => typeof path === 'string').map((path) => realpathSync(path));
  // A program of that name can be a script.
  return found.filter((path) => readFileSync(path).subarray(0, 4).toString('latin1') === '\x7fELF');
}

const [first, second] = process.argv.slice(2);
if (first === '--once' && second !== undefined) {
  const started = performance.now();
  build(second);
  console.log(performance.now() - started);
} else {
  const files = [...defaultFiles(), ...process.argv.slice(2)];
  const results = files.map(benchFile);
  console.table(results);
}
