// A map of a loaded source with the types that its skeleton gives it: keys and values in place of bytes.

import { decodeValue, encodeValue, type SkeletonMap, type ValueOf } from '@waggle/bpf';
import type { BpfMap } from '@waggle/ffi';

export class SourceMap<M extends SkeletonMap = SkeletonMap> {
  readonly #description: M;

  constructor(
    description: M,
    /** For what is not covered here, and for reading many entries in place. */
    readonly raw: BpfMap,
  ) {
    this.#description = description;
  }

  /** The value, of the first CPU where there is one for each; undefined when there is none. @throws SystemError */
  get(key: ValueOf<M['key']>): ValueOf<M['value']> | undefined {
    return this.ofEachCpu(key)[0];
  }

  /** Values of a per-CPU map by CPU, or the only one; none when there is no such entry. @throws SystemError */
  ofEachCpu(key: ValueOf<M['key']>): ValueOf<M['value']>[] {
    const bytes = this.raw.get(this.#keyBytes(key));
    if (bytes === undefined) return [];
    const { cpus, valueStride } = this.raw;
    return Array.from({ length: cpus }, (_, cpu) => this.#value(bytes, cpu * valueStride));
  }

  /** @throws SystemError E2BIG when the map is full. */
  set(key: ValueOf<M['key']>, value: ValueOf<M['value']>): void {
    const { value: type } = this.#description;
    this.raw.set(this.#keyBytes(key), encodeValue<M['value']>(type, this.raw.valueSize, value));
  }

  /** True when there was such an entry. @throws SystemError */
  delete(key: ValueOf<M['key']>): boolean {
    return this.raw.delete(this.#keyBytes(key));
  }

  /** Of a hash map; entries that come or go meanwhile may be missed. Ends, whatever they do. @throws SystemError */
  *keys(): Generator<ValueOf<M['key']>, void> {
    let steps = 0;
    for (const key of this.raw.keys()) {
      if (steps++ > 2 * this.raw.maxEntries) return;
      yield this.#key(key, 0);
    }
  }

  /** Takes every entry out of a hash map. @throws SystemError */
  *drain(batchSize?: number): Generator<readonly [ValueOf<M['key']>, ValueOf<M['value']>], void> {
    const { keySize, valueBytes } = this.raw;
    for (const { count, keys, values } of this.raw.drain(batchSize))
      for (let index = 0; index < count; index++)
        yield [this.#key(keys, index * keySize), this.#value(values, index * valueBytes)];
  }

  #keyBytes(key: ValueOf<M['key']>): Uint8Array {
    return encodeValue<M['key']>(this.#description.key, this.raw.keySize, key);
  }

  #key(bytes: Uint8Array, at: number): ValueOf<M['key']> {
    return decodeValue<M['key']>(this.#description.key, this.raw.keySize, bytes, at);
  }

  #value(bytes: Uint8Array, at: number): ValueOf<M['value']> {
    return decodeValue<M['value']>(this.#description.value, this.raw.valueSize, bytes, at);
  }
}
