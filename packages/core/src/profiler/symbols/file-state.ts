// What a file held at the moment it was first seen mapped. A library may be written over while it
// runs; names read afterwards are those of another build, so the file's state is compared first.

import { fstatSync } from 'node:fs';
import { ElfError, ElfImage } from '@waggle/symbols';

export interface FileState {
  readonly size: bigint;
  /** Nanoseconds. Not ctime: deleting or renaming a file changes that, and nothing in it. */
  readonly modified: bigint;
  /** GNU build-id in hex; undefined for a file without one, or that is no ELF image. */
  readonly buildId: string | undefined;
}

/** @throws the system's error when the file cannot be read. */
export function readFileState(fd: number): FileState {
  const { size, mtimeNs } = fstatSync(fd, { bigint: true });
  return { size, modified: mtimeNs, buildId: buildIdOf(fd) };
}

/**
 * Whether the file is still what it was, as far as one fstat can tell. A changed time counts even
 * where the build-id is equal: linkers make that of what is loaded, which leaves out the names.
 */
export function looksUnchanged(fd: number, then: FileState): boolean {
  const { size, mtimeNs } = fstatSync(fd, { bigint: true });
  return size === then.size && mtimeNs === then.modified;
}

/** The same, and of the same build: a copy made over a file can keep its time and have its size. */
export function holdsSameBuild(fd: number, then: FileState): boolean {
  return looksUnchanged(fd, then) && buildIdOf(fd) === then.buildId;
}

function buildIdOf(fd: number): string | undefined {
  try {
    return ElfImage.open(fd).buildId;
  } catch (error) {
    if (error instanceof ElfError) return undefined;
    throw error;
  }
}
