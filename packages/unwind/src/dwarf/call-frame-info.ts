/**
 * The records of .eh_frame and .debug_frame: CIEs (what functions have in common) and FDEs (one
 * function each). This stage finds and checks them and leaves their programs alone. FDEs go into
 * columns, because a large binary has hundreds of thousands. Sources: DWARF 5 section 6.4.1, Linux
 * Standard Base Core "Exception Frames".
 */
import { UnwindError } from '../error.ts';
import { type CommonInformation, readCommonInformation } from './common-information.ts';
import { FrameCursor } from './frame-cursor.ts';
import {
  PCREL_SDATA4,
  type PointerBases,
  readPointer,
  readPointerValue,
} from './pointer-encoding.ts';

export type FrameSectionKind = 'eh_frame' | 'debug_frame';

/** One section of call frame information, as the file is linked. Addresses are virtual. */
export interface FrameSection {
  readonly kind: FrameSectionKind;
  readonly bytes: Uint8Array;
  readonly bases: PointerBases;
  /** The length is a guess (there were no section headers): the terminator ends it. */
  readonly endsAtTerminator?: boolean | undefined;
}

/** FDEs in columns, in the order of the section; ranges of addresses and of the section's bytes. */
export interface FrameDescriptions {
  readonly count: number;
  readonly start: Float64Array;
  readonly size: Float64Array;
  /** Index into `common`. */
  readonly cie: Uint32Array;
  readonly programStart: Uint32Array;
  readonly programEnd: Uint32Array;
  readonly common: readonly CommonInformation[];
  /** FDEs that cannot be read: their CIE is missing, damaged or unsupported, or they are. */
  readonly damaged: number;
}

const EXTENDED_LENGTH = 0xffff_ffff;
const CIE_ID_DEBUG_FRAME = 0xffff_ffff;
/** No FDE is shorter: length, id, a start and a size of two bytes each. */
const MIN_FDE_BYTES = 12;

/**
 * Reads every record once. Damage within a record is counted instead, and costs that record.
 * @throws `UnwindError('truncated')` when a length leads past the section: nothing behind it can be
 *   found
 */
export function readFrameDescriptions(section: FrameSection): FrameDescriptions {
  return new FrameScanner(section).read();
}

class FrameScanner {
  readonly #section: FrameSection;
  readonly #reader: FrameCursor;
  readonly #view: DataView;
  readonly #common: CommonInformation[] = [];
  /** Offset of a CIE to its index in `common`, -1 for one that is damaged. */
  readonly #indexOfCie = new Map<number, number>();
  /** FDEs whose CIE comes behind them, which only .debug_frame may have: id, body, end. */
  readonly #postponed: [number, number, number][] = [];
  readonly #start: Float64Array;
  readonly #size: Float64Array;
  readonly #cie: Uint32Array;
  readonly #programStart: Uint32Array;
  readonly #programEnd: Uint32Array;
  #count = 0;
  #damaged = 0;
  #terminated = false;

  constructor(section: FrameSection) {
    const capacity = Math.ceil(section.bytes.length / MIN_FDE_BYTES);
    this.#section = section;
    this.#reader = new FrameCursor(section.bytes);
    const { buffer, byteOffset, byteLength } = section.bytes;
    this.#view = new DataView(buffer, byteOffset, byteLength);
    this.#start = new Float64Array(capacity);
    this.#size = new Float64Array(capacity);
    this.#cie = new Uint32Array(capacity);
    this.#programStart = new Uint32Array(capacity);
    this.#programEnd = new Uint32Array(capacity);
  }

