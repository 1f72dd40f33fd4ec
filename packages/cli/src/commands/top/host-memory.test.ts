// What is said of the host's memory.

import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostMemory } from './host-memory.ts';

test('what is not available is used, and without such a file nothing is said', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-meminfo-'));
  try {
    const path = join(folder, 'meminfo');
    writeFileSync(path, 'MemTotal:        8000 kB\nMemFree:   10 kB\nMemAvailable:    6000 kB\n');
    expect(hostMemory(path)).toEqual({ usedBytes: 2000 * 1024, totalBytes: 8000 * 1024 });
    writeFileSync(path, 'MemTotal:        8000 kB\n');
    expect(hostMemory(path)).toBeUndefined();
    expect(hostMemory(join(folder, 'none'))).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true });
  }
  const here = hostMemory();
  expect(here?.usedBytes).toBeGreaterThan(0);
  expect(here?.usedBytes).toBeLessThan(here?.totalBytes as number);
});
