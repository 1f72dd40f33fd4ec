/**
 * LZMA2: chunks of LZMA or plain bytes, each with its sizes and what it resets. The only filter
 * that .gnu_debugdata is written with. Source: the .xz format specification and its LZMA2 chunk
 * layout as documented in the XZ Embedded sources.
 */
import { XzError } from './error.ts';
import { LzmaDecoder } from './lzma.ts';
import type { Output } from './output.ts';

/**
 * Decodes LZMA2 chunks of `input` from `at` up to the end marker, appending to `output`, and gives
 * the position behind the marker.
 * @throws `XzError`
 */
export function decodeLzma2(input: Uint8Array, at: number, output: Output): number {
  const decoder = new LzmaDecoder(output);
  let position = at;
  let dictionaryStart = output.length;
  let needs: 'dictionary' | 'properties' | 'state' | 'nothing' = 'dictionary';
  for (;;) {
    const control = byteAt(input, position);
    if (control === 0) return position + 1;
    if (control >= 0xe0 || control === 1) {
      dictionaryStart = output.length;
      needs = 'properties';
    } else if (needs === 'dictionary') {
      throw new XzError('damaged', 'the first LZMA2 chunk does not reset the dictionary');
    }
    const low = byteAt(input, position + 1) * 256 + byteAt(input, position + 2) + 1;
    if (control < 0x80) {
      if (control > 2) throw new XzError('damaged', `LZMA2 control byte ${control}`);
      output.append(slice(input, position + 3, low));
      position += 3 + low;
      continue;
    }
    const size = (control & 0x1f) * 65_536 + low;
    const packed = byteAt(input, position + 3) * 256 + byteAt(input, position + 4) + 1;
    position += 5;
    if (control >= 0xc0) {
      decoder.setProperties(byteAt(input, position++));
    } else if (needs === 'properties') {
      throw new XzError('damaged', 'an LZMA2 chunk without properties');
    }
    if (control >= 0xa0) decoder.reset();
    else if (needs !== 'nothing') throw new XzError('damaged', 'an LZMA2 chunk without a state');
    needs = 'nothing';
    decoder.decode(slice(input, position, packed), size, dictionaryStart);
    position += packed;
  }
}

function byteAt(input: Uint8Array, at: number): number {
  const byte = input[at];
  if (byte === undefined) throw new XzError('damaged', 'the data is cut off');
  return byte;
}

function slice(input: Uint8Array, at: number, length: number): Uint8Array {
  if (at + length > input.length) throw new XzError('damaged', 'the data is cut off');
  return input.subarray(at, at + length);
}
