import { afterAll, expect, test } from 'bun:test';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MapMemory } from './map-memory.ts';
import { PerfMapFolder } from './perf-map-folder.ts';

const directory = mkdtempSync(join(tmpdir(), 'waggle-map-memory-'));
afterAll(() => rmSync(directory, { recursive: true }));

const isRoot = process.geteuid?.() === 0;

function mapOf(pid: number, uid: number, lines: number, memory: MapMemory) {
  const path = join(directory, `perf-${pid}.map`);
  const text = Array.from({ length: lines }, (_, at) => `${(at + 1) * 16} 10 function_${at}\n`);
  writeFileSync(path, text.join(''));
  if (isRoot) chownSync(path, uid, uid);
  const folder = PerfMapFolder.of('/', directory);
  const map = folder?.open({ innerPid: pid, uid }, { memory, maxBytesAtOnce: 2 ** 18 });
  if (map === undefined) throw new Error('no map');
  return map;
}

test.skipIf(!isRoot)('one user gets half of it, and another the rest', () => {
  const memory = new MapMemory({ bytes: 8 * 2 ** 20 });
  const read = (pid: number, uid: number) => {
    const map = mapOf(pid, uid, 100_000, memory);
    do map.refresh();
    while (map.isBehind);
    return map;
  };
  const first = read(1, 1000);
  expect(first.truncated).toBe(true);
  expect(first.size).toBeGreaterThan(20_000);
  expect(read(2, 1000).size).toBeLessThan(first.size / 2);
  expect(read(3, 2000).size).toBeGreaterThan(20_000);
  first.release();
  expect(read(4, 1000).size).toBeGreaterThan(20_000);
});

test('a round reads so many bytes of all maps, and the next one goes on', () => {
  const memory = new MapMemory();
  const maps = [5, 6].map((pid) => mapOf(pid, process.geteuid?.() ?? 0, 50_000, memory));
  for (const map of maps) expect(map.size).toBe(0);
  let rounds = 0;
  do {
    memory.beginRound(2 ** 18);
    for (const map of maps) map.refresh();
  } while (++rounds < 100 && maps.some(({ isBehind }) => isBehind));
  expect(rounds).toBeGreaterThan(3);
  expect(maps.map(({ size, truncated }) => [size, truncated])).toEqual([
    [50_000, false],
    [50_000, false],
  ]);
});
