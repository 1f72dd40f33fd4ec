/**
 * Finds the separate debug file of a stripped object where GDB would: by build-id below each debug
 * root, then by .gnu_debuglink beside the object, in `.debug/` there, and below each debug root. A
 * file counts only when it is of the same build: an equal build-id, and for a link its CRC.
 * Sources: the GDB manual, "Debugging Information in Separate Files".
 */
import { posix } from 'node:path';
import { closeFile } from '../descriptors.ts';
import { FileByteSource } from '../elf/byte-source.ts';
import { ElfError } from '../elf/error.ts';
import { ElfImage } from '../elf/image.ts';
import { isSystemError } from '../system-error.ts';
import { openUnderRoot } from './chroot-path.ts';
import { crcOf, type DebugLink, readDebugLink } from './debuglink.ts';

export interface DebugFileSearch {
  /** The directory that paths are seen from, `/` unless told: `/proc/PID/root` for a container. */
  readonly root?: string | undefined;
  /** The object's own path below the root; without it a debuglink is not searched beside it. */
  readonly path?: string | undefined;
  /** Where debug files are installed, below the root; `/usr/lib/debug` unless told. */
  readonly debugRoots?: readonly string[] | undefined;
}

/** An open debug file; `close` gives its descriptor back, and may be called twice. */
export interface DebugFile {
  readonly path: string;
  readonly foundBy: 'build-id' | 'debuglink';
  readonly image: ElfImage;
  close(): void;
}

const DEFAULT_DEBUG_ROOTS: readonly string[] = ['/usr/lib/debug'];
/** Beyond this a debuglink's file is not summed, and so not used. */
const MAX_SUMMED = 4 * 1024 * 1024 * 1024;
/** One byte names the directory, so one is too few for a file. */
const MIN_BUILD_ID_DIGITS = 4;

/** A place where a debug file may be. */
interface Candidate {
  readonly root: string;
  readonly path: string;
  readonly link?: DebugLink;
}

/** Best first. @throws `ElfError` when the object's own section headers are damaged */
function candidatesOf(elf: ElfImage, search: DebugFileSearch): Candidate[] {
  const { root = '/', path, debugRoots = DEFAULT_DEBUG_ROOTS } = search;
  const candidates: Candidate[] = [];
  const id = elf.buildId;
  if (id !== undefined && id.length >= MIN_BUILD_ID_DIGITS) {
    const file = `.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
    // A container seldom has debug files; the host's of an equal build-id are as good.
    for (const base of new Set([root, '/'])) {
      for (const debugRoot of debugRoots) {
        candidates.push({ root: base, path: posix.join(debugRoot, file) });
      }
    }
  }
  const link = readDebugLink(elf);
  if (link !== undefined && path !== undefined) {
    const directory = posix.dirname(path);
    const places = [directory, posix.join(directory, '.debug')];
    for (const debugRoot of debugRoots) places.push(posix.join(debugRoot, directory));
    for (const place of places) candidates.push({ root, path: posix.join(place, link.name), link });
  }
  return candidates;
}

/**
 * What would be looked at for a debug file, and in which state it is: changes when a debug file is
 * installed, replaced or removed. Costs a few system calls; nothing is read.
 */
export function debugFilesFingerprint(elf: ElfImage, search: DebugFileSearch = {}): string {
  const found: string[] = [];
  for (const { root, path } of candidatesOf(elf, search)) {
    const fd = openUnderRoot(root, path);
    if (fd === undefined) continue;
    try {
      found.push(`${path}=${FileByteSource.open(fd).identity}`);
    } finally {
      closeFile(fd);
    }
  }
  return found.join('\n');
}

/**
 * The debug file of `elf`, open, or undefined when none of the same build is installed. Files that
 * are damaged, unreadable or of another build are passed over; errors are never thrown for them.
 * @throws `ElfError` when the object's own section headers are damaged
 */
export function findDebugFile(elf: ElfImage, search: DebugFileSearch = {}): DebugFile | undefined {
  for (const candidate of candidatesOf(elf, search)) {
    const fd = openUnderRoot(candidate.root, candidate.path);
    if (fd === undefined) continue;
    const image = matchingImage(fd, elf, candidate.link);
    if (image === undefined) {
      closeFile(fd);
      continue;
    }
    let isOpen = true;
    return {
      path: candidate.path,
      foundBy: candidate.link === undefined ? 'build-id' : 'debuglink',
      image,
      close: () => {
        // Twice would close whatever has the number by then.
        if (isOpen) closeFile(fd);
        isOpen = false;
      },
    };
  }
  return undefined;
}

function matchingImage(fd: number, elf: ElfImage, link?: DebugLink): ElfImage | undefined {
  try {
    // Of one budget with the object: who writes its link chooses the file.
    const source = FileByteSource.open(fd, elf.budget);
    const image = ElfImage.from(source);
    if (image.machine !== elf.machine) return undefined;
    if (image.buildId !== elf.buildId) return undefined;
    if (link === undefined) return image;
    return source.size <= MAX_SUMMED && crcOf(source) === link.crc ? image : undefined;
  } catch (error) {
    if (error instanceof ElfError || isSystemError(error)) return undefined;
    throw error;
  }
}
