/**
 * What a stored table is found by: a digest of everything that it is made of, and the file's owner. A
 * build-id is whatever its author wrote there, so a copy of a library with other call frame information
 * can have the same; with the digest it can only ever be found by itself.
 */
import type { Hash } from 'node:crypto';
import { cryptography, type ElfImage } from '@waggle/symbols';
import { debugFrameOf, ehFrameOf } from '../elf/frame-sections.ts';
import { PLT_HEAD_BYTES, PLT_NAMES } from '../elf/synthetic-frames.ts';
import { UnwindError } from '../error.ts';

/** SHA-256 in hex. */
const KEY = /^[0-9a-f]{64}$/;
/** Small files, like the vDSO, are searched for a signal trampoline: those that are hashed whole. */
const SMALL_TEXT = 64 * 1024;

/**
 * The key of a file's table. The bytes of instructions that `clone-gap.ts` looks at are in no digest, to
 * spare reading all of .text: there the owner tells files apart, so that nobody but who may write the
 * real one can make another of the same key.
 * @throws `UnwindError`, `ElfError` as `buildUnwindTable`
 */
export function tableKeyOf(elf: ElfImage): string {
  const digest = cryptography().createHash('sha256');
  const add = (...words: (string | number | undefined)[]) => digest.update(`${words.join(' ')}\n`);
  add(elf.machine, elf.type, elf.owner);
  for (const load of elf.loads)
    add(load.fileOffset, load.vaddr, load.fileSize, load.memSize, Number(load.executable));
  addFrames(digest, ehFrameOf(elf));
  try {
    addFrames(digest, debugFrameOf(elf));
  } catch (error) {
    if (!(error instanceof UnwindError)) throw error;
    add('damaged', error.message);
  }
  for (const section of elf.sections) {
    const { name, flags, addr, offset, size } = section;
    const isText = name === '.text';
    if (!isText && !PLT_NAMES.includes(name)) continue;
    add(name, flags, addr, offset, size);
    const length = isText ? (size > SMALL_TEXT ? 0 : size) : Math.min(size, PLT_HEAD_BYTES);
    if (length > 0) digest.update(elf.readSection(section, 0, length));
  }
  return digest.digest('hex');
}

function addFrames(digest: Hash, section: ReturnType<typeof ehFrameOf>): void {
  if (section === undefined) return;
  const { kind, bytes, bases, endsAtTerminator } = section;
  const { section: at, text, data } = bases;
  digest.update(`${kind} ${bytes.length} ${at} ${text} ${data} ${endsAtTerminator}\n`);
  digest.update(bytes);
}

export function isTableKey(text: string): boolean {
  return KEY.test(text);
}
