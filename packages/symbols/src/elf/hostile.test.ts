import { afterAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { elfWithSymbols, seeded } from '../../test/build-elf.ts';
import { Workshop } from '../../test/compile.ts';
import { SymbolTable } from '../symbol-table.ts';
import { ElfError, ElfImage } from './index.ts';

const workshop = new Workshop();
afterAll(() => workshop[Symbol.dispose]());

/** Generous for a shared machine; a healthy run takes well under a millisecond. */
const LIMIT_MS = 500;

/** Everything that can be asked of an image. True when it was answered, false on ElfError. */
function exercise(bytes: Uint8Array): boolean {
  try {
    const image = ElfImage.parse(bytes);
    expect(typeof (image.buildId ?? '')).toBe('string');
    for (let offset = 0; offset < bytes.length; offset += 1009) {
      const vaddr = image.vaddrOfFileOffset(offset);
      expect(vaddr === undefined || Number.isSafeInteger(vaddr)).toBe(true);
    }
    const sections = image.sections;
    image.section('.text');
    for (const section of sections.slice(0, 64)) {
      try {
        image.readSection(section);
      } catch (error) {
        if (!(error instanceof ElfError)) throw error;
      }
    }
    const table = SymbolTable.fromElf(image);
    for (const load of image.loads.slice(0, 8)) {
      for (let i = 0; i < 64; i++) {
        const hit = table.lookup(load.vaddr + Math.floor((load.memSize * i) / 64));
        expect(hit === undefined || hit.name.length > 0).toBe(true);
      }
    }
    return true;
  } catch (error) {
    if (error instanceof ElfError) return false;
    throw error;
  }
}

function timed(bytes: Uint8Array): boolean {
  const started = performance.now();
  const answered = exercise(bytes);
  expect(performance.now() - started).toBeLessThan(LIMIT_MS);
  return answered;
}

const INTERESTING = [0, 1, 0x7f, 0x80, 0xff];

/** Damages one to eight places: bits, bytes, whole fields; mostly where headers and tables are. */
function mutate(original: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  const bytes = original.slice();
  const view = new DataView(bytes.buffer);
  const shoff = Number(new DataView(original.buffer, original.byteOffset).getBigUint64(40, true));
  const place = () => {
    const kind = below(4);
    if (kind === 0) return below(64);
    if (kind === 1) return 64 + below(600);
    if (kind === 2) return Math.min(bytes.length - 1, shoff + below(bytes.length - shoff));
    return below(bytes.length);
  };
  for (let times = 1 + below(8); times > 0; times--) {
    const at = place();
    const how = below(4);
    if (how === 0) bytes[at] = (bytes[at] as number) ^ (1 << below(8));
    else if (how === 1) bytes[at] = INTERESTING[below(INTERESTING.length)] as number;
    else if (how === 2 && at + 4 <= bytes.length) view.setUint32(at, 0xffff_ffff - below(3), true);
    else if (at + 8 <= bytes.length) {
      const aligned = at & ~7;
      view.setBigUint64(aligned, BigInt(below(2 ** 32)) << BigInt(below(32)), true);
    }
  }
  return below(5) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
}

describe('damaged files are answered or refused, soon, and never otherwise', () => {
  const small = elfWithSymbols(
    Array.from({ length: 40 }, (_, i) => ({ name: `f${i}`, value: 0x1000 + i * 16, size: 12 })),
  );
  const real = ['pie', 'stripped-dynamic', 'debug'].map((variant) => {
    const bytes = readFileSync(workshop.path(variant));
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice();
  });

  test.each([
    ['a hand-made file', small, 4000],
    ['a PIE', real[0] as Uint8Array, 1500],
    ['a stripped executable', real[1] as Uint8Array, 1500],
    ['an executable with DWARF', real[2] as Uint8Array, 1500],
  ] as const)('mutations of %s', (_, original, count) => {
    const random = seeded(original.length);
    let answered = 0;
    for (let i = 0; i < count; i++) {
      if (timed(mutate(original, random))) answered++;
    }
    // Both outcomes must occur, else the loop would be testing only the first check.
    expect(answered).toBeGreaterThan(count / 20);
    expect(answered).toBeLessThan(count);
  });

  test('every truncation of a hand-made file', () => {
    for (let length = 0; length < small.length; length++) {
      timed(small.subarray(0, length));
    }
    expect(timed(small)).toBe(true);
  });

  test('every byte of the headers, at its extremes', () => {
    const shoff = Number(new DataView(small.buffer).getBigUint64(40, true));
    for (const [from, to] of [
      [0, 64],
      [shoff, small.length],
    ] as const) {
      for (let at = from; at < to; at++) {
        for (const value of [0, 0x80, 0xff]) {
          const bytes = small.slice();
          bytes[at] = value;
          timed(bytes);
        }
      }
    }
    expect(timed(small)).toBe(true);
  });

  test('random bytes behind a good magic', () => {
    const random = seeded(7);
    for (let i = 0; i < 2000; i++) {
      const bytes = new Uint8Array(64 + Math.floor(random() * 4096));
      for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(random() * 256);
      bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0]);
      timed(bytes);
    }
  });
});
