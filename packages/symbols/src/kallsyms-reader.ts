/**
 * One pass over the bytes of /proc/kallsyms, line by line: `ffffffff81000000 T _text` and, for
 * modules, `ffffffffc0201000 t function\t[module]`. Produces columns in file order; sorting and
 * choosing among aliases is kernel-symbols.ts.
 */

/** In the name column: an address that ends the symbol before it and has no name itself. */
export const NOT_CODE = 0xffff_ffff;

export interface KallsymsColumns {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
  /** Offsets into `names`, or NOT_CODE. */
  readonly name: Uint32Array;
  /** Indices into `modules`; 0 is the kernel itself. */
  readonly module: Uint32Array;
  /** Among symbols at one address the greatest is kept. */
  readonly preference: Uint8Array;
  readonly modules: readonly string[];
  /** NUL-terminated. */
  readonly names: Uint8Array;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const UNDERSCORE = 0x5f;
const GLOBAL_TEXT = 0x54; // T
const LOCAL_TEXT = 0x74; // t
const STRONG_WEAK = 0x57; // W
const LOCAL_WEAK = 0x77; // w

const latin1 = new TextDecoder('latin1');

export class KallsymsReader {
  readonly #bytes: Uint8Array;
  readonly #names: Uint8Array;
  #namesLength = 0;
  #count = 0;
  #high: Uint32Array;
  #low: Uint32Array;
  #name: Uint32Array;
  #module: Uint32Array;
  #preference: Uint8Array;
  readonly #modules: string[] = [''];
  readonly #moduleIndex = new Map<string, number>();
  #moduleStart = 0;
  #moduleEnd = 0;
  #moduleLast = 0;
  #textLines = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    let lines = 1;
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++;
    this.#names = new Uint8Array(bytes.length + 1);
    this.#high = new Uint32Array(lines);
    this.#low = new Uint32Array(lines);
    this.#name = new Uint32Array(lines);
    this.#module = new Uint32Array(lines);
    this.#preference = new Uint8Array(lines);
  }

  /** `restricted`: there were text symbols, and every one of them had address 0. */
  read(): { readonly columns: KallsymsColumns; readonly restricted: boolean } {
    const { length } = this.#bytes;
    for (let at = 0; at < length; ) {
      const newline = this.#bytes.indexOf(NEWLINE, at);
      const end = newline < 0 ? length : newline;
      this.#line(at, end);
      at = end + 1;
    }
    const count = this.#count;
    return {
      columns: {
        high: this.#high.subarray(0, count),
        low: this.#low.subarray(0, count),
        name: this.#name.subarray(0, count),
        module: this.#module.subarray(0, count),
        preference: this.#preference.subarray(0, count),
        modules: this.#modules,
        names: this.#names.slice(0, this.#namesLength),
      },
      restricted: this.#textLines > 0 && !this.#name.subarray(0, count).some(isCode),
    };
  }

  #line(start: number, end: number): void {
    const bytes = this.#bytes;
    let high = 0;
    let low = 0;
    let at = start;
    for (; at < end; at++) {
      const digit = hexDigit(bytes[at] as number);
      if (digit < 0) break;
      high = ((high << 4) | (low >>> 28)) >>> 0;
      low = ((low << 4) | digit) >>> 0;
    }
    const digits = at - start;
    if (digits === 0 || digits > 16) return;
    if (bytes[at] !== SPACE || bytes[at + 2] !== SPACE || at + 3 >= end) return;
    const type = bytes[at + 1] as number;
    const isText =
      type === GLOBAL_TEXT || type === LOCAL_TEXT || type === STRONG_WEAK || type === LOCAL_WEAK;
    if (isText) this.#textLines++;
    // Hidden, or an offset into per-CPU data: in either case no address of code.
    if (high === 0 && low === 0) return;
    const name = at + 3;
    let nameEnd = name;
    while (nameEnd < end && bytes[nameEnd] !== TAB && bytes[nameEnd] !== SPACE) nameEnd++;
    if (nameEnd === name) return;
    const entry = this.#count++;
    this.#high[entry] = high;
    this.#low[entry] = low;
    this.#module[entry] = this.#moduleOf(nameEnd, end);
    this.#name[entry] = isText ? this.#keepName(name, nameEnd) : NOT_CODE;
    this.#preference[entry] = isText ? this.#preferenceOf(type, name) : 0;
  }

  #keepName(from: number, to: number): number {
    const at = this.#namesLength;
    // Byte by byte: names are short, and a subarray per line costs more than the copy.
    for (let i = from; i < to; i++) this.#names[at + i - from] = this.#bytes[i] as number;
    this.#names[at + to - from] = 0;
    this.#namesLength = at + to - from + 1;
    return at;
  }

  /** Global over weak over local, then fewer leading underscores. */
  #preferenceOf(type: number, name: number): number {
    let underscores = 0;
    while (underscores < 15 && this.#bytes[name + underscores] === UNDERSCORE) underscores++;
    const binding = type === GLOBAL_TEXT ? 3 : type === LOCAL_TEXT ? 1 : 2;
    return binding * 16 + (15 - underscores);
  }

  /** The module named in brackets between `from` and `to`; lines of one module stand together. */
  #moduleOf(from: number, to: number): number {
    const bytes = this.#bytes;
    let start = from;
    while (start < to && bytes[start] !== OPEN_BRACKET) start++;
    if (start === to) return 0;
    const close = bytes.indexOf(CLOSE_BRACKET, start);
    const end = close < 0 || close > to ? to : close;
    if (this.#isLastModule(start + 1, end)) return this.#moduleLast;
    const text = latin1.decode(bytes.subarray(start + 1, end));
    let index = this.#moduleIndex.get(text);
    if (index === undefined) {
      index = this.#modules.push(text) - 1;
      this.#moduleIndex.set(text, index);
    }
    this.#moduleStart = start + 1;
    this.#moduleEnd = end;
    this.#moduleLast = index;
    return index;
  }

  #isLastModule(start: number, end: number): boolean {
    if (this.#moduleLast === 0 || end - start !== this.#moduleEnd - this.#moduleStart) return false;
    for (let i = start; i < end; i++) {
      if (this.#bytes[i] !== this.#bytes[this.#moduleStart + i - start]) return false;
    }
    return true;
  }
}

function isCode(name: number): boolean {
  return name !== NOT_CODE;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
