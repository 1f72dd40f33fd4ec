/**
 * The kernel's symbols on disk, for as long as it runs: the kernel takes tens of milliseconds to write
 * /proc/kallsyms, more than the rest of a short recording costs. One file, of the running kernel and
 * its modules as they are loaded now. It holds kernel addresses, like the copies that perf(1) keeps,
 * and is readable for its owner alone; where the kernel hides addresses, nothing is stored.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPrivateFile, removeFile, writePrivateFile } from '../disk-store/private-file.ts';
import type { KallsymsColumns } from '../kallsyms-reader.ts';
import { KernelSymbols } from '../kernel-symbols.ts';
import { isSystemError } from '../system-error.ts';
import { crc32 } from '../xz/checksum.ts';

const VERSION = 1;
const MAGIC = 0x5346_4b57;
const SUFFIX = '.ksym';
const HEADER_BYTES = 32;
/** Columns of 32 bits: high, low, name, module. */
const COLUMNS = 4;
/** Debian's kernel with all of its modules loaded has a tenth. */
const MAX_BYTES = 256 * 1024 * 1024;
/**
 * Code that comes and goes while the kernel runs, under names of no module (kernel/bpf/core.c,
 * kernel/trace/ftrace.c, kernel/kprobes.c): it is looked up in the kernel each time.
 */
const SHORT_LIVED: ReadonlySet<string> = new Set([
  'bpf',
  '__builtin__ftrace',
  '__builtin__kprobes',
]);

/** Where the running kernel says what it is. */
export interface KernelSources {
  readonly kallsyms: string;
  readonly modules: string;
  readonly bootId: string;
}

const SOURCES: KernelSources = {
  kallsyms: '/proc/kallsyms',
  modules: '/proc/modules',
  bootId: '/proc/sys/kernel/random/boot_id',
};

/**
 * The running kernel's symbols, from `directory` (waggle's own cache directory) or else from the
 * kernel, stored for the next time. Throws the system's error when kallsyms cannot be read; trouble
 * with the directory is none.
 */
export function readKernelSymbols(directory: string, sources = SOURCES): KernelSymbols {
  const readAll = () => KernelSymbols.read(sources.kallsyms);
  const key = keyOf(sources);
  if (key === undefined) return readAll();
  const folder = join(directory, `kernel-${VERSION}`);
  const path = join(folder, key + SUFFIX);
  const stored = load(path);
  if (stored !== undefined) return KernelSymbols.fromColumns(stored, readAll);
  const symbols = readAll();
  // A module that was loaded or removed meanwhile would be in no file of its own.
  if (!symbols.restricted && keyOf(sources) === key) store(folder, path, symbols.columns);
  return symbols;
}

/** One boot with one set of modules. Their counts of users, which change all the time, are left out. */
function keyOf({ modules, bootId }: KernelSources): string | undefined {
  try {
    const boot = readFileSync(bootId, 'utf8');
    const loaded = linesOf(modules).map((line) => {
      const [name, size, , , , address] = line.split(' ');
      return `${name} ${size} ${address}`;
    });
    return createHash('sha256')
      .update([boot, ...loaded].join('\n'))
      .digest('hex');
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/** None where there is no such file: a kernel without modules. */
function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function load(path: string): KallsymsColumns | undefined {
  const bytes = readPrivateFile(path, MAX_BYTES);
  return bytes instanceof Uint8Array ? decodeKernelSymbols(bytes) : undefined;
}

/** And removes those of other boots: nobody will ask for them again. */
function store(folder: string, path: string, columns: KallsymsColumns): void {
  try {
    if (!writePrivateFile(path, encodeKernelSymbols(columns))) return;
    const files = readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
    for (const name of files) if (join(folder, name) !== path) removeFile(join(folder, name));
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** Without code that comes and goes. */
export function encodeKernelSymbols(columns: KallsymsColumns): Uint8Array {
  const { modules, names } = columns;
  const leftOut = new Set(modules.flatMap((name, index) => (SHORT_LIVED.has(name) ? [index] : [])));
  const kept: number[] = [];
  columns.module.forEach((module, row) => {
    if (!leftOut.has(module)) kept.push(row);
  });
  const moduleText = new TextEncoder().encode(JSON.stringify(modules));
  const start = HEADER_BYTES + roundUp(moduleText.length);
  const bytes = new Uint8Array(start + kept.length * COLUMNS * 4 + names.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(12, moduleText.length, true);
  view.setUint32(16, kept.length, true);
  view.setUint32(20, names.length, true);
  bytes.set(moduleText, HEADER_BYTES);
  const rows = new Uint32Array(bytes.buffer, start, kept.length * COLUMNS);
  let at = 0;
  for (const column of [columns.high, columns.low, columns.name, columns.module])
    for (const row of kept) rows[at++] = column[row] ?? 0;
  bytes.set(names, start + rows.byteLength);
  view.setUint32(8, crc32(bytes.subarray(12)), true);
  return bytes;
}

/** undefined for bytes that are not such a file, of another version, or damaged. */
export function decodeKernelSymbols(bytes: Uint8Array): KallsymsColumns | undefined {
  if (bytes.length < HEADER_BYTES || bytes.byteOffset % 4 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== VERSION) return undefined;
  const moduleLength = view.getUint32(12, true);
  const count = view.getUint32(16, true);
  const nameBytes = view.getUint32(20, true);
  const start = HEADER_BYTES + roundUp(moduleLength);
  if (start + count * COLUMNS * 4 + nameBytes !== bytes.length) return undefined;
  if (view.getUint32(8, true) !== crc32(bytes.subarray(12))) return undefined;
  const modules = parseModules(bytes.subarray(HEADER_BYTES, HEADER_BYTES + moduleLength));
  if (modules === undefined) return undefined;
  const column = (index: number) =>
    new Uint32Array(
      bytes.buffer as ArrayBuffer,
      bytes.byteOffset + start + index * count * 4,
      count,
    );
  return {
    high: column(0),
    low: column(1),
    name: column(2),
    module: column(3),
    preference: new Uint8Array(0),
    modules,
    names: bytes.subarray(bytes.length - nameBytes),
  };
}

function parseModules(bytes: Uint8Array): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return Array.isArray(value) && value.every((name) => typeof name === 'string')
      ? value
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function roundUp(size: number): number {
  return Math.ceil(size / 4) * 4;
}
