/**
 * A program or library that probes are looked for in: where it is opened, and what it is called for people.
 */
import { type DebugFileSearch, ElfError, ElfImage, ReadBudget } from '@waggle/symbols';

export interface ProbedObject {
  /** As this process opens it: `/proc/PID/root/…` for one in a container. */
  readonly path: string;
  /** As its own processes have it. */
  readonly shown: string;
  /** Where its processes' paths begin; `/` unless given. */
  readonly root?: string | undefined;
}

/** For one object: a browser with all of its names takes some seconds. */
const MAX_MS = 20_000;

/** In the object's file. @throws ElfError for an address that no part of the file is mapped at. */
export function fileOffsetOf(image: ElfImage, address: number): number {
  const load = image.loads.find(
    ({ vaddr, fileSize }) => address >= vaddr && address < vaddr + fileSize,
  );
  if (load === undefined)
    throw new ElfError('malformed', `0x${address.toString(16)} is not in the file`);
  return address - load.vaddr + load.fileOffset;
}

export function isCode(image: ElfImage, address: number): boolean {
  return image.loads.some(
    ({ executable, vaddr, fileSize }) =>
      executable && address >= vaddr && address < vaddr + fileSize,
  );
}

/** @throws ElfError for what is no ELF64 image, the system's error when it cannot be read. */
export function openObject({ path }: ProbedObject): ElfImage {
  return ElfImage.open(path, { budget: new ReadBudget({ ms: MAX_MS }) });
}

export function debugSearchOf({ shown, root = '/' }: ProbedObject): DebugFileSearch {
  return { path: shown, root };
}
