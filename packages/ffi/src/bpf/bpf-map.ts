/** A loaded map: bytes in, bytes out. What the bytes mean is the business of @waggle/bpf. */

import { ClosedError, SystemError } from '../errors/system-error.ts';
import type { Handle } from '../handle.ts';
import type { Address } from '../native/backend.ts';
import { NULL_ADDRESS } from '../native/backend.ts';
import type { Native } from '../native/native.ts';

/** enum bpf_map_type of linux/bpf.h: these have one value per possible CPU. */
const PER_CPU_TYPES: ReadonlySet<number> = new Set([5, 6, 10, 21]);
const ENOENT = 2;
const ENOSPC = 28;

/** Entries of one batch: `count` keys and values, packed one after the other. */
export interface MapBatch {
  readonly count: number;
  readonly keys: Uint8Array;
  /** Each value has the map's `valueBytes`. */
  readonly values: Uint8Array;
}

interface BatchBuffers {
  /** Entries. */
  capacity: number;
  keys: Uint8Array;
  values: Uint8Array;
}

export class BpfMap {
  /** enum bpf_map_type of linux/bpf.h. */
  readonly type: number;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes of one value; per-CPU maps have `cpus` of them, each padded to 8 bytes. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** Values that one look-up returns: possible CPUs for per-CPU maps, else 1. */
  readonly cpus: number;
  /** Distance in bytes between the values of two CPUs. */
  readonly valueStride: number;
  readonly #descriptor: number;
  #batchBuffers: BatchBuffers | undefined;

  readonly #native: Native;
  readonly #owner: Handle;

  /** @throws SystemError where libbpf does not know the map. */
  constructor(
    native: Native,
    owner: Handle,
    address: Address,
    readonly name: string,
  ) {
    this.#native = native;
    this.#owner = owner;

    const { libbpf } = native;
    this.#descriptor = libbpf.bpf_map__fd(address);
    this.type = libbpf.bpf_map__type(address);
    this.keySize = libbpf.bpf_map__key_size(address);
    this.valueSize = libbpf.bpf_map__value_size(address);
    this.maxEntries = libbpf.bpf_map__max_entries(address);
    const perCpu = PER_CPU_TYPES.has(this.type);
    this.cpus = perCpu ? native.check('count CPUs', () => libbpf.libbpf_num_possible_cpus()) : 1;
    this.valueStride = perCpu ? Math.ceil(this.valueSize / 8) * 8 : this.valueSize;
  }

  /** The kernel's descriptor, for calls that this class does not cover. @throws ClosedError */
  get fd(): number {
    this.#guard();
    return this.#descriptor;
  }

  /** Bytes that `get` returns and `set` takes: the values of all CPUs. */
  get valueBytes(): number {
    return this.valueStride * this.cpus;
  }

