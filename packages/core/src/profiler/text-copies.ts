// Code of a file that was copied to memory and mapped in the file's place, for larger pages (Node's
// --use-largepages, hugepage remappers of servers). The kernel says only that memory without a file is
// there now, as it does where a runtime generates code. What counts is the content: as long as it is the
// file's, so are names and call frame information.

import { closeSync, openSync, readSync } from 'node:fs';
import type { MappedObject, NewMapping } from './image-mappings.ts';
import type { ObjectFile } from './object-files.ts';
import type { Mapping } from './perf-records.ts';

const PAGE = 4096;
/** Spread over the mapping: generated code differs in all of them, a copy in what was patched since. */
const PAGES_COMPARED = 16;
const MIN_SAME = 0.85;
/** A copy that is not finished when it is first looked at is a moment later. */
const MAX_ATTEMPTS = 20;

interface Verdict {
  attempts: number;
  /** The mapping as if it were the file's. */
  original: MappedObject | undefined;
}

export class TextCopies {
  private readonly verdicts = new WeakMap<Mapping, Verdict>();

  /** @param objectOf the file of a mapping */
  constructor(private readonly objectOf: (pid: number, mapping: MappedObject) => ObjectFile) {}

  /** What the mapping is a copy of, as a mapping of that; the mapping itself when it is none. */
  original(pid: number, mapping: MappedObject): MappedObject {
    const { former } = mapping;
    if (former === undefined) return mapping;
    const verdict = this.verdicts.get(mapping) ?? { attempts: 0, original: undefined };
    this.verdicts.set(mapping, verdict);
    if (verdict.original !== undefined) return verdict.original;
    if (verdict.attempts >= MAX_ATTEMPTS) return mapping;
    verdict.attempts++;
    const object = this.objectOf(pid, { ...former, since: mapping.since });
    const fileOffset = former.fileOffset + mapping.start - former.start;
    if (!isSame(pid, mapping, object, fileOffset)) return mapping;
    const { path, device, inode } = former;
    verdict.original = { ...mapping, path, device, inode, fileOffset, object, former: undefined };
    return verdict.original;
  }

  /** Whether it may turn out to be a copy yet. */
  isUndecided(mapping: MappedObject): boolean {
    const verdict = this.verdicts.get(mapping);
    if (mapping.former === undefined || verdict?.original !== undefined) return false;
    return (verdict?.attempts ?? 0) < MAX_ATTEMPTS;
  }
}

function isSame(
  pid: number,
  { start, end }: Mapping,
  { fd, missing }: ObjectFile,
  fileOffset: number,
): boolean {
  if (fd === undefined || missing !== undefined) return false;
  let memory: number | undefined;
  try {
    memory = openSync(`/proc/${pid}/mem`, 'r');
    const pages = Math.floor((end - start) / PAGE);
    const compared = Math.min(pages, PAGES_COMPARED);
    const [here, there] = [Buffer.alloc(PAGE), Buffer.alloc(PAGE)];
    let same = 0;
    for (let n = 0; n < compared; n++) {
      const at = Math.floor((n * pages) / compared) * PAGE;
      const length = readSync(fd, there, 0, PAGE, fileOffset + at);
      // Zeroes are the same everywhere, and behind its end the file has none.
      if (length < PAGE || there.every((byte) => byte === 0)) continue;
      if (readSync(memory, here, 0, PAGE, start + at) !== PAGE) continue;
      if (here.equals(there)) same++;
    }
    return same > 0 && same >= MIN_SAME * compared;
  } catch (error) {
    // It has ended, or may not be looked into.
    if (error instanceof Error && 'errno' in error) return false;
    throw error;
  } finally {
    if (memory !== undefined) closeSync(memory);
  }
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
