/**
 * Code of a file that was copied to memory and mapped in the file's place, for larger pages (Node's
 * --use-largepages, hugepage remappers of servers). The kernel says only that memory without a file is
 * there now, as it does where a runtime generates code. What counts is the content: as long as it is the
 * file's, so are names and call frame information.
 */

import { fstatSync, readSync } from 'node:fs';
import type { GuardedFile } from '@waggle/ffi';
import { isSystemError } from '@waggle/symbols';
import type { MappedObject, NewMapping } from './image-mappings.ts';
import type { ObjectFile } from './object-file.ts';
import type { Mapping } from './perf-records.ts';
import type { ProcessMemory } from './process-memory.ts';

const PAGE = 4096;
/** Spread over the mapping: generated code differs in all of them, a copy in what was patched since. */
const PAGES_COMPARED = 16;
const MIN_SAME = 0.85;
const ZEROES = Buffer.alloc(PAGE);
/** A copy that is not finished when it is first looked at is a moment later. */
const MAX_ATTEMPTS = 20;
/** And not for each frame of one sample: the process's memory is read by another, which takes a moment. */
const ATTEMPT_MS = 10;

/** Of a copy that lies elsewhere: smaller ones are not looked for, nor in more of a file. */
const MIN_COPY_BYTES = 64 * 1024;
const MAX_SEARCHED_BYTES = 256 * 1024 * 1024;
const MAX_SEARCHES = 2;
const PIECE = 4 * 1024 * 1024;
const NEEDLE_BYTES = 64;
/** Padding and zeroes are everywhere. */
const MIN_DISTINCT_BYTES = 16;

interface Verdict {
  attempts: number;
  /** By performance.now(). */
  attemptedAt: number;
  /** The mapping as if it were the file's. */
  original: MappedObject | undefined;
}

const newVerdict = (): Verdict => ({
  attempts: 0,
  attemptedAt: Number.NEGATIVE_INFINITY,
  original: undefined,
});

export class TextCopies {
  readonly #verdicts = new WeakMap<Mapping, Verdict>();

  readonly #objectOf: (pid: number, mapping: MappedObject) => ObjectFile;
  readonly #memory: ProcessMemory;

  /** @param objectOf the file of a mapping */
  constructor(objectOf: (pid: number, mapping: MappedObject) => ObjectFile, memory: ProcessMemory) {
    this.#objectOf = objectOf;
    this.#memory = memory;
  }