  /** @throws SystemError E2BIG when the map is full, EPERM without rights. */
  set(key: Uint8Array, value: Uint8Array): void {
    this.#guard();
    this.#expect(key, this.keySize, 'key');
    this.#expect(value, this.valueBytes, 'value');
    this.#native.check(`write map ${this.name}`, () =>
      this.#native.libbpf.bpf_map_update_elem(this.#descriptor, key, value, 0),
    );
  }

  /** A copy of the value, or undefined when there is none. @throws SystemError */
  get(key: Uint8Array): Uint8Array | undefined {
    this.#guard();
    this.#expect(key, this.keySize, 'key');
    const value = new Uint8Array(this.valueBytes);
    const result = this.#native.libbpf.bpf_map_lookup_elem(this.#descriptor, key, value);
    if (result === -ENOENT) return undefined;
    if (result < 0) throw new SystemError(`read map ${this.name}`, -result);
    return value;
  }

  /**
   * The keys of a hash map, each a copy. Entries that come or go meanwhile may be missed, and a key that
   * was removed starts the walk again (kernel/bpf/hashtab.c, htab_map_get_next_key): stop at a bound.
   * @throws ClosedError after close(); SystemError where the kernel refuses.
   */
  *keys(): Generator<Uint8Array, void> {
    let previous: Uint8Array | null = null;
    for (;;) {
      this.#guard();
      const next = new Uint8Array(this.keySize);
      const result = this.#native.libbpf.bpf_map_get_next_key(this.#descriptor, previous, next);
      if (result === -ENOENT) return;
      if (result < 0) throw new SystemError(`read map ${this.name}`, -result);
      yield next;
      previous = next;
    }
  }

  /**
   * Sets the packed `values` of the packed `keys` in one call (kernel 5.6). A map of maps waits for every
   * running program when it is changed, so for that one call takes as long as one `set`.
   * @throws RangeError when there are not as many values as keys. @throws SystemError
   */
  setBatch(keys: Uint8Array, values: Uint8Array): void {
    this.#guard();
    const entries = keys.length / this.keySize;
    if (!Number.isInteger(entries) || values.length !== entries * this.valueBytes)
      throw new RangeError(
        `map ${this.name}: ${keys.length} bytes of keys and ${values.length} of values do not fit together`,
      );
    if (entries === 0) return;
    this.#native.check(`set ${entries} entries of map ${this.name}`, () =>
      this.#native.libbpf.bpf_map_update_batch(
        this.#descriptor,
        keys,
        values,
        new Uint8Array(Uint32Array.of(entries).buffer),
        NULL_ADDRESS,
      ),
    );
  }

  /** True when there was such an entry. @throws SystemError */
  delete(key: Uint8Array): boolean {
    this.#guard();
    this.#expect(key, this.keySize, 'key');
    const result = this.#native.libbpf.bpf_map_delete_elem(this.#descriptor, key);
    if (result === -ENOENT) return false;
    if (result < 0) throw new SystemError(`delete from map ${this.name}`, -result);
    return true;
  }

  /** Removes the packed `keys` in one call (kernel 5.6); those that are not there are skipped. @throws SystemError */
  deleteBatch(keys: Uint8Array): void {
    this.#guard();
    const { keySize } = this;
    const count = new Uint32Array(1);
    for (let rest = keys; rest.length > 0; ) {
      count[0] = rest.length / keySize;
      const result = this.#native.libbpf.bpf_map_delete_batch(
        this.#descriptor,
        rest,
        new Uint8Array(count.buffer),
        NULL_ADDRESS,
      );
      if (result === 0) return;
      // The kernel stops at the first key that is not there, and says how many came before it.
      if (result !== -ENOENT) throw new SystemError(`delete from map ${this.name}`, -result);
      rest = rest.subarray((count[0] + 1) * keySize);
    }
  }

  /**
   * Every entry, `batchSize` at a time or more, without taking it out (kernel 5.6; arrays and tries later).
   * Entries that come or go meanwhile may be missed. A batch's bytes are overwritten by the next one.
   * @throws SystemError ENOTSUPP or EINVAL for a map that has no batch operations: see `keys`.
   */
  *batches(batchSize = 256): Generator<MapBatch, void> {
    yield* this.#batchesBy('bpf_map_lookup_batch', this.#buffersFor(batchSize));
  }

  /**
   * Takes every entry out of a hash map, `batchSize` at a time or more where a bucket of the
   * map holds more (kernel 5.6). A batch's bytes are overwritten by the next one, of this drain or of
   * a later one.
   * @throws SystemError ENOTSUPP for a map that has no batch operations, such as an array.
   */
  *drain(batchSize = 256): Generator<MapBatch, void> {
    // Kept for the next time: a map that is drained often would leave megabytes to the collector.
    let buffers = this.#batchBuffers;
    this.#batchBuffers = undefined;
    if (buffers === undefined || buffers.capacity < batchSize)
      buffers = this.#buffersFor(batchSize);
    try {
      yield* this.#batchesBy('bpf_map_lookup_and_delete_batch', buffers);
    } finally {
      this.#batchBuffers = buffers;
    }
  }

  #buffersFor(capacity: number): BatchBuffers {
    return {
      capacity,
      keys: new Uint8Array(capacity * this.keySize),
      values: new Uint8Array(capacity * this.valueBytes),
    };
  }

  *#batchesBy(
    operation: 'bpf_map_lookup_batch' | 'bpf_map_lookup_and_delete_batch',
    buffers: BatchBuffers,
  ): Generator<MapBatch, void> {
    let { capacity, keys, values } = buffers;
    const position = new Uint8Array(Math.max(this.keySize, 8));
    const count = new Uint32Array(1);
    const countBytes = new Uint8Array(count.buffer);
    for (let first = true; ; first = false) {
      this.#guard();
      count[0] = capacity;
      const result = this.#native.libbpf[operation](
        this.#descriptor,
        first ? null : position,
        position,
        keys,
        values,
        countBytes,
        NULL_ADDRESS,
      );
      // The kernel takes whole buckets: ENOSPC says that the next one does not fit.
      if (result === -ENOSPC) {
        ({ capacity, keys, values } = this.#buffersFor(capacity * 2));
        Object.assign(buffers, { capacity, keys, values });
        continue;
      }
      // ENOENT says that this batch reached the end; it may still hold entries.
      if (result < 0 && result !== -ENOENT)
        throw new SystemError(`read map ${this.name} in batches`, -result);
      const got = count[0];
      if (got > 0)
        yield {
          count: got,
          keys: keys.subarray(0, got * this.keySize),
          values: values.subarray(0, got * this.valueBytes),
        };
      if (result === -ENOENT) return;
    }
  }

  #guard(): void {
    if (this.#owner.closed) throw new ClosedError(`map ${this.name}`);
  }

  #expect(bytes: Uint8Array, size: number, what: string): void {
    if (bytes.length !== size)
      throw new RangeError(`map ${this.name} has ${what}s of ${size} bytes, not ${bytes.length}`);
  }
}
