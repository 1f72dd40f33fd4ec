import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { otlpAddress, otlpRetryDelay } from './retry.ts';

test.each([
  ['http://host:4318', 'http://host:4318/v1/logs'],
  ['http://host:4318/', 'http://host:4318/v1/logs'],
  ['https://host/otlp//', 'https://host/otlp/v1/logs'],
  ['https://host/otlp?tenant=1', 'https://host/otlp/v1/logs?tenant=1'],
  ['http://host:4318/v1/logs', 'http://host:4318/v1/logs'],
])('logs for %s go to %s', (endpoint, expected) => {
  expect(otlpAddress(endpoint, '/v1/logs').href).toBe(expected);
});

test('what is no address is refused', () => {
  expect(() => otlpAddress('4318', '/v1/logs')).toThrow(TypeError);
});

test('the wait doubles with each failure up to the longest, and chance takes at most half of it', () => {
  const ms = fc.integer({ min: 1, max: 100_000 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), ms, ms, (failures, firstDelayMs, maxDelayMs) => {
      const delay = otlpRetryDelay(failures, { firstDelayMs, maxDelayMs });
      const whole = Math.min(firstDelayMs * 2 ** (failures - 1), maxDelayMs);
      expect(delay).toBeGreaterThanOrEqual(whole / 2);
      expect(delay).toBeLessThanOrEqual(whole);
    }),
  );
});
