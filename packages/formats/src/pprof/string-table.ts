/** The texts of a pprof file, each once, as bytes from the moment on in which it is met. */
import { WireWriter } from '@waggle/text/wire';

const STRING_TABLE = 6;

export class StringTable {
  readonly #writer = new WireWriter();
  readonly #indexes = new Map<string, number>();

  constructor() {
    // The first is the empty one, by the format.
    this.indexOf('');
  }

  indexOf(text: string): number {
    let index = this.#indexes.get(text);
    if (index === undefined) {
      index = this.#indexes.size;
      this.#indexes.set(text, index);
      this.#writer.text(STRING_TABLE, text);
    }
    return index;
  }

  get bytes(): Uint8Array {
    return this.#writer.bytes;
  }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
