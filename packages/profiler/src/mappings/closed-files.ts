/**
 * Files that were looked at and closed again, since too many were open: where to find one once more, and
 * what its headers say of it, for the case that it is deleted before its names are wanted.
 */

import { closeSync } from 'node:fs';
import type { Procfs } from '@waggle/cache';
import { ElfError, ElfImage, ReadBudget } from '@waggle/symbols';
import { type AddressFields, CodePlaces } from './code-places.ts';
import { type FileContent, sameContent } from './file-content.ts';
import { openMapped } from './mapped-file.ts';
import type { Mapping } from './perf-records.ts';

/** Headers of a real file take a fraction of one; this is done while samples wait. */
const MAX_MS = 20;

/** Whether the file of a mapping may not answer: file-systems.ts. */
export type MayNotAnswer = (pid: number, mapping: Mapping) => boolean;

/** An object, by which its closed file is found again (object-files.ts). */
interface KnownContent {
  readonly content: FileContent | undefined;
}

interface ClosedFile {
  readonly pid: number;
  readonly mapping: Mapping;
  readonly places: CodePlaces | undefined;
}

export class ClosedFiles {
  readonly #files = new WeakMap<KnownContent, ClosedFile>();

  readonly #procfs: Procfs;
  readonly #mayNotAnswer: MayNotAnswer;

  constructor(procfs: Procfs, mayNotAnswer: MayNotAnswer) {
    this.#procfs = procfs;
    this.#mayNotAnswer = mayNotAnswer;
  }

  /** @param fd the file, open; it stays the caller's */
  add(object: KnownContent, fd: number, pid: number, mapping: Mapping): void {
    this.#files.set(object, { pid, mapping, places: placesIn(fd) });
  }

  /** The file, if it holds what it held: for the caller to close. */
  reopen(object: KnownContent): number | undefined {
    const file = this.#files.get(object);
    const { content } = object;
    if (file === undefined || content === undefined) return undefined;
    const { pid, mapping } = file;
    const found = openMapped(this.#procfs, pid, mapping, this.#mayNotAnswer(pid, mapping));
    if (found === undefined) return undefined;
    try {
      if (!found.isRemote && sameContent(found.fd, content) !== undefined) return found.fd;
    } catch {
      // It cannot be asked: no file that names could be read from.
    }
    closeSync(found.fd);
    return undefined;
  }

  placeOf(object: KnownContent, offset: number): AddressFields {
    return this.#files.get(object)?.places?.at(offset) ?? {};
  }
}

function placesIn(fd: number): CodePlaces | undefined {
  try {
    using image = ElfImage.open(fd, { budget: new ReadBudget({ ms: MAX_MS }) });
    const { buildId, sectionsIfSound } = image;
    const textStart = sectionsIfSound.find(({ name }) => name === '.text')?.addr;
    const segmentOfFileOffset = (offset: number) => image.segmentOfFileOffset(offset);
    return new CodePlaces({ buildId, textStart, segmentOfFileOffset });
  } catch (error) {
    if (error instanceof ElfError || (error instanceof Error && 'errno' in error)) return undefined;
    throw error;
  }
}
