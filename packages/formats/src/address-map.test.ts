import { describe, expect, test } from 'bun:test';
import { randomOf } from '../test/random-profile.ts';
import { AddressMap } from './address-map.ts';
import type { ProfileFrame } from './profile.ts';

const nameOf = ({ object }: ProfileFrame) => object;
const at = (object: string, address: bigint, start: bigint, limit: bigint): ProfileFrame => ({
  name: 'f',
  kind: 'user',
  object,
  address,
  mapping: { start, limit, fileOffset: start, buildId: object },
});
const loose = (object: string, address: bigint): ProfileFrame => ({
  name: 'f',
  kind: 'user',
  object,
  address,
});

describe('an address map', () => {
  test('leaves the main object where it is, and moves what collides with it', () => {
    const [app, libc] = [
      at('app', 0x1234n, 0x1000n, 0x3000n),
      at('a.so', 0x1500n, 0x1000n, 0x9000n),
    ];
    const map = new AddressMap([libc, app], 'app', nameOf);
    expect(
      map.rows.map(({ object, start, limit, fileOffset }) => [object, start, limit, fileOffset]),
    ).toEqual([
      ['app', 0x1000n, 0x3000n, 0x1000n],
      ['a.so', 0x20_1000n, 0x20_9000n, 0x1000n],
    ]);
    expect(map.placeOf(app)).toEqual({ row: 0, address: 0x1234n });
    expect(map.placeOf(libc)).toEqual({ row: 1, address: 0x20_1500n });
  });

  test('leaves code in no file where it was, in runs between which nothing lies', () => {
    const frames = [
      loose('[jit]', 0x7f00_0000_1000n),
      loose('[jit]', 0x7f00_0000_2000n),
      at('late', 0x7f00_0000_5001n, 0x7f00_0000_5000n, 0x7f00_0000_6000n),
      loose('[jit]', 0x7f00_0000_9000n),
      loose('[kernel]', 2n ** 64n - 1n),
    ];
    const map = new AddressMap(frames, undefined, nameOf);
    expect(map.rows.map(({ object, start, limit }) => [object, start, limit])).toEqual([
      ['[jit]', 0x7f00_0000_1000n, 0x7f00_0000_2001n],
      ['[jit]', 0x7f00_0000_9000n, 0x7f00_0000_9001n],
      ['[kernel]', 2n ** 64n - 1n, 2n ** 64n],
      ['late', 0x7f00_0000_5000n, 0x7f00_0000_6000n],
    ]);
    expect(frames.map((frame) => map.placeOf(frame))).toEqual(
      [0, 0, 3, 1, 2].map((row, index) => ({ row, address: frames[index]?.address ?? 0n })),
    );
  });

  test('code without an address is in its object all the same, without object in none', () => {
    const known: ProfileFrame = { name: 'g', kind: 'user', object: 'app' };
    const only: ProfileFrame = { name: 'h', kind: 'user', object: 'other' };
    const bare: ProfileFrame = { name: 'app', kind: 'process' };
    const map = new AddressMap([known, only, bare, at('app', 5n, 4n, 8n)], 'other', nameOf);
    expect(map.rows.map(({ object }) => object)).toEqual(['other', 'app']);
    expect([known, only, bare].map((frame) => map.placeOf(frame))).toEqual([
      { row: 1, address: 0n },
      { row: 0, address: 0n },
      { address: 0n },
    ]);
  });

  test('any objects: no two overlap, each address is in its own, at the same offset', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomOf(seed);
      const upTo = (limit: number) => BigInt(Math.floor(random() * limit));
      const mappings = Array.from({ length: 12 }, (_, index) => {
        const start = upTo(20) * 4096n;
        return { object: `o${index % 7}`, start, limit: start + (1n + upTo(9)) * 4096n };
      });
      const frames = Array.from({ length: 60 }, (_, index) => {
        const mapping = mappings[index % mappings.length];
        if (mapping === undefined || random() < 0.2) return loose('[jit]', upTo(2 ** 18));
        const { object, start, limit } = mapping;
        return at(object, start + upTo(Number(limit - start)), start, limit);
      });
      const map = new AddressMap(frames, 'o3', nameOf);
      const rows = [...map.rows].sort((a, b) => (a.start < b.start ? -1 : 1));
      rows.forEach((row, index) => {
        expect(row.start < row.limit).toBe(true);
        expect(row.limit <= (rows[index + 1]?.start ?? row.limit)).toBe(true);
      });
      const hasMain = frames.some(({ object }) => object === 'o3');
      if (hasMain) expect(map.rows[0]?.object).toBe('o3');
      for (const frame of frames) {
        const { row = -1, address } = map.placeOf(frame);
        const place = map.rows[row];
        expect(place?.object).toBe(frame.object);
        expect(address >= (place?.start ?? 0n) && address < (place?.limit ?? 0n)).toBe(true);
        if (frame.mapping === undefined) expect(address).toBe(frame.address ?? 0n);
        else {
          const inFile = address - (place?.start ?? 0n) + (place?.fileOffset ?? 0n);
          const before = (frame.address ?? 0n) - frame.mapping.start + frame.mapping.fileOffset;
          expect(inFile).toBe(before);
        }
      }
    }
  });
});
