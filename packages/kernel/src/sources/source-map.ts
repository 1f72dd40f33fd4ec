/**
 * A map of a loaded source with the types that its skeleton gives it: keys and values in place of bytes.
 */

import { decodeValue, encodeValue, type SkeletonMap, type ValueOf } from '@waggle/bpf';
import { type BpfMap, SystemError } from '@waggle/ffi';
import { summed } from './summed.ts';

type Key<M extends SkeletonMap> = ValueOf<M['key']>;
type Value<M extends SkeletonMap> = ValueOf<M['value']>;

/** Entries of one call into the kernel. */
const BATCH = 256;
/** What kernels answer to batches of maps that have none (kernel/bpf/syscall.c, bpf_map_do_batch). */
const NO_BATCHES: ReadonlySet<string> = new Set(['ENOTSUPP', 'EOPNOTSUPP', 'EINVAL']);

/** Every method throws SystemError with the errno of the kernel's refusal, EPERM without rights. */
export class SourceMap<M extends SkeletonMap = SkeletonMap> {
  readonly #description: M;

  constructor(
    description: M,
    /** For what is not covered here, and for reading many entries in place. */
    readonly raw: BpfMap,
  ) {
    this.#description = description;
  }

  /** The value, of the first CPU where there is one for each; undefined when there is none. */
  get(key: Key<M>): Value<M> | undefined {
    return this.ofEachCpu(key)[0];
  }

  /** Values of a per-CPU map by CPU, or the only one; none when there is no such entry. */
  ofEachCpu(key: Key<M>): Value<M>[] {
    const bytes = this.raw.get(this.#keyBytes(key));
    return bytes === undefined ? [] : this.#valuesAt(bytes, 0);
  }

  /** For per-CPU maps: numbers are summed over CPUs; other values are those of the first CPU. */
  sum(key: Key<M>): Value<M> | undefined {
    return this.#summed(this.ofEachCpu(key));
  }

  /** Of a per-CPU map, on each CPU the same. @throws SystemError E2BIG when the map is full. */
  set(key: Key<M>, value: Value<M>): void {
    this.raw.set(this.#keyBytes(key), this.#valueBytes(value));
  }

  /** Many entries by one call (kernel 5.6), or one by one where the map has no batches. */
  setAll(entries: Iterable<readonly [Key<M>, Value<M>]>): void {
    const all = [...entries].map(
      ([key, value]) => [this.#keyBytes(key), this.#valueBytes(value)] as const,
    );
    try {
      this.raw.setBatch(joined(all.map(([key]) => key)), joined(all.map(([, value]) => value)));
    } catch (error) {
      if (!hasNoBatches(error)) throw error;
      for (const [key, value] of all) this.raw.set(key, value);
    }
  }

  /** True when there was such an entry. */
  delete(key: Key<M>): boolean {
    return this.raw.delete(this.#keyBytes(key));
  }

  /** Those that there are, by one call (kernel 5.6), or one by one where the map has no batches. */
  deleteAll(keys: Iterable<Key<M>>): void {
    const all = [...keys].map((key) => this.#keyBytes(key));
    try {
      this.raw.deleteBatch(joined(all));
    } catch (error) {
      if (!hasNoBatches(error)) throw error;
      for (const key of all) this.raw.delete(key);
    }
  }

  /** Entries that come or go meanwhile may be missed. Ends, whatever they do. */
  *keys(): Generator<Key<M>, void> {
    let steps = 0;
    for (const key of this.raw.keys()) {
      if (steps++ > 2 * this.raw.maxEntries) return;
      yield this.#key(key, 0);
    }
  }

  /** Every entry, hundreds by one call where the map has batches; values of the first CPU. */
  *entries(): Generator<readonly [Key<M>, Value<M>], void> {
    for (const [key, [value]] of this.entriesOfEachCpu())
      if (value !== undefined) yield [key, value];
  }

  /** The same with the values of all CPUs, by CPU. */
  *entriesOfEachCpu(): Generator<readonly [Key<M>, readonly Value<M>[]], void> {
    let isFirst = true;
    try {
      for (const batch of this.raw.batches(BATCH)) {
        isFirst = false;
        yield* this.#entriesOf(batch);
      }
    } catch (error) {
      if (!isFirst || !hasNoBatches(error)) throw error;
      yield* this.#oneByOne();
    }
  }

  /** The same with numbers added up over CPUs. */
  *sums(): Generator<readonly [Key<M>, Value<M>], void> {
    for (const [key, values] of this.entriesOfEachCpu()) {
      const value = this.#summed(values);
      if (value !== undefined) yield [key, value];
    }
  }

  /** Takes every entry out of a hash map; values of the first CPU. */
  *drain(batchSize?: number): Generator<readonly [Key<M>, Value<M>], void> {
    for (const batch of this.raw.drain(batchSize))
      for (const [key, [value]] of this.#entriesOf(batch))
        if (value !== undefined) yield [key, value];
  }

  /** Takes every entry out of a per-CPU hash map, with numbers added up over CPUs. */
  *drainSums(batchSize?: number): Generator<readonly [Key<M>, Value<M>], void> {
    for (const batch of this.raw.drain(batchSize))
      for (const [key, values] of this.#entriesOf(batch)) {
        const value = this.#summed(values);
        if (value !== undefined) yield [key, value];
      }
  }

  *#entriesOf({
    count,
    keys,
    values,
  }: {
    readonly count: number;
    readonly keys: Uint8Array;
    readonly values: Uint8Array;
  }): Generator<readonly [Key<M>, readonly Value<M>[]], void> {
    const { keySize, valueBytes } = this.raw;
    for (let index = 0; index < count; index++)
      yield [this.#key(keys, index * keySize), this.#valuesAt(values, index * valueBytes)];
  }

  *#oneByOne(): Generator<readonly [Key<M>, readonly Value<M>[]], void> {
    for (const key of this.keys()) {
      const values = this.ofEachCpu(key);
      if (values.length > 0) yield [key, values];
    }
  }

  #summed(values: readonly Value<M>[]): Value<M> | undefined {
    return values.length === 0 ? undefined : (values.reduce(summed as never) as Value<M>);
  }

  #keyBytes(key: Key<M>): Uint8Array {
    return encodeValue<M['key']>(this.#description.key, this.raw.keySize, key);
  }

  /** As many times as there are CPUs. */
  #valueBytes(value: Value<M>): Uint8Array {
    const { valueSize, valueStride, cpus } = this.raw;
    const one = encodeValue<M['value']>(this.#description.value, valueSize, value);
    if (cpus === 1) return one;
    const all = new Uint8Array(valueStride * cpus);
    for (let cpu = 0; cpu < cpus; cpu++) all.set(one, cpu * valueStride);
    return all;
  }

  #key(bytes: Uint8Array, at: number): Key<M> {
    return decodeValue<M['key']>(this.#description.key, this.raw.keySize, bytes, at);
  }

  #valuesAt(bytes: Uint8Array, at: number): Value<M>[] {
    const { cpus, valueSize, valueStride } = this.raw;
    return Array.from({ length: cpus }, (_, cpu) =>
      decodeValue<M['value']>(this.#description.value, valueSize, bytes, at + cpu * valueStride),
    );
  }
}

function hasNoBatches(error: unknown): boolean {
  return error instanceof SystemError && NO_BATCHES.has(error.code);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
