/**
 * Reader of one perf event's mmap ring: the sideband records (mmap2, comm, fork, exit, lost).
 * Layout: struct perf_event_mmap_page of linux/perf_event.h. Unlike the BPF ring its data area
 * is mapped once, so a record may be split at the end; such a one is joined in a buffer.
 */

import { Handle } from '../handle.ts';
import type { Address } from '../native/backend.ts';
import type { Native } from '../native/native.ts';
import type { PerfEvent } from './perf-event.ts';

/** Offsets in the control page, as 64-bit words: data_head at byte 1024, data_tail behind it. */
const HEAD_WORD = 128;
const TAIL_WORD = 129;
const HEADER_BYTES = 8;
/** perf_event_header.size is 16 bits wide. */
const RECORD_MAX_BYTES = 65_536;

/** Sees one record, header included; the view is only good during the call. */
export type PerfRecordVisitor = (record: DataView) => void;

export class PerfRing extends Handle {
  readonly #address: Address;
  readonly #control: BigInt64Array<ArrayBuffer>;
  readonly #data: Uint8Array<ArrayBuffer>;
  readonly #joined = new Uint8Array(RECORD_MAX_BYTES);
  #draining = false;

  readonly #native: Native;
  readonly #dataPages: number;

  /**
   * @param dataPages pages of the ring, a power of two.
   * @throws SystemError EPERM above perf_event_mlock_kb without CAP_IPC_LOCK.
   */
  constructor(native: Native, event: PerfEvent, dataPages: number) {
    super(`perf ring of CPU ${event.target.cpu}`);
    this.#native = native;
    this.#dataPages = dataPages;

    const { pageSize, backend } = native;
    this.#address = native.map('map perf ring', event.fd, (1 + dataPages) * pageSize, true, 0);
    this.#control = new BigInt64Array(backend.memory(this.#address, pageSize));
    this.#data = new Uint8Array(
      backend.memory((this.#address + pageSize) as Address, dataPages * pageSize),
    );
  }

  /** Bytes of records that it has room for. */
  get capacity(): number {
    return this.#data.length;
  }

  /** Bytes of records that wait to be read. @throws ClosedError */
  get pending(): number {
    this.guard();
    const control = this.#control;
    return Number(Atomics.load(control, HEAD_WORD) - Atomics.load(control, TAIL_WORD));
  }

  /**
   * Shows every record to `visit` and frees their space. Returns how many there were. If
   * `visit` throws or closes the ring, the records up to and including that one are consumed;
   * an error goes on to the caller.
   * @param wants which types of records (enum perf_event_type) are shown: the others are only counted
   * @throws ClosedError @throws TypeError when `visit` itself calls drain.
   */
  drain(visit: PerfRecordVisitor, wants: (type: number) => boolean = () => true): number {
    this.guard();
    if (this.#draining) throw new TypeError(`${this.label} is being drained already`);
    const head = Atomics.load(this.#control, HEAD_WORD);
    const tail = Atomics.load(this.#control, TAIL_WORD);
    const data = this.#data;
    const mask = data.length - 1;
    // As numbers from here on: bigints for each record cost more than reading it.
    const first = Number(tail & BigInt(mask));
    const length = Number(head - tail);
    let done = 0;
    let records = 0;
    this.#draining = true;
    try {
      while (done < length && !this.closed) {
        const at = (first + done) & mask;
        const size = (data[(at + 6) & mask] ?? 0) | ((data[(at + 7) & mask] ?? 0) << 8);
        // Cannot be: the kernel writes whole records. Give up on what is there, not hang.
        if (size < HEADER_BYTES) {
          done = length;
          break;
        }
        done += size;
        records++;
        // A header is never split: records are aligned to its size.
        if (wants((data[at] ?? 0) | ((data[at + 1] ?? 0) << 8))) visit(this.#record(at, size));
      }
    } finally {
      this.#draining = false;
      Atomics.store(this.#control, TAIL_WORD, tail + BigInt(done));
      if (this.closed) this.#unmap();
    }
    return records;
  }

  #record(at: number, size: number): DataView {
    const data = this.#data;
    const joined = this.#joined;
    const untilEnd = data.length - at;
    if (size <= untilEnd) return new DataView(data.buffer, data.byteOffset + at, size);
    joined.set(data.subarray(at));
    joined.set(data.subarray(0, size - untilEnd), untilEnd);
    return new DataView(joined.buffer, 0, size);
  }

  protected release(): void {
    if (!this.#draining) this.#unmap();
  }

  #unmap(): void {
    const native = this.#native;
    const address = this.#address;
    const dataPages = this.#dataPages;
    const control = this.#control;
    const data = this.#data;
    native.unmap(address, (1 + dataPages) * native.pageSize, [control.buffer, data.buffer]);
  }
}
