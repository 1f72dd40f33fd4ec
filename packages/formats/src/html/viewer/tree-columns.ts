/**
 * Reads the columns that ../pack.ts wrote.
 */
import type { TreeColumns } from './trees.ts';

/** @throws ReferenceError when the browser cannot inflate (older than 2023) */
export async function inflate(base64: string): Promise<Uint8Array> {
  const text = atob(base64);
  const packed = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) packed[at] = text.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export function columnsOf(bytes: Uint8Array): TreeColumns {
  let at = 0;
  const next = (): number => {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      // Not a shift: counts may be beyond 32 bits.
      scale *= 0x80;
    }
  };
  const size = next();
  const depth = new Int32Array(size);
  for (let node = 1; node < size; node++) depth[node] = (depth[node - 1] as number) + 1 - next();
  const symbol = new Int32Array(size);
  for (let node = 0; node < size; node++) symbol[node] = next();
  const self = new Float64Array(size);
  for (let node = 0; node < size; node++) self[node] = next();
  const otherSelf = new Float64Array(size);
  if (at < bytes.length) for (let node = 0; node < size; node++) otherSelf[node] = next();
  return { depth, symbol, self, otherSelf };
}