  read(): FrameDescriptions {
    const { length } = this.#section.bytes;
    let at = 0;
    while (at + 4 <= length && !this.#terminated) at = this.#record(this.#usualDescriptions(at));
    for (const [id, body, end] of this.#postponed) {
      const index = this.#indexOfCie.get(id);
      if (index === undefined) this.#damaged++;
      else this.#description(index, body, end);
    }
    const count = this.#count;
    return {
      count,
      start: this.#start.subarray(0, count),
      size: this.#size.subarray(0, count),
      cie: this.#cie.subarray(0, count),
      programStart: this.#programStart.subarray(0, count),
      programEnd: this.#programEnd.subarray(0, count),
      common: this.#common,
      damaged: this.#damaged,
    };
  }

  /**
   * Reads FDEs of the form that nearly all of them have, for as long as they follow each other: in
   * .eh_frame, of a known CIE, with four bytes each for start and size. Gives the offset of the first
   * other record, which may be the section's end. #record() would say the same of each, but takes a
   * dozen calls for it, and most tables are made before this code is compiled.
   */
  #usualDescriptions(offset: number): number {
    const { kind, bytes, bases } = this.#section;
    const view = this.#view;
    // Length, id, start, size, and the length of the augmentation data, less than 128.
    const last = kind === 'eh_frame' ? bytes.length - 17 : -1;
    // No number, since a damaged id can lead to any of them.
    let cieOffset = Number.NaN;
    let index = -1;
    let extra = 0;
    let count = this.#count;
    let at = offset;
    while (at <= last) {
      const end = at + 4 + view.getUint32(at, true);
      if (end < at + 17 || end > bytes.length) break;
      const referred = at + 4 - view.getUint32(at + 4, true);
      if (referred !== cieOffset) {
        cieOffset = referred;
        index = this.#indexOfCie.get(referred) ?? -1;
        const cie = this.#common[index];
        if (cie?.pointerEncoding !== PCREL_SDATA4 || cie.segmentSize !== 0) break;
        extra = cie.hasAugmentationData ? 1 : 0;
      }
      const start = bases.section + at + 8 + view.getInt32(at + 8, true);
      const size = view.getInt32(at + 12, true);
      const augmentation = extra === 0 ? 0 : bytes[at + 16]!;
      const program = at + 16 + extra + augmentation;
      if (start < 0 || size < 0 || augmentation >= 0x80 || program > end) break;
      this.#start[count] = start;
      this.#size[count] = size;
      this.#cie[count] = index;
      this.#programStart[count] = program;
      this.#programEnd[count] = end;
      count++;
      at = end;
    }
    this.#count = count;
    return at;
  }

  /** Gives the offset of the next record. */
  #record(offset: number): number {
    const reader = this.#reader;
    reader.window(offset, this.#section.bytes.length);
    if (offset + 4 > reader.end) return reader.end;
    let length = reader.u32();
    if (length === 0) {
      // Objects linked in any order can leave terminators in the middle of a section.
      this.#terminated = this.#section.endsAtTerminator === true;
      return reader.at;
    }
    const isEhFrame = this.#section.kind === 'eh_frame';
    const extended = length === EXTENDED_LENGTH;
    if (extended) length = reader.u64();
    const idAt = reader.at;
    const next = idAt + length;
    if (next > reader.end) {
      throw new UnwindError('truncated', `the record at ${offset} ends past its section`);
    }
    // .eh_frame keeps a 4-byte id in the extended form; .debug_frame widens it.
    const wide = extended && !isEhFrame;
    if (length < (wide ? 8 : 4)) {
      throw new UnwindError('malformed', `the record at ${offset} has no room for its id`);
    }
    let id = wide ? reader.u64() : reader.u32();
    // 2^64 - 1 as a double is 2^64.
    if (wide && id === 2 ** 64) id = CIE_ID_DEBUG_FRAME;
    const body = reader.at;
    if (id === (isEhFrame ? 0 : CIE_ID_DEBUG_FRAME)) {
      reader.window(body, next);
      this.#indexOfCie.set(offset, this.#commonInformation());
      return next;
    }
    // Only what is a record of its own counts as a CIE, so each is read once, whoever refers to it.
    const cieOffset = isEhFrame ? idAt - id : id;
    const index = this.#indexOfCie.get(cieOffset);
    if (index !== undefined) this.#description(index, body, next);
    else if (isEhFrame) this.#damaged++;
    else this.#postponed.push([cieOffset, body, next]);
    return next;
  }

  #commonInformation(): number {
    const { bases } = this.#section;
    try {
      return this.#common.push(readCommonInformation(this.#reader, bases)) - 1;
    } catch (error) {
      if (error instanceof UnwindError) return -1;
      throw error;
    }
  }

  #description(index: number, body: number, end: number): void {
    const cie = this.#common[index];
    if (cie === undefined) {
      this.#damaged++;
      return;
    }
    const { bases } = this.#section;
    const reader = this.#reader;
    const count = this.#count;
    try {
      reader.window(body, end);
      reader.skip(cie.segmentSize);
      const start = readPointer(reader, cie.pointerEncoding, bases);
      const size = readPointerValue(reader, cie.pointerEncoding);
      if (!(size >= 0 && start + size <= Number.MAX_SAFE_INTEGER)) {
        throw new UnwindError('malformed', 'a function that ends outside the address space');
      }
      if (cie.hasAugmentationData) reader.skip(reader.uleb());
      this.#start[count] = start;
      this.#size[count] = size;
      this.#cie[count] = index;
      this.#programStart[count] = reader.at;
      this.#programEnd[count] = end;
      this.#count = count + 1;
    } catch (error) {
      if (!(error instanceof UnwindError)) throw error;
      this.#damaged++;
    }
  }
}
