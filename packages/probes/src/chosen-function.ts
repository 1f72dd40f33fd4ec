/**
 * Which function an ifunc is on this machine. The loader of each process asks the file's own resolver, by what its CPU
 * can, and writes the answer where the file itself calls the function: there it is read, in a process that has
 * the file mapped. Ours has the C library, as others do.
 */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { type ElfImage, isSystemError } from '@waggle/symbols';
import { isCode, type ProbedObject } from './probed-object.ts';

/** ELF gABI; System V ABI, AMD64 supplement, 4.4.1; ELF for the Arm 64-bit Architecture, 5.7. */
const SHT_RELA = 4;
const RELA_BYTES = 24;
const IRELATIVE: Readonly<Record<number, number>> = { 62: 37, 183: 1032 };
/** A process of its own root has its files by this path. */
const PROCESS_ROOT = /^\/proc\/(\d+)\/root\//;

/** @param resolver virtual address of the ifunc. @returns that of the function; undefined where nobody says it */
export function chosenAddress(
  object: ProbedObject,
  image: ElfImage,
  resolver: number,
): number | undefined {
  const slot = slotOf(image, resolver);
  const [first] = image.loads;
  if (slot === undefined || first === undefined) return undefined;
  const [, pid = 'self'] = PROCESS_ROOT.exec(object.path) ?? [];
  try {
    const start = mappedAt(pid, object);
    if (start === undefined) return undefined;
    const base = start - (first.vaddr - first.fileOffset);
    const found = wordAt(pid, base + slot) - base;
    return isCode(image, found) ? found : undefined;
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

/** Where the loader writes what that resolver says. */
function slotOf(image: ElfImage, resolver: number): number | undefined {
  for (const section of image.sections) {
    if (section.type !== SHT_RELA) continue;
    const bytes = image.readSection(section);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + RELA_BYTES <= bytes.byteLength; at += RELA_BYTES)
      if (
        view.getUint32(at + 8, true) === IRELATIVE[image.machine] &&
        Number(view.getBigUint64(at + 16, true)) === resolver
      )
        return Number(view.getBigUint64(at, true));
  }
  return undefined;
}

/** Where the beginning of the file is in the process's memory. */
function mappedAt(pid: string, { path, shown }: ProbedObject): number | undefined {
  const { ino } = statSync(path);
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, start = '', inode, name = ''] =
      /^([0-9a-f]+)-\S+ \S+ 0+ \S+ (\d+) +(.+)$/.exec(line) ?? [];
    if (Number(inode) === ino && posix.basename(name) === posix.basename(shown))
      return Number.parseInt(start, 16);
  }
  return undefined;
}

function wordAt(pid: string, address: number): number {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    const bytes = Buffer.alloc(8);
    readSync(memory, bytes, 0, 8, address);
    return Number(bytes.readBigUInt64LE());
  } finally {
    closeSync(memory);
  }
}
