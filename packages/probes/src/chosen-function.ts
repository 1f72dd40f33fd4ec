/**
 * Which function an ifunc is on this machine. The loader of each process asks the file's own resolver, by what its CPU
 * can, and writes the answer where the file itself calls the function: there it is read, in a process that has
 * the file mapped. Ours has the C library, as others do.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { type PidOrSelf, type Procfs, ProcfsError, RealProcfs } from '@waggle/cache';
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
  procfs: Procfs = new RealProcfs(),
): number | undefined {
  const slot = slotOf(image, resolver);
  const [first] = image.loads;
  if (slot === undefined || first === undefined) return undefined;
  const [, owner] = PROCESS_ROOT.exec(object.path) ?? [];
  const pid = owner === undefined ? 'self' : Number(owner);
  try {
    const start = mappedAt(procfs, pid, object);
    if (start === undefined) return undefined;
    const base = start - (first.vaddr - first.fileOffset);
    const found = wordAt(pid, base + slot) - base;
    return isCode(image, found) ? found : undefined;
  } catch (error) {
    if (error instanceof ProcfsError || isSystemError(error)) return undefined;
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
function mappedAt(
  procfs: Procfs,
  pid: PidOrSelf,
  { path, shown }: ProbedObject,
): number | undefined {
  const { ino } = statSync(path);
  const mapped = procfs
    .maps(pid)
    .find(
      (each) =>
        each.fileOffset === 0 &&
        each.inode === BigInt(ino) &&
        !each.deleted &&
        posix.basename(each.path) === posix.basename(shown),
    );
  return mapped?.start;
}

function wordAt(pid: PidOrSelf, address: number): number {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    const bytes = Buffer.alloc(8);
    readSync(memory, bytes, 0, 8, address);
    return Number(bytes.readBigUInt64LE());
  } finally {
    closeSync(memory);
  }
}
