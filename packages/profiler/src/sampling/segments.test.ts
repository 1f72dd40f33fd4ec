// Keys and values as the kernel's programs write them, in maps in memory.

import { expect, test } from 'bun:test';
import {
  keyKind,
  sampleCounters,
  sampleKey,
  sampleValue,
  stackBounds,
  unwindStop,
} from '@waggle/bpf';
import { type SampleMap, SampleMaps } from './sample-maps.ts';
import { Segments } from './segments.ts';

const AT = sampleKey.offset;
const PLACES = stackBounds.STACK_MAX_FRAMES;

interface Key {
  readonly kind?: number;
  readonly inner?: readonly bigint[];
  readonly user: readonly number[];
  readonly stop?: number;
}

/** One that is named by `inner[0]`, of frames from `first` on. */
const segment = (identity: bigint, first: number): Key => ({
  kind: keyKind.KEY_SEGMENT,
  inner: [identity],
  user: framesFrom(first, PLACES),
});

const framesFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, frame) => first + frame);

function keyOf({ kind = keyKind.KEY_WALKED, inner = [], user, stop = 1 }: Key): Uint8Array {
  const bytes = new Uint8Array(sampleKey.size);
  const view = new DataView(bytes.buffer);
  const isSegment = kind === keyKind.KEY_SEGMENT;
  view.setUint16(AT.kind, kind, true);
  view.setUint32(AT.tgid, isSegment ? 0 : 7, true);
  view.setUint16(AT.user_depth, isSegment ? 0 : user.length, true);
  view.setUint16(AT.user_stop, isSegment ? 0 : stop, true);
  view.setUint16(AT.inner_count, isSegment ? 0 : inner.length, true);
  for (const [index, identity] of inner.entries())
    view.setBigUint64(AT.inner + 8 * index, identity, true);
  for (const [index, address] of user.entries())
    view.setBigUint64(AT.user + 8 * index, BigInt(address), true);
  return bytes;
}

function countedTwice(): Uint8Array {
  const bytes = new Uint8Array(sampleValue.size);
  new DataView(bytes.buffer).setBigUint64(sampleValue.offset.count, 2n, true);
  return bytes;
}

/** What is in each of the two counting maps when it is drained next; a batch holds one entry, and the next overwrites it. */
class Maps {
  readonly filled: Record<string, Key[]> = { samples_a: [], samples_b: [] };
  readonly maps = new SampleMaps((name) => this.#map(name));

  #map(name: string): SampleMap {
    const filled = () => this.filled[name]?.splice(0) ?? [];
    return {
      cpus: 1,
      valueStride: sampleCounters.size,
      get: () => new Uint8Array(sampleCounters.size),
      set: () => {},
      *drain() {
        const keys = new Uint8Array(sampleKey.size);
        const values = new Uint8Array(sampleValue.size);
        for (const key of filled()) {
          keys.set(keyOf(key));
          values.set(countedTwice());
          yield { count: 1, keys, values };
        }
      },
    };
  }

  /** What comes of these in a drain of the map that the next round is of. */
  round(name: 'samples_a' | 'samples_b', ...keys: Key[]) {
    this.filled[name]?.push(...keys);
    return [...this.maps.nextRound()];
  }
}

test('a stack is put together of its segments, whichever of them comes first', () => {
  const outer: Key = { inner: [11n, 22n], user: [900, 901] };
  const [stack, ...others] = new Maps().round(
    'samples_b',
    ...[segment(22n, 400), outer, segment(11n, 100), segment(33n, 700)],
  );
  expect(others).toEqual([]);
  expect(stack).toMatchObject({ pid: 7, count: 2, truncated: false });
  expect(stack?.user).toEqual([...framesFrom(100, PLACES), ...framesFrom(400, PLACES), 900, 901]);
});

test('stacks share segments, and those of one key come beside them', () => {
  const stacks = new Maps().round(
    'samples_b',
    ...[{ inner: [11n, 11n], user: [1] }, segment(11n, 100), { inner: [11n], user: [] }],
    { user: [5, 6] },
  );
  expect(stacks.map(({ user }) => user.length)).toEqual([2, 2 * PLACES + 1, PLACES]);
});

test('a segment that came a round before is there still, and one that stays away is forgotten', () => {
  const maps = new Maps();
  const outer: Key = { inner: [11n], user: [1] };
  maps.round('samples_b', segment(11n, 100));
  expect(maps.round('samples_a', outer)[0]?.user.length).toBe(PLACES + 1);
  maps.round('samples_b');
  maps.round('samples_a');
  const [cut] = maps.round('samples_b', outer);
  expect(cut).toMatchObject({ user: [], truncated: true });
});

test('at the end a segment may be in the other map', () => {
  const maps = new Maps();
  maps.filled.samples_a?.push({ inner: [11n], user: [1] });
  maps.filled.samples_b?.push(segment(11n, 100));
  expect([...maps.maps.rest()][0]?.user.length).toBe(PLACES + 1);
});

test('a stack ends where a segment is missing, or two have the same identity', () => {
  const stacks = new Maps().round(
    'samples_b',
    ...[segment(11n, 100), segment(22n, 400), segment(22n, 401)],
    ...[
      { inner: [11n, 22n], user: [1] },
      { inner: [11n, 44n, 11n], user: [1] },
    ],
  );
  for (const { user, truncated } of stacks)
    expect({ user, truncated }).toEqual({ user: framesFrom(100, PLACES), truncated: true });
  expect(stacks.length).toBe(2);
});

test('one that is deeper than all segments is cut', () => {
  const outer = { inner: [11n], user: [1], stop: unwindStop.STOP_TOO_DEEP };
  const full = { inner: [11n], user: [2], stop: unwindStop.STOP_NO_ROOM };
  const stacks = new Maps().round('samples_b', segment(11n, 100), outer, full);
  expect(stacks.map(({ truncated }) => truncated)).toEqual([true, true]);
});

test('segments are not kept for longer than stacks may name them', () => {
  const segments = new Segments();
  for (let drain = 0; drain < 100; drain++) {
    const key = keyOf(segment(BigInt(drain + 1), drain));
    segments.add(new DataView(key.buffer), 0);
    segments.endDrain();
  }
  expect(segments.size).toBeLessThan(5);
});
