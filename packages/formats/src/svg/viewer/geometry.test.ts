import { describe, expect, test } from 'bun:test';
import { type Random, randomOf } from '../../../test/random-profile.ts';
import { labelText } from '../../flame-graph/label.ts';
import { matcher } from '../../flame-graph/search.ts';
import { formatCount, formatShare } from '../../value-text.ts';
import type { FlameFrame } from './geometry.ts';
import { covers, decodeRows, matchedSamples, neighbourOf, placementOf } from './geometry.ts';

//         ┌ c(3) ┐
//  ┌── b(6) ──┐  ┌ d(2) ┐
//  ┌───────── a(9) ──────┐ e(1)
//  └───────────── all(10) ────┘
const rows = decodeRows([
  [0, 10, 0, 0],
  [0, 9, 1, 1, 0, 1, 1, 5],
  [0, 6, 3, 2, 0, 2, 2, 4],
  [2, 3, 3, 3],
]);
const [all, a, e, b, d, c] = rows.flat() as [
  FlameFrame,
  FlameFrame,
  FlameFrame,
  FlameFrame,
  FlameFrame,
  FlameFrame,
];

/** Rows of boxes in which each box lies within one of the row before. */
function randomRows(random: Random): FlameFrame[][] {
  const total = 1 + Math.floor(random() * 60);
  const result: FlameFrame[][] = [
    [{ index: 0, row: 0, start: 0, count: total, self: 0, symbol: 0 }],
  ];
  let index = 1;
  for (let row = 1; row < 6; row++) {
    const frames: FlameFrame[] = [];
    for (const caller of result[row - 1] ?? []) {
      let start = caller.start + Math.floor(random() * 2);
      const end = caller.start + caller.count;
      while (start < end) {
        const count = Math.min(end - start, 1 + Math.floor(random() * 20));
        frames.push({ index: index++, row, start, count, self: 0, symbol: 0 });
        start += count + Math.floor(random() * 3);
      }
    }
    if (frames.length === 0) break;
    result.push(frames);
  }
  return result;
}

test('decodeRows gives starts, counts and running numbers', () => {
  expect(rows.map((row) => row.map(({ start, count }) => [start, count]))).toEqual([
    [[0, 10]],
    [
      [0, 9],
      [9, 1],
    ],
    [
      [0, 6],
      [6, 2],
    ],
    [[2, 3]],
  ]);
  expect(rows.flat().map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(a.self).toBe(1);
  expect(c.symbol).toBe(3);
});

describe('place', () => {
  test('the zoomed frame and its callers fill the width, its callees share it', () => {
    expect(placementOf(b, b, 600)).toEqual({ x: 0, width: 600 });
    expect(placementOf(a, b, 600)).toEqual({ x: 0, width: 600 });
    expect(placementOf(all, b, 600)).toEqual({ x: 0, width: 600 });
    expect(placementOf(c, b, 600)).toEqual({ x: 200, width: 300 });
    expect(placementOf(d, b, 600)).toBeUndefined();
    expect(placementOf(e, b, 600)).toBeUndefined();
  });

  test('boxes of a row never overlap and keep their proportions at any zoom', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = randomOf(seed);
      const flame = randomRows(random);
      const every = flame.flat();
      const zoom = every[Math.floor(random() * every.length)] as FlameFrame;
      for (const row of flame) {
        let end = 0;
        for (const frame of row) {
          const place = placementOf(frame, zoom, 1000);
          if (place === undefined) continue;
          expect(place.x).toBeGreaterThanOrEqual(end - 1e-6);
          end = place.x + place.width;
          expect(end).toBeLessThanOrEqual(1000 + 1e-6);
          if (frame.row >= zoom.row) {
            expect(place.width / 1000).toBeCloseTo(frame.count / zoom.count, 9);
          }
        }
      }
    }
  });
});

