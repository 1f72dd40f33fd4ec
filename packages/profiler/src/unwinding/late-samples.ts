/**
 * Samples that wait for what a runtime will say of its code. It may keep its jitdump in a buffer until
 * that is full, or until it ends. Each holds a copy of a stack, so there is an end to it: the oldest are
 * walked by what there is then.
 */

import type { JitImage } from '../mappings/jit-image.ts';

const MAX_BYTES = 32 * 1024 * 1024;

interface OfImage {
  /** When they were walked in vain. */
  edition: number;
  records: DataView[];
}

export class LateSamples {
  readonly #waiting = new Map<JitImage, OfImage>();
  #due: DataView[] = [];
  #bytes = 0;

  readonly #maxBytes: number;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    let size = this.#due.length;
    for (const { records } of this.#waiting.values()) size += records.length;
    return size;
  }

  /** @returns what there is no room for any more, oldest first of those that wait for the same */
  add(record: DataView, code: JitImage): readonly DataView[] {
    const known = this.#waiting.get(code) ?? { edition: code.edition, records: [] };
    this.#waiting.delete(code);
    this.#waiting.set(code, known);
    known.records.push(record);
    this.#bytes += record.byteLength;
    const pushedOut: DataView[] = [];
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#takeOldest();
      if (oldest === undefined) break;
      pushedOut.push(oldest);
    }
    return pushedOut;
  }

  /** One whose runtime has said something since it was added. */
  takeDue(): DataView | undefined {
    if (this.#due.length === 0) this.#findDue();
    const record = this.#due.shift();
    this.#bytes -= record?.byteLength ?? 0;
    return record;
  }

  /** All: there is no time left. */
  takeAll(): readonly DataView[] {
    const all = [...this.#due, ...[...this.#waiting.values()].flatMap(({ records }) => records)];
    this.clear();
    return all;
  }

  *records(): Generator<DataView> {
    yield* this.#due;
    for (const { records } of this.#waiting.values()) yield* records;
  }

  clear(): void {
    this.#waiting.clear();
    this.#due = [];
    this.#bytes = 0;
  }

  #findDue(): void {
    for (const [code, { edition, records }] of this.#waiting) {
      if (code.edition === edition) continue;
      this.#waiting.delete(code);
      this.#due.push(...records);
    }
  }

  /** Of the image that was sampled least recently: a busy one has the newest. */
  #takeOldest(): DataView | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [code, { records }] = first;
    const record = records.shift();
    if (records.length === 0) this.#waiting.delete(code);
    this.#bytes -= record?.byteLength ?? 0;
    return record;
  }
}
