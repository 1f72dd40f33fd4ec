/** Names of tasks as strings, without a string for every record: there are few on a host. */

import { decodeComm, type RecordMemory } from '@waggle/bpf';

const WORDS = 4;
const NAMES = 512;

export class CommNames {
  /** Four words of each name, by a hash of them; a newer one takes the place. */
  readonly #words = new Uint32Array(NAMES * WORDS);
  readonly #names: string[] = new Array(NAMES).fill('');

  /** The name at a place: 16 bytes, padded with NUL. */
  at(memory: RecordMemory, place: number): string {
    const { view, bytes } = memory;
    const a = view.getUint32(place, true);
    const b = view.getUint32(place + 4, true);
    const c = view.getUint32(place + 8, true);
    const d = view.getUint32(place + 12, true);
    const mixed = Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 37) ^ Math.imul(d, 41), 0x9e3779b1);
    const slot = (mixed >>> 16) & (NAMES - 1);
    const words = this.#words;
    const first = slot * WORDS;
    if (
      words[first] === a &&
      words[first + 1] === b &&
      words[first + 2] === c &&
      words[first + 3] === d
    )
      return this.#names[slot] ?? '';
    words[first] = a;
    words[first + 1] = b;
    words[first + 2] = c;
    words[first + 3] = d;
    const name = decodeComm(bytes, place);
    this.#names[slot] = name;
    return name;
  }
}