describe('matchedSamples', () => {
  test('recursion counts once, and what is out of view not at all', () => {
    expect(matchedSamples([], all)).toBe(0);
    expect(matchedSamples([c, e], all)).toBe(4);
    expect(matchedSamples([c, b, a], all)).toBe(9);
    expect(matchedSamples([e, c], a)).toBe(3);
    expect(matchedSamples([e], b)).toBe(0);
  });

  test('all of the view when a caller of the zoomed frame matches', () => {
    expect(matchedSamples([a], b)).toBe(6);
  });

  test('is the number of samples under any matched frame', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = randomOf(seed);
      const every = randomRows(random).flat();
      const zoom = every[Math.floor(random() * every.length)] as FlameFrame;
      const matched = every.filter(() => random() < 0.3);
      const samples = new Set<number>();
      for (const frame of matched) {
        // A frame below another row's box in view, or above the zoomed one: sample by sample.
        if (!covers(zoom, frame) && !covers(frame, zoom)) continue;
        for (let at = frame.start; at < frame.start + frame.count; at++) {
          if (at >= zoom.start && at < zoom.start + zoom.count) samples.add(at);
        }
      }
      expect(matchedSamples(matched, zoom), `seed ${seed}`).toBe(samples.size);
    }
  });
});

describe('matcher', () => {
  test('plain text ignores case and has no special characters', () => {
    expect(matcher('')).toBeUndefined();
    expect(matcher('GC::')?.('v8::gc::Mark')).toBe(true);
    expect(matcher('a.c')?.('abc')).toBe(false);
    expect(matcher('(')?.('f(x)')).toBe(true);
  });

  test('between slashes it is a regular expression, once it is a valid one', () => {
    expect(matcher('/^a.c$/')?.('ABC')).toBe(true);
    expect(matcher('/^a.c$/')?.('xabc')).toBe(false);
    expect(matcher('/(/')?.('a/(/b')).toBe(true);
    expect(matcher('/usr')?.('/usr/lib')).toBe(true);
    expect(matcher('//')?.('a//b')).toBe(true);
  });
});

describe('label', () => {
  test.each([
    ['main', 100, 'main'],
    ['main', 10 * 4 + 6, 'main'],
    ['main', 10 * 4 + 5, 'ma…'],
    ['main', 10 * 2 + 6, ''],
    ['f', 16, 'f'],
    ['f', 15, ''],
    ['日本語', 66, '日本語'],
    ['日本語', 65, '日本…'],
    ['日本語', 50, '日…'],
    ['🎉🎉🎉', 45, '🎉…'],
    ['e\u0301e\u0301e\u0301', 36, 'e\u0301e\u0301e\u0301'],
    ['', 100, ''],
  ])('%p in %p px is %p', (name, width, shown) => {
    expect(labelText(name, width, 10)).toBe(shown);
  });
});

describe('step', () => {
  test('to callers, the widest callee and neighbours', () => {
    expect(neighbourOf(rows, c, 'caller', all)).toBe(b);
    expect(neighbourOf(rows, all, 'caller', all)).toBeUndefined();
    expect(neighbourOf(rows, a, 'callee', all)).toBe(b);
    expect(neighbourOf(rows, c, 'callee', all)).toBeUndefined();
    expect(neighbourOf(rows, b, 'right', all)).toBe(d);
    expect(neighbourOf(rows, d, 'left', all)).toBe(b);
    expect(neighbourOf(rows, b, 'left', all)).toBeUndefined();
  });

  test('stays in view', () => {
    expect(neighbourOf(rows, b, 'right', b)).toBeUndefined();
    expect(neighbourOf(rows, a, 'callee', d)).toBe(d);
  });
});

test('numbers are written for people', () => {
  expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567']);
  expect(formatShare(1, 3)).toBe('33.3 %');
  expect(formatShare(1, 100)).toBe('1.00 %');
  expect(formatShare(3, 3)).toBe('100.0 %');
  expect(formatShare(0, 0)).toBe('0 %');
});
