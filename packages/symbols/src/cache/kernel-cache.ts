/**
 * The kernel's symbols on disk, for as long as it runs: the kernel takes tens of milliseconds to write
 * /proc/kallsyms, more than the rest of a short recording costs. One file, of the running kernel and
 * its modules as they are loaded now. It holds kernel addresses, like the copies that perf(1) keeps,
 * and is readable for its owner alone; where the kernel hides addresses, nothing is stored.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cryptography } from '../crypto.ts';
import { openPrivateFile, removeFile, writePrivateFile } from '../disk-store/private-file.ts';
import { KALLSYMS } from '../kallsyms.ts';
import type { KallsymsColumns } from '../kallsyms-reader.ts';
import { type KernelNames, KernelSymbols } from '../kernel-symbols.ts';
import { isSystemError } from '../system-error.ts';
import { encodeKernelBlocks, KERNEL_BLOCKS_VERSION } from './kernel-blocks.ts';
import { StoredKernelSymbols } from './stored-kernel-symbols.ts';

const SUFFIX = '.ksym';
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
  kallsyms: KALLSYMS,
  modules: '/proc/modules',
  bootId: '/proc/sys/kernel/random/boot_id',
};

/**
 * The running kernel's symbols, from `directory` (waggle's own cache directory) or else from the
 * kernel, stored for the next time.
 * @throws NodeJS.ErrnoException when kallsyms cannot be read; trouble with the directory is none
 */
export function readKernelSymbols(directory: string, sources = SOURCES): KernelNames {
  const readAll = () => KernelSymbols.read(sources.kallsyms);
  const key = keyOf(sources);
  if (key === undefined) return readAll();
  const folder = join(directory, `kernel-${KERNEL_BLOCKS_VERSION}`);
  const path = join(folder, key + SUFFIX);
  const file = openPrivateFile(path, MAX_BYTES);
  const stored = typeof file === 'string' ? undefined : StoredKernelSymbols.open(file, readAll);
  if (stored !== undefined) return stored;
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
    return cryptography()
      .createHash('sha256')
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
    if (isSystemError(error) && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** And removes those of other boots: nobody will ask for them again. */
function store(folder: string, path: string, columns: KallsymsColumns): void {
  try {
    const file = encodeKernelBlocks(columns, (name) => !SHORT_LIVED.has(name));
    if (!writePrivateFile(path, file)) return;
    const files = readdirSync(folder).filter((name) => name.endsWith(SUFFIX));
    for (const name of files) if (join(folder, name) !== path) removeFile(join(folder, name));
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}
