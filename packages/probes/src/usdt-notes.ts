/**
 * USDT probes of an object: what `.note.stapsdt` says of each. A note names the place of one nop, the
 * counter that says whether anybody listens, and where the arguments are at that moment, in the words of
 * the assembler. Format: systemtap's sys/sdt.h and its wiki, "UserSpaceProbeImplementation".
 */
import type { ElfImage } from '@waggle/symbols';

export interface UsdtNote {
  readonly provider: string;
  readonly name: string;
  /** Virtual addresses. */
  readonly address: number;
  /** Of the counter; 0 where there is none. */
  readonly semaphore: number;
  /** As the assembler has them, one for each argument: `-4@%eax`, `8@-24(%rbp)`. */
  readonly arguments: readonly string[];
}

const NOTE_SECTION = '.note.stapsdt';
const BASE_SECTION = '.stapsdt.base';
const OWNER = 'stapsdt\0';
const NT_STAPSDT = 3;
const HEADER_BYTES = 12;
const ADDRESSES_BYTES = 24;
/** Databases have some thousands. */
const MAX_NOTES = 262_144;
/** Of all notes: a browser's are some hundred kilobytes. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Of one: two names and the words of twelve arguments. */
const MAX_NOTE_BYTES = 16_384;
/** Twelve arguments at most, by sys/sdt.h. */
const MAX_ARGUMENTS = 12;

const utf8 = new TextDecoder();

/** Of the object itself: debug files have none. @throws `ElfError` for damaged section headers */
export function readUsdtNotes(image: ElfImage): UsdtNote[] {
  const section = image.section(NOTE_SECTION);
  if (section === undefined) return [];
  const bytes = image.readSection(section, 0, Math.min(section.size, MAX_BYTES));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const base = image.section(BASE_SECTION)?.addr;
  const notes: UsdtNote[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length && notes.length < MAX_NOTES; ) {
    const nameSize = view.getUint32(at, true);
    const descSize = view.getUint32(at + 4, true);
    const type = view.getUint32(at + 8, true);
    const name = at + HEADER_BYTES;
    const desc = name + aligned(nameSize);
    const next = desc + aligned(descSize);
    if (desc + descSize > bytes.length) break;
    const isOne = type === NT_STAPSDT && nameSize === OWNER.length;
    const isSound = descSize > ADDRESSES_BYTES && descSize <= MAX_NOTE_BYTES;
    if (isOne && isSound && utf8.decode(bytes.subarray(name, name + nameSize)) === OWNER) {
      const note = readNote(bytes.subarray(desc, desc + descSize), base);
      if (note !== undefined) notes.push(note);
    }
    at = next;
  }
  return notes;
}

// Not with bit operations: sizes of up to 2^32 - 1 would turn negative.
function aligned(size: number): number {
  return Math.ceil(size / 4) * 4;
}

function readNote(bytes: Uint8Array, base: number | undefined): UsdtNote | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [place, linkedBase, counter] = [0, 8, 16].map((at) => Number(view.getBigUint64(at, true)));
  if (place === undefined || linkedBase === undefined || counter === undefined) return undefined;
  const [provider, name, words, ...more] = utf8.decode(bytes.subarray(ADDRESSES_BYTES)).split('\0');
  if (provider === undefined || name === undefined || words === undefined || more.length === 0)
    return undefined;
  // Prelinked since: everything has moved as far as the section that marks it.
  const moved = base === undefined || linkedBase === 0 ? 0 : base - linkedBase;
  return {
    provider,
    name,
    address: place + moved,
    semaphore: counter === 0 ? 0 : counter + moved,
    arguments: splitArguments(words).slice(0, MAX_ARGUMENTS),
  };
}

/** By spaces, of which AArch64's `[sp, 16]` has one inside. No bracket is looked at twice. */
function splitArguments(words: string): string[] {
  return words.match(/(?:\[[^[\]]*\]|[^\s[])+/g) ?? [];
}
