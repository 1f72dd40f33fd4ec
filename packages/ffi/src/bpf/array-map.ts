/**
 * Array maps that are made while programs run, to be put into an array of maps: each with the size
 * of what it holds, filled once, gone when the last that refers to it is closed.
 */

import { Handle } from '../handle.ts';
import { NULL_ADDRESS } from '../native/backend.ts';
import type { Native } from '../native/native.ts';

const BPF_MAP_TYPE_ARRAY = 2;
/** Lets arrays of different sizes lie in one array of maps (kernel 5.10). */
const BPF_F_INNER_MAP = 0x1000;
/** struct bpf_map_create_opts of libbpf's bpf.h, up to map_ifindex. */
const OPTIONS_BYTES = 48;
const OPTIONS_FLAGS = 28;

export class ArrayMap extends Handle {
  readonly #native: Native;

  private constructor(
    native: Native,
    readonly fd: number,
    name: string,
  ) {
    super(`map ${name}`);
    this.#native = native;
  }

  /**
   * An array of the packed `values`, each of `valueSize` bytes.
   * @throws RangeError when they are not whole values. @throws SystemError ENOMEM, EPERM.
   */
  static of(native: Native, name: string, valueSize: number, values: Uint8Array): ArrayMap {
    const entries = values.length / valueSize;
    if (!Number.isInteger(entries) || entries === 0)
      throw new RangeError(`${values.length} bytes are no array of values of ${valueSize} bytes`);
    const options = new DataView(new ArrayBuffer(OPTIONS_BYTES));
    options.setBigUint64(0, BigInt(OPTIONS_BYTES), true);
    options.setUint32(OPTIONS_FLAGS, BPF_F_INNER_MAP, true);
    const fd = native.check(`create map ${name}`, () =>
      native.libbpf.bpf_map_create(
        BPF_MAP_TYPE_ARRAY,
        new TextEncoder().encode(`${name}\0`),
        4,
        valueSize,
        entries,
        new Uint8Array(options.buffer),
      ),
    );
    const map = new ArrayMap(native, fd, name);
    try {
      map.#fill(values, entries);
    } catch (error) {
      map.close();
      throw error;
    }
    return map;
  }

  #fill(values: Uint8Array, entries: number): void {
    const keys = Uint32Array.from({ length: entries }, (_, index) => index);
    const count = Uint32Array.of(entries);
    this.#native.check(`fill ${this.label}`, () =>
      this.#native.libbpf.bpf_map_update_batch(
        this.fd,
        new Uint8Array(keys.buffer),
        values,
        new Uint8Array(count.buffer),
        NULL_ADDRESS,
      ),
    );
  }

  protected release(): void {
    this.#native.libc.close(this.fd);
  }
}
