/**
 * JIT_CODE_UNWINDING_INFO: the call frame information of the code that the next JIT_CODE_LOAD of a
 * jitdump describes, for code without frame pointers (Python with -X perf_jit, V8 with
 * --perf-prof-unwinding-info). Format: tools/perf/Documentation/jitdump-specification.txt, version 2.
 */
import { viewOf } from '../elf/headers.ts';
import { MapShare } from './map-memory.ts';

export interface JitUnwinding {
  /** A section of its own; its addresses are relative to where it would lie behind the code. */
  readonly ehFrame: Uint8Array;
  readonly ehFrameHeader: Uint8Array;
  /** Bytes of both that were in the process's memory; 0 when none were. */
  readonly mappedBytes: number;
}

/** struct jr_code_unwinding_info, from the record's beginning. */
const AT = { unwindingSize: 16, headerSize: 24, mappedSize: 32, data: 40 } as const;

/** undefined for a record whose sizes contradict each other or its own. @param record all of it */
export function readJitUnwinding(record: Uint8Array): JitUnwinding | undefined {
  if (record.length < AT.data) return undefined;
  const view = viewOf(record);
  const number = (offset: number) => Number(view.getBigUint64(offset, true));
  const size = number(AT.unwindingSize);
  const headerSize = number(AT.headerSize);
  const mappedBytes = number(AT.mappedSize);
  // Behind both is padding.
  if (size > record.length - AT.data || headerSize > size) return undefined;
  const headerAt = AT.data + size - headerSize;
  return {
    ehFrame: record.slice(AT.data, headerAt),
    ehFrameHeader: record.slice(headerAt, AT.data + size),
    mappedBytes,
  };
}

/** What unwinds code, and where that code is. */
export interface UnwoundCode extends JitUnwinding {
  /** Address of its first byte, and bytes. */
  readonly start: number;
  readonly size: number;
}

/** A range of a process's addresses; `end` is behind the last. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

/** Shorter code may be the beginning of any other; of longer code hardly two pieces are the same. */
const MIN_COPIED_BYTES = 8;
const MAX_COPIED_BYTES = 256;
/** Python has one, for all functions. */
const MAX_COPIED = 4;

/** Equal ones once: a runtime with one form of code gives the same for each function. */
export class JitUnwindings {
  readonly #known: JitUnwinding[] = [];
  /** By number, the code of the first function that has it. */
  readonly #copied = new Map<number, Uint8Array>();
  readonly #places = new Map<string, number>();
  #bytes = 0;

  readonly #maxBytes: number;
  /** What it shares with other maps. */
  readonly #share: MapShare;

  constructor(
    maxBytes: number,

    share = new MapShare(),
  ) {
    this.#maxBytes = maxBytes;
    this.#share = share;
  }

  /** Its number; undefined where there is no room for another. */
  add(unwinding: JitUnwinding): number | undefined {
    const { ehFrame, ehFrameHeader, mappedBytes } = unwinding;
    const key = [ehFrame, ehFrameHeader].map(textOf).join(`,${mappedBytes},`);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const bytes = ehFrame.length + ehFrameHeader.length;
    // Its text, by which it is found again, is as long.
    if (this.#bytes + bytes > this.#maxBytes || !this.#share.take(0, 1, 2 * bytes))
      return undefined;
    this.#bytes += bytes;
    this.#places.set(key, this.#known.length);
    return this.#known.push(unwinding) - 1;
  }

  /** They are not asked any more. */
  release(): void {
    this.#share.release();
  }

  at(number: number): JitUnwinding | undefined {
    return this.#known[number];
  }

  /** Remembers what code has it. @param code undefined if it is not known */
  addCode(number: number, code: Uint8Array | undefined): void {
    if (code === undefined || code.length < MIN_COPIED_BYTES || code.length > MAX_COPIED_BYTES)
      return;
    if (this.#copied.size < MAX_COPIED && !this.#copied.has(number))
      this.#copied.set(number, code.slice());
  }

  /**
   * Of code that is a copy of code that has one: it is unwound alike.
   * @param within where the copy must lie
   * @param read bytes of the process's memory; undefined when they cannot be read
   */
  ofCopy(
    address: number,
    within: AddressRange,
    read: (range: AddressRange) => Uint8Array | undefined,
  ): UnwoundCode | undefined {
    for (const [number, code] of this.#copied) {
      const { length: size } = code;
      const from = Math.max(address - size + 1, within.start);
      const bytes = read({ start: from, end: Math.min(address + size, within.end) });
      const places = bytes === undefined ? [] : placesOf(code, bytes);
      const [place] = places.map((offset) => from + offset).filter((start) => start <= address);
      const unwinding = this.#known[number];
      // Two that overlap: nobody can say which one is executed.
      if (place === undefined || places.length > 1 || unwinding === undefined) continue;
      return { ...unwinding, start: place, size };
    }
    return undefined;
  }
}

/** Each byte is a character of its own there. */
const LATIN1 = new TextDecoder('latin1');

function textOf(bytes: Uint8Array): string {
  return LATIN1.decode(bytes);
}

function placesOf(needle: Uint8Array, bytes: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = 0; at + needle.length <= bytes.length; at++)
    if (needle.every((byte, index) => byte === bytes[at + index])) places.push(at);
  return places;
}
