import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { packEntries, unpackEntries } from './entries.ts';

const entry = fc.record({
  pid: fc.integer({ min: 1, max: 4_194_304 }),
  startTime: fc.bigInt(0n, (1n << 63n) - 1n),
  stack: fc.integer({ min: 1, max: 2 ** 31 }),
  count: fc.integer({ min: 1, max: 2 ** 31 }),
});

const sorted = (entries: readonly unknown[]) =>
  entries
    .map((each) =>
      JSON.stringify(each, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    )
    .sort();

test('whatever was sampled comes back', () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      expect(sorted(unpackEntries(packEntries(entries)))).toEqual(sorted(entries));
    }),
  );
});

test('what is cut is refused', () => {
  const whole = Bun.zstdDecompressSync(
    packEntries([{ pid: 1, startTime: 5n, stack: 3, count: 9 }]),
  );
  const cut = new Uint8Array(Bun.zstdCompressSync(whole.subarray(0, whole.length - 1)));
  expect(() => unpackEntries(cut)).toThrow(RangeError);
});

test('damaged bytes give entries or a RangeError, and what unpacks to gigabytes is refused', () => {
  const packed = packEntries(
    Array.from({ length: 200 }, (_, at) => ({ pid: at, startTime: 5n, stack: at + 1, count: 9 })),
  );
  fc.assert(
    fc.property(fc.nat(packed.length - 1), fc.nat(255), (at, value) => {
      const damaged = packed.slice();
      damaged[at] = value;
      try {
        unpackEntries(damaged);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
  );
  const bomb = new Uint8Array(Bun.zstdCompressSync(new Uint8Array(65 << 20)));
  expect(() => unpackEntries(bomb)).toThrow(RangeError);
  const many = packEntries([{ pid: 1, startTime: 5n, stack: 3, count: 9 }]);
  const more = Bun.zstdDecompressSync(many);
  more[0] = 2;
  const random = crypto.getRandomValues(new Uint8Array(60_000));
  const tooMany = Buffer.concat([Buffer.from([0x81, 0x80, 0x80, 0x01]), random]);
  for (const bytes of [more, tooMany])
    expect(() => unpackEntries(new Uint8Array(Bun.zstdCompressSync(bytes)))).toThrow(RangeError);
});
