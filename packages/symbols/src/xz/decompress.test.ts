import { describe, expect, test } from 'bun:test';
import { crc32 as referenceCrc32 } from 'node:zlib';
import { seeded } from '../../test/build-elf.ts';
import { crc32, portableCrc32 } from './checksum.ts';
import { decompressXz } from './decompress.ts';
import { XzError } from './error.ts';

const MEBIBYTE = 1024 * 1024;
const random = seeded(11);
const text = new TextEncoder();

const contents: Readonly<Record<string, Uint8Array>> = {
  empty: new Uint8Array(0),
  'one byte': text.encode('a'),
  words: text.encode('_ZN4core3fmt9Formatter9write_str17h00 '.repeat(20_000)),
  noise: Uint8Array.from({ length: 300_000 }, () => random() * 256),
  zeros: new Uint8Array(5 * MEBIBYTE),
  numbers: new Uint8Array(Uint32Array.from({ length: 200_000 }, (_, i) => i * 24).buffer),
  mixed: Uint8Array.from({ length: 700_000 }, (_, i) => (i % 9000 < 4000 ? random() * 256 : i % 7)),
};

function xz(content: Uint8Array, ...flags: string[]): Uint8Array {
  const result = Bun.spawnSync(['xz', '-c', ...flags], { stdin: content });
  if (result.exitCode !== 0) throw new Error(`xz failed: ${result.stderr}`);
  return new Uint8Array(result.stdout);
}

const hasXz = Bun.which('xz') !== null;
if (!hasXz) console.warn('SKIPPED: xz is not installed, its output cannot be decompressed');

describe.skipIf(!hasXz)('what xz writes', () => {
  test.each([
    ['the default', []],
    ['-0', ['-0']],
    ['-9e', ['-9e']],
    ['no check', ['--check=none']],
    ['crc32', ['--check=crc32']],
    ['sha256', ['--check=sha256']],
    ['many blocks', ['--block-size=50000']],
    ['sizes in block headers', ['-T2', '--block-size=100000']],
    ['lc=0, lp=4, pb=4', ['--lzma2=lc=0,lp=4,pb=4']],
    ['pb=0', ['--lzma2=pb=0']],
  ])('%s', (_, flags) => {
    for (const content of Object.values(contents)) {
      const unpacked = decompressXz(xz(content, ...flags), 8 * MEBIBYTE);
      expect(Buffer.compare(unpacked, content)).toBe(0);
    }
  });

  test('several streams with padding between them', () => {
    const one = xz(text.encode('one '));
    const two = xz(text.encode('two'));
    const both = Buffer.concat([one, new Uint8Array(8), two, new Uint8Array(4)]);
    expect(new TextDecoder().decode(decompressXz(both, 100))).toBe('one two');
  });

  test('a filter that is not LZMA2 is unsupported', () => {
    const packed = xz(contents.words as Uint8Array, '--x86', '--lzma2');
    expect(codeOf(packed, MEBIBYTE)).toBe('unsupported');
  });

  test('output beyond the limit is refused before it is made', () => {
    const bomb = xz(new Uint8Array(64 * MEBIBYTE));
    expect(bomb.length).toBeLessThan(16_384);
    const started = performance.now();
    expect(codeOf(bomb, MEBIBYTE)).toBe('too-large');
    expect(performance.now() - started).toBeLessThan(500);
    expect(decompressXz(xz(contents.noise as Uint8Array), 300_000)).toHaveLength(300_000);
    expect(codeOf(xz(contents.noise as Uint8Array), 299_999)).toBe('too-large');
  });

  test('every truncation and every damaged byte of a small file is refused', () => {
    const packed = xz((contents.words as Uint8Array).subarray(0, 2000));
    for (let length = 0; length < packed.length; length++) {
      expect(codeOf(packed.subarray(0, length), MEBIBYTE)).toBe('damaged');
    }
    for (let at = 0; at < packed.length; at++) {
      for (const change of [1, 0x80, 0xff]) {
        const bytes = packed.slice();
        bytes[at] = (bytes[at] as number) ^ change;
        expect(codeOf(bytes, MEBIBYTE)).toBeDefined();
      }
    }
  });

  test('damage in LZMA data itself, with the checks made good, never gets out of bounds', () => {
    const packed = xz((contents.mixed as Uint8Array).subarray(0, 40_000), '--check=none');
    let refused = 0;
    for (let i = 0; i < 400; i++) {
      const bytes = packed.slice();
      for (let times = 0; times < 4; times++) {
        bytes[24 + Math.floor(random() * (bytes.length - 60))] = random() * 256;
      }
      if (codeOf(bytes, MEBIBYTE) !== undefined) refused++;
    }
    expect(refused).toBeGreaterThan(300);
  });
});

test('CRC-32 in pieces is that of the whole, and what zlib says', () => {
  const noise = contents.noise as Uint8Array;
  for (const sum of [crc32, portableCrc32]) {
    expect(sum(noise)).toBe(referenceCrc32(noise));
    for (const cut of [0, 1, 7, 8, 9, 1001]) {
      expect(sum(noise.subarray(cut), sum(noise.subarray(0, cut)))).toBe(sum(noise));
    }
  }
});

function codeOf(bytes: Uint8Array, limit: number): string | undefined {
  try {
    decompressXz(bytes, limit);
    return undefined;
  } catch (error) {
    if (error instanceof XzError) return error.code;
    throw error;
  }
}
