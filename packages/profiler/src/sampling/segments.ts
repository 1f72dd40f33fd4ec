/**
 * Stacks that are deeper than a key of the counting maps has places. Their inner frames are keys of their own, in
 * segments, which stacks name by what each is known by; all of it comes with one drain, in any order
 * (docs/adr/0050-deep-stacks.md).
 */

import { sampleKey } from '@waggle/bpf';

const { offset: AT, bytes: BYTES } = sampleKey;
const WORD = 8;
/** Drains that a segment is kept for after it was there last: a program may be held up between its two writes. */
const KEPT_DRAINS = 3;

interface Segment {
  /** Undefined where two have the same identity: which one a stack means is not known. */
  words: Uint8Array | undefined;
  drain: number;
}

/** A stack's words, innermost first, each of 8 bytes. */
export interface JoinedWords {
  readonly words: DataView;
  /** Whether all segments were there; else the words end where one is missing. */
  readonly isWhole: boolean;
}

export class Segments {
  readonly #known = new Map<bigint, Segment>();
  #drain = 0;

  get size(): number {
    return this.#known.size;
  }

  /** @param key where a key of kind KEY_SEGMENT begins in `keys` */
  add(keys: DataView, key: number): void {
    const identity = keys.getBigUint64(key + AT.inner, true);
    const words = new Uint8Array(keys.buffer, keys.byteOffset + key + AT.user, BYTES.user);
    const known = this.#known.get(identity);
    if (known === undefined) {
      this.#known.set(identity, { words: Uint8Array.from(words), drain: this.#drain });
      return;
    }
    known.drain = this.#drain;
    if (known.words !== undefined && Buffer.compare(known.words, words) !== 0)
      known.words = undefined;
  }

  /** All user frames of a stack. @param key where its key begins in `keys` */
  join(keys: DataView, key: number): JoinedWords {
    const count = keys.getUint16(key + AT.inner_count, true);
    const outerBytes = WORD * keys.getUint16(key + AT.user_depth, true);
    const joined = new Uint8Array(count * BYTES.user + outerBytes);
    for (let segment = 0; segment < count; segment++) {
      const identity = keys.getBigUint64(key + AT.inner + WORD * segment, true);
      const words = this.#known.get(identity)?.words;
      if (words === undefined)
        return { words: new DataView(joined.buffer, 0, segment * BYTES.user), isWhole: false };
      joined.set(words, segment * BYTES.user);
    }
    const outer = new Uint8Array(keys.buffer, keys.byteOffset + key + AT.user, outerBytes);
    joined.set(outer, count * BYTES.user);
    return { words: new DataView(joined.buffer), isWhole: true };
  }

  /** A map has been drained, and its stacks are joined: what was not there for some time is forgotten. */
  endDrain(): void {
    for (const [identity, { drain }] of this.#known)
      if (this.#drain - drain >= KEPT_DRAINS) this.#known.delete(identity);
    this.#drain++;
  }
}