  /** What the mapping is a copy of, as a mapping of that; the mapping itself when it is none. */
  original(pid: number, mapping: MappedObject): MappedObject {
    const { former } = mapping;
    if (former === undefined) return mapping;
    const verdict = this.#verdicts.get(mapping) ?? newVerdict();
    this.#verdicts.set(mapping, verdict);
    if (verdict.original !== undefined) return verdict.original;
    const now = performance.now();
    if (verdict.attempts >= MAX_ATTEMPTS || now - verdict.attemptedAt < ATTEMPT_MS) return mapping;
    verdict.attempts++;
    verdict.attemptedAt = now;
    const object = this.#objectOf(pid, { ...former, since: mapping.since });
    const fileOffset = former.fileOffset + mapping.start - former.start;
    if (!this.#isSame(pid, mapping, object, fileOffset)) return mapping;
    const { path, device, inode } = former;
    verdict.original = { ...mapping, path, device, inode, fileOffset, object, former: undefined };
    return verdict.original;
  }

  /**
   * The same for memory that nothing was replaced by, in a program that has copied its text: V8 copies its
   * builtins next to the code that it generates, and maps the file there where its text is the file.
   * @param text the text that was copied
   */
  copyElsewhere(pid: number, mapping: MappedObject, text: MappedObject): MappedObject {
    const verdict = this.#verdicts.get(mapping) ?? newVerdict();
    this.#verdicts.set(mapping, verdict);
    if (verdict.original !== undefined) return verdict.original;
    if (verdict.attempts >= MAX_SEARCHES || mapping.end - mapping.start < MIN_COPY_BYTES)
      return mapping;
    verdict.attempts++;
    const object = this.#objectOf(pid, text);
    const needle = this.#memory.of(pid, (memory) => tellingBytes(memory, mapping));
    const fileOffset = needle && placeInFile(needle, object);
    if (fileOffset === undefined || !this.#isSame(pid, mapping, object, fileOffset)) return mapping;
    const { path, device, inode } = text;
    verdict.original = { ...mapping, path, device, inode, fileOffset, object };
    return verdict.original;
  }

  #isSame(
    pid: number,
    mapping: Mapping,
    { fd, missing, remote }: ObjectFile,
    fileOffset: number,
  ): boolean {
    if (fd === undefined || missing !== undefined || remote !== undefined) return false;
    return this.#memory.of(pid, (memory) => isSame(memory, mapping, fd, fileOffset)) ?? false;
  }

  /** Whether it may turn out to be a copy yet. */
  isUndecided(mapping: MappedObject): boolean {
    const verdict = this.#verdicts.get(mapping);
    if (mapping.former === undefined || verdict?.original !== undefined) return false;
    return (verdict?.attempts ?? 0) < MAX_ATTEMPTS;
  }
}

function isSame(
  memory: GuardedFile,
  { start, end }: Mapping,
  fd: number,
  fileOffset: number,
): boolean {
  const pages = Math.floor((end - start) / PAGE);
  const compared = Math.min(pages, PAGES_COMPARED);
  const [here, there] = [Buffer.alloc(PAGE), Buffer.alloc(PAGE)];
  let same = 0;
  // No more once too many differ: most of what is compared is generated code.
  for (let n = 0; n < compared && n - same <= (1 - MIN_SAME) * compared; n++) {
    const at = Math.floor((n * pages) / compared) * PAGE;
    const length = readSync(fd, there, 0, PAGE, fileOffset + at);
    // Zeroes are the same everywhere, and behind its end the file has none.
    if (length < PAGE || there.equals(ZEROES)) continue;
    if (memory.read(here, start + at) !== PAGE) continue;
    if (here.equals(there)) same++;
  }
  return same > 0 && same >= MIN_SAME * compared;
}

/** Where in a file the content of a mapping begins, as far as some bytes of it tell: at a page, as there. */
function placeInFile(needle: TellingBytes, { fd, remote }: ObjectFile): number | undefined {
  if (fd === undefined || remote !== undefined) return undefined;
  try {
    const size = Math.min(fstatSync(fd).size, MAX_SEARCHED_BYTES);
    const piece = Buffer.alloc(PIECE);
    for (let at = 0; at < size; at += PIECE - NEEDLE_BYTES) {
      const length = readSync(fd, piece, 0, PIECE, at);
      const bytes = piece.subarray(0, length);
      let found = bytes.indexOf(needle.bytes);
      while (found >= 0) {
        const begin = at + found - needle.offset;
        if (begin >= 0 && begin % PAGE === 0) return begin;
        found = bytes.indexOf(needle.bytes, found + 1);
      }
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
  return undefined;
}

/** Bytes of a mapping that hardly stand anywhere else; `offset` is theirs in it. */
interface TellingBytes {
  readonly bytes: Buffer;
  readonly offset: number;
}

function tellingBytes(memory: GuardedFile, { start, end }: Mapping): TellingBytes | undefined {
  for (let offset = PAGE; start + offset < end; offset += PAGE) {
    const bytes = Buffer.alloc(NEEDLE_BYTES);
    if (memory.read(bytes, start + offset) !== NEEDLE_BYTES) continue;
    if (new Set(bytes).size >= MIN_DISTINCT_BYTES) return { bytes, offset };
  }
  return undefined;
}

/**
 * The file whose code a new mapping of memory covers, if it is all of one file: of what was mapped
 * there before, in order of address.
 */
export function formerText(
  mapping: Mapping,
  overlapped: readonly MappedObject[],
  isMemory: (mapping: MappedObject) => boolean,
): NewMapping | undefined {
  const texts = overlapped.map((before) => (isMemory(before) ? before.former : before));
  const [first] = texts;
  if (first === undefined || (overlapped[0]?.start ?? 0) > mapping.start) return undefined;
  let covered = mapping.start;
  for (const [index, before] of overlapped.entries()) {
    const text = texts[index];
    if (text === undefined || before.start > covered) return undefined;
    const isOne = text.inode === first.inode && text.device === first.device;
    if (!isOne || text.start - text.fileOffset !== first.start - first.fileOffset) return undefined;
    covered = before.end;
  }
  return covered >= mapping.end ? first : undefined;
}
