/**
 * An encoded table: its bytes are what a BPF map and the cache on disk hold, and this class reads
 * them as the BPF side does. Bytes from elsewhere are checked whole before anything is looked up.
 */
import { checkCounts, checkTable } from './check.ts';
import * as L from './layout.ts';
import { decodeRule, NO_RULE, type UnwindRule } from './rule.ts';

/** A row: from byte `offset` in the file up to the next row's, rule number `rule` holds. */
export interface UnwindRow {
  readonly offset: number;
  readonly rule: number;
}

export class UnwindTable {
  /** The blocks, `BLOCK_BYTES` each, one element of a BPF array map each. */
  readonly bytes: Uint8Array;
  /** ELF e_machine. */
  readonly machine: number;
  readonly rowCount: number;
  readonly ruleCount: number;
  /** File offsets [start, end) that the table says something about. */
  readonly start: number;
  readonly end: number;
  readonly #view: DataView;
  readonly #directoryBlocks: number;
  readonly #rowBlocks: number;

  private constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.bytes = bytes;
    this.#view = view;
    this.machine = view.getUint16(L.HEADER.machine, true);
    this.rowCount = view.getUint32(L.HEADER.rows, true);
    this.ruleCount = view.getUint32(L.HEADER.rules, true);
    this.start = view.getUint32(L.HEADER.start, true);
    this.end = view.getUint32(L.HEADER.end, true);
    this.#directoryBlocks = view.getUint32(L.HEADER.directoryBlocks, true);
    this.#rowBlocks = view.getUint32(L.HEADER.rowBlocks, true);
  }

  /**
   * A table over bytes from anywhere; they are kept, not copied.
   * @throws `UnwindError('bad-table')` unless every count, key, distance, rule number and rule is
   *   one that the encoder can write
   */
  static fromBytes(bytes: Uint8Array): UnwindTable {
    checkTable(bytes);
    return new UnwindTable(bytes);
  }

  /**
   * Over bytes that the encoder made and that nobody else can have changed since: only whether their
   * counts fit together is checked. Searches stay inside the bytes in any case.
   * @throws UnwindError for bytes that are no table.
   */
  static fromOwnFile(bytes: Uint8Array): UnwindTable {
    checkCounts(bytes);
    return new UnwindTable(bytes);
  }

  /** Over what `encodeTable` has just made, which needs no check. */
  static fromEncoder(bytes: Uint8Array): UnwindTable {
    return new UnwindTable(bytes);
  }

  get blockCount(): number {
    return this.bytes.length / L.BLOCK_BYTES;
  }

  /** The number of the rule for the instruction at this file offset; 0 where nothing is known. */
  ruleIndexAt(offset: number): number {
    if (!(offset >= this.start && offset < this.end)) return NO_RULE;
    const view = this.#view;
    const directory = lastAtMost32(view, L.HEADER.root, L.ROOT_FANOUT, offset);
    const directoryAt = (1 + directory) * L.BLOCK_BYTES;
    const slot = lastAtMost32(view, directoryAt, L.DIRECTORY_FANOUT, offset);
    const block = directory * L.DIRECTORY_FANOUT + slot;
    const base = view.getUint32(directoryAt + slot * 4, true);
    const at = (1 + this.#directoryBlocks + block) * L.BLOCK_BYTES;
    // A row reaches up to the next block, however far that is.
    const row = lastAtMost16(view, at, Math.min(offset - base, L.MAX_DISTANCE));
    return view.getUint16(at + L.ROW_RULES + row * 2, true);
  }

  /** @throws RangeError for a number that is not below `ruleCount` */
  rule(index: number): UnwindRule {
    if (!(index >= 0 && index < this.ruleCount)) throw new RangeError(`no rule ${index}`);
    const at = (1 + this.#directoryBlocks + this.#rowBlocks) * L.BLOCK_BYTES + index * 16;
    const view = this.#view;
    return decodeRule(
      view.getInt32(at, true),
      view.getInt32(at + 4, true),
      view.getInt32(at + 8, true),
      view.getInt32(at + 12, true),
    );
  }

  /** @throws RangeError for a table whose rows name a rule that it has not. */
  lookup(offset: number): UnwindRule {
    return this.rule(this.ruleIndexAt(offset));
  }

  /** Every row in order: what was encoded. */
  *rows(): Generator<UnwindRow> {
    const view = this.#view;
    let left = this.rowCount;
    for (let block = 0; block < this.#rowBlocks; block++) {
      const base = view.getUint32(L.BLOCK_BYTES + block * 4, true);
      const at = (1 + this.#directoryBlocks + block) * L.BLOCK_BYTES;
      let previous = -1;
      for (let row = 0; row < L.ROWS_PER_BLOCK && left > 0; row++, left--) {
        const distance = view.getUint16(at + row * 2, true);
        const rule = view.getUint16(at + L.ROW_RULES + row * 2, true);
        // Filling repeats a rule, which rows do not; a real row at that distance differs in it.
        const filling = distance === L.MAX_DISTANCE && rule === previous;
        if (filling) break;
        yield { offset: base + distance, rule };
        previous = rule;
      }
    }
  }
}

/** Index of the last of `count` ascending keys that is at most `key`; `count` is a power of two. */
function lastAtMost32(view: DataView, at: number, count: number, key: number): number {
  let index = 0;
  for (let step = count >> 1; step > 0; step >>= 1) {
    if (view.getUint32(at + (index + step) * 4, true) <= key) index += step;
  }
  return index;
}

function lastAtMost16(view: DataView, at: number, key: number): number {
  let index = 0;
  for (let step = L.ROWS_PER_BLOCK >> 1; step > 0; step >>= 1) {
    if (view.getUint16(at + (index + step) * 2, true) <= key) index += step;
  }
  return index;
}
