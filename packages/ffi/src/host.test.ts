import { expect, test } from 'bun:test';
import { bootId, bootTimeMs, memoryInfo, parseMemoryInfo } from './host.ts';

test('what this host says of itself', () => {
  expect(bootId()).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  expect(bootTimeMs()).toBeLessThan(Date.now());
  const memory = memoryInfo();
  expect(memory.get('MemAvailable')).toBeLessThan(memory.get('MemTotal') as number);
});

test('sizes are bytes, and numbers without a unit are none', () => {
  const text = 'MemTotal:        8000 kB\nHugePages_Total:       3\nActive(anon):     12 kB\n';
  expect([...parseMemoryInfo(text)]).toEqual([
    ['MemTotal', 8_192_000],
    ['Active(anon)', 12_288],
  ]);
});
