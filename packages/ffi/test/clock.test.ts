import { expect, test } from 'bun:test';
import { parseBoottimeOffset } from '../src/clock.ts';

test.each([
  ['monotonic           0         0\nboottime        86400         0\n', 86_400_000_000_000n],
  // timens_offsets keeps nanoseconds from 0 on, below negative seconds too: time_namespaces(7).
  ['monotonic           0         0\nboottime           -2 500000000\n', -1_500_000_000n],
  // Linux 5.6
  ['1 5 0\n7 3 1\n', 3_000_000_001n],
  ['', 0n],
])('%j adds %d ns', (text, offset) => {
  expect(parseBoottimeOffset(text)).toBe(offset);
});
