import { describe, expect, test } from 'bun:test';
import { momentUtc, parseMoment } from './moment.ts';

const NOW = new Date(2026, 10, 29, 12, 30, 0).getTime();
const local = (...parts: [number, number, number, number?, number?, number?]) =>
  BigInt(new Date(...parts).getTime()) * 1_000_000n;

describe('parseMoment', () => {
  test.each<[string, bigint]>([
    ['now', local(2026, 10, 29, 12, 30)],
    ['03:17', local(2026, 10, 29, 3, 17)],
    ['3:17:05', local(2026, 10, 29, 3, 17, 5)],
    // It has not been yet today.
    ['23:59', local(2026, 10, 28, 23, 59)],
    ['yesterday 03:17', local(2026, 10, 28, 3, 17)],
    ['yesterday', local(2026, 10, 28)],
    ['today', local(2026, 10, 29)],
    ['2026-11-01', local(2026, 10, 1)],
    ['2026-11-01 03:17', local(2026, 10, 1, 3, 17)],
    ['2026-11-01T03:17:30', local(2026, 10, 1, 3, 17, 30)],
    ['15m', local(2026, 10, 29, 12, 15)],
    ['-15m', local(2026, 10, 29, 12, 15)],
    ['1h30m ago', local(2026, 10, 29, 11, 0)],
    ['2d', local(2026, 10, 27, 12, 30)],
    ['@1764000000', 1_764_000_000n * 1_000_000_000n],
    ['2026-11-01T03:17:30.000000001Z', BigInt(Date.UTC(2026, 10, 1, 3, 17, 30)) * 1_000_000n + 1n],
    ['2026-11-01T03:17:30+02:00', BigInt(Date.UTC(2026, 10, 1, 1, 17, 30)) * 1_000_000n],
  ])('%s', (text, expected) => {
    expect(parseMoment(text, NOW)).toBe(expected);
  });

  test.each(['', 'soon', '25:00', '12:60', '2026-02-31', '2026-13-01', '15x', '03', '1e3', '@'])(
    '%p is none',
    (text) => {
      expect(parseMoment(text, NOW)).toBeUndefined();
    },
  );

  test('what is written back is the same moment', () => {
    const ns = 1_764_000_000_123_456_789n;
    expect(parseMoment(momentUtc(ns), NOW)).toBe(ns);
  });
});
