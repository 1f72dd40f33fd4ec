/**
 * Zero-copy reader of a BPF ring buffer. Only walks memory: who calls it when is the business
 * of drain-loop.ts. Memory layout and header bits: kernel/bpf/ringbuf.c and
 * include/uapi/linux/bpf.h (BPF_RINGBUF_BUSY_BIT and its neighbours).
 */

import { Buffer } from 'node:buffer';
import process from 'node:process';
import type { BpfMap } from '../bpf/bpf-map.ts';
import { Handle } from '../handle.ts';
import type { Address } from '../native/backend.ts';
import type { Native } from '../native/native.ts';
import { RingWindow } from './ring-window.ts';

/** Bit 31 of a header makes it negative as a signed word: still being written. */
const DISCARD_BIT = 0x4000_0000;
const LENGTH_MASK = 0x3fff_ffff;
const HEADER_BYTES = 8;

/** Where loads are not ordered, so many bytes of records are looked at before they are shown. */
const LOOKED_AT_BYTES = 256 * 1024;

/** x86 never reorders loads (Intel SDM vol. 3, 9.2.2); aarch64 does. */
const LOADS_ARE_ORDERED = process.arch === 'x64';

/** The ring's data pages as one flat memory: twice, so no record is ever split. Only the record in hand is surely there. */
export interface RingMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/**
 * Sees one record in place. The memory is the kernel's again when drain() returns: copy what
 * is kept.
 */
export type RecordVisitor = (memory: RingMemory, offset: number, length: number) => void;

export class RingBuffer extends Handle {
  /** Bytes of the data area. */
  readonly size: number;
  readonly #consumerAddress: Address;
  readonly #window: RingWindow;
  readonly #consumerPosition: BigInt64Array<ArrayBuffer>;
  /** Low words only: the distance between the positions is below 2^32. */
  readonly #producerPosition: Uint32Array<ArrayBuffer>;
  readonly #headers: Int32Array<ArrayBuffer>;
  readonly #memory: RingMemory;
  #position: bigint;
  #draining = false;

  readonly #native: Native;

  /** @throws SystemError when the map is not a ring buffer or may not be mapped. */
  constructor(
    native: Native,
    readonly map: BpfMap,
  ) {
    super(`ring buffer ${map.name}`);
    this.#native = native;

    const { pageSize, backend } = native;
    this.size = map.maxEntries;
    this.#consumerAddress = native.map(`map ${map.name}`, map.fd, pageSize, true, 0);
    try {
      this.#window = new RingWindow(native, `map ${map.name}`, map.fd, this.size);
    } catch (error) {
      native.libc.munmap(this.#consumerAddress, pageSize);
      throw error;
    }
    this.#consumerPosition = new BigInt64Array(backend.memory(this.#consumerAddress, 8));
    const { address } = this.#window;
    this.#producerPosition = new Uint32Array(backend.memory(address, 8));
    const data = backend.memory((address + pageSize) as Address, 2 * this.size);
    this.#headers = new Int32Array(data);
    this.#memory = { bytes: bytesOf(data), view: new DataView(data) };
    this.#position = Atomics.load(this.#consumerPosition, 0);
  }

  /** Bytes that are waiting, headers included. @throws ClosedError after close(). */
  get available(): number {
    this.guard();
    return this.#pendingBytes();
  }

  /** Bytes that records have taken since the ring was made, headers included: where the next one will be. @throws ClosedError */
  get produced(): bigint {
    return this.#position + BigInt(this.available);
  }

  /** Of these, what was read. */
  get consumed(): bigint {
    return this.#position;
  }

  /**
   * Shows every finished record to `visit`, at most `limit`, and gives their space back in one
   * step. Returns the number of records. If `visit` throws or closes the ring, the records up
   * to and including that one are consumed; an error goes on to the caller.
   * @throws ClosedError @throws TypeError when `visit` itself calls drain.
   */
  drain(visit: RecordVisitor, limit = Number.MAX_SAFE_INTEGER): number {
    this.guard();
    if (this.#draining) throw new TypeError(`${this.label} is being drained already`);
    const headers = this.#headers;
    const memory = this.#memory;
    const window = this.#window;
    const mask = this.size - 1;
    const first = Number(this.#position & BigInt(mask));
    const pending = this.#pendingBytes();
    window.look(pending);
    let end = LOADS_ARE_ORDERED ? pending : 0;
    let at = 0;
    let records = 0;
    this.#draining = true;
    try {
      while (at < pending && records < limit) {
        if (at >= end) {
          end = this.#finishedBytes(first, at, Math.min(pending, at + LOOKED_AT_BYTES));
          if (at >= end) break;
        }
        const offset = (first + at) & mask;
        const data = offset + HEADER_BYTES;
        if (offset < window.from || data > window.to) window.show(offset, data);
        const header = headers[offset >>> 2]!;
        if (header < 0) break;
        const length = header & LENGTH_MASK;
        if (data + length > window.to) window.show(offset, data + length);
        at += (HEADER_BYTES + length + 7) & ~7;
        if ((header & DISCARD_BIT) === 0) {
          records++;
          visit(memory, data, length);
          if (this.closed) break;
        }
      }
    } finally {
      this.#draining = false;
      if (at > 0) {
        this.#position += BigInt(at);
        Atomics.store(this.#consumerPosition, 0, this.#position);
      }
      if (this.closed) this.#unmap();
    }
    return records;
  }

  /**
   * Bytes up to the first record that is still being written, of those from `from` to `pending`. Where the processor may load a
   * record before the header that says it is complete, all headers are looked at first, and
   * the records only behind a fence.
   */
  #finishedBytes(first: number, from: number, pending: number): number {
    const headers = this.#headers;
    const window = this.#window;
    const mask = this.size - 1;
    this.#fence();
    let at = from;
    while (at < pending) {
      const offset = (first + at) & mask;
      const data = offset + HEADER_BYTES;
      if (offset < window.from || data > window.to) window.show(offset, data);
      const header = headers[offset >>> 2]!;
      if (header < 0) break;
      at += (HEADER_BYTES + (header & LENGTH_MASK) + 7) & ~7;
    }
    this.#fence();
    return at;
  }

  /**
   * Loads before it happen before loads after it: neither passes an atomic store. It goes to
   * the writable page, because Atomics on the read-only pages crash: the JIT compiles even a
   * load to a read-modify-write.
   */
  #fence(): void {
    Atomics.store(this.#consumerPosition, 0, this.#position);
    Atomics.load(this.#consumerPosition, 0);
  }

  #pendingBytes(): number {
    // Makes the JIT load the producer position anew each time it gets here.
    Atomics.load(this.#consumerPosition, 0);
    return ((this.#producerPosition[0] ?? 0) - Number(this.#position & 0xffff_ffffn)) >>> 0;
  }

  protected release(): void {
    if (!this.#draining) this.#unmap();
  }

  #unmap(): void {
    const native = this.#native;
    const headers = this.#headers;
    const producerPosition = this.#producerPosition;
    const consumerPosition = this.#consumerPosition;
    const dataBuffers = [headers.buffer, producerPosition.buffer];
    native.unmap(this.#window.address, this.#window.bytes, dataBuffers);
    native.unmap(this.#consumerAddress, native.pageSize, [consumerPosition.buffer]);
  }
}

/** A Buffer on Bun, where it turns bytes into text in half the time; on Deno it is no quicker. */
function bytesOf(data: ArrayBuffer): Uint8Array {
  return 'bun' in process.versions ? Buffer.from(data) : new Uint8Array(data);
}
