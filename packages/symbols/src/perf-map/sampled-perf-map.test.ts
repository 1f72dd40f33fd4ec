import { afterAll, expect, test } from 'bun:test';
import {
  appendFileSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '../../test/build-elf.ts';
import { PerfMap } from './perf-map.ts';
import { SampledPerfMap } from './sampled-perf-map.ts';
import { scanPerfMap } from './scan-perf-map.ts';

const root = mkdtempSync(join(tmpdir(), 'waggle-sampled-perf-map-'));
afterAll(() => rmSync(root, { recursive: true }));
const file = join(root, 'perf.map');

function mapOf(content: string | Uint8Array): SampledPerfMap {
  writeFileSync(file, content);
  return new SampledPerfMap(openSync(file, 'r'));
}

/** As if the file had been written to at that very moment. */
function look(map: SampledPerfMap, now: number): void {
  const written = new Date(Date.now() + 60_000 + now);
  utimesSync(file, written, written);
  map.look(now);
}

/** Does all scans, as a thread would. Gives how many. */
function scan(map: SampledPerfMap): number {
  let scans = 0;
  for (let next = map.nextScan(); next !== undefined; next = map.nextScan()) {
    map.take(next, scanPerfMap(map.fd as number, next));
    scans++;
  }
  return scans;
}

/** Asked twice, with a scan in between. */
function named(map: SampledPerfMap, address: number, time: number): string | undefined {
  map.lookup(address, time);
  scan(map);
  return map.lookup(address, time)?.name;
}

test('only what was asked for is read', () => {
  using map = mapOf('1000 100 first\n2000 10 second\n');
  look(map, 1);
  expect(scan(map)).toBe(0);
  expect(map.lookup(0x1050, 1)).toBeUndefined();
  expect(map.isCertain(0x1050, 1)).toBe(false);
  expect(scan(map)).toBe(1);
  expect(map.lookup(0x1050, 1)).toEqual({ name: 'first', start: 0x1000, size: 0x100 });
  expect(map.isCertain(0x1050, 1)).toBe(true);
  expect(map.isCertain(0x1050, 2)).toBe(false);
  expect(map.isCertain(0x2000, 1)).toBe(false);
  expect(named(map, 0x2000, 1)).toBe('second');
  expect(named(map, 0x3000, 1)).toBeUndefined();
  expect(map.isCertain(0x3000, 1)).toBe(true);
});

test('says of any address what the whole map says', () => {
  const random = seeded(9);
  for (let round = 0; round < 30; round++) {
    const lines = Array.from({ length: 2000 }, (_, index) => {
      const start = Math.floor(random() * 0x4000);
      const size = Math.floor(random() * (random() < 0.1 ? 0x2000 : 0x40));
      const text = random() < 0.02 ? 'x'.repeat(300_000) : `name_${index}`;
      return random() < 0.05 ? 'no entry' : `${start.toString(16)} ${size.toString(16)} ${text}`;
    });
    const part = round % 2 === 0 ? 2000 : 1000;
    using map = mapOf(`${lines.slice(0, part).join('\n')}\n`);
    const addresses = Array.from({ length: 300 }, () => Math.floor(random() * 0x5000));
    look(map, 1);
    for (const address of addresses.slice(0, 200)) map.lookup(address, 1);
    scan(map);
    if (part < 2000) appendFileSync(file, `${lines.slice(part).join('\n')}\n`);
    look(map, 2);
    for (const address of addresses) map.lookup(address, 2);
    scan(map);
    using whole = PerfMap.open(root, '/perf.map');
    for (const address of addresses)
      expect(map.lookup(address, 2)).toEqual(whole?.lookup(address) as never);
  }
});

test('code that takes the place of other code is told by its time', () => {
  using map = mapOf('1000 100 before\n');
  look(map, 10);
  expect(named(map, 0x1000, 10)).toBe('before');
  map.look(20);
  appendFileSync(file, '1000 100 after\n');
  look(map, 30);
  expect(map.isCertain(0x1000, 30)).toBe(false);
  expect(map.isCertain(0x1000, 20)).toBe(true);
  expect(named(map, 0x1000, 30)).toBe('after');
  expect(map.lookup(0x1000, 20)?.name).toBe('before');
  // Sampled before it grew, and asked for later.
  expect(named(map, 0x1010, 20)).toBe('before');
  expect(map.lookup(0x1010, 30)?.name).toBe('after');
});

test('a file that is written over, made shorter, or replaced is another edition', () => {
  using map = mapOf('1000 100 first\n');
  look(map, 10);
  expect(named(map, 0x1000, 10)).toBe('first');
  writeFileSync(file, '1000 100 other\n');
  look(map, 20);
  expect(named(map, 0x1000, 20)).toBe('other');
  truncateSync(file, 0);
  look(map, 30);
  scan(map);
  look(map, 35);
  expect(map.lookup(0x1000, 35)).toBeUndefined();
  writeFileSync(`${file}.new`, '1000 100 third\n');
  renameSync(`${file}.new`, file);
  const fd = openSync(file, 'r');
  expect(map.isSame(fd)).toBe(false);
  map.replace(fd, 40);
  look(map, 50);
  expect(named(map, 0x1000, 50)).toBe('third');
  expect(map.editions).toBe(4);
  expect([5, 15, 25].map((time) => map.lookup(0x1000, time)?.name)).toEqual([
    'first',
    'first',
    'other',
  ]);
});

test('a line that is not whole yet waits for its end', () => {
  using map = mapOf('1000 100 fir');
  look(map, 1);
  expect(named(map, 0x1000, 1)).toBeUndefined();
  expect(map.isBehind).toBe(false);
  appendFileSync(file, 'st\n');
  look(map, 2);
  expect(named(map, 0x1000, 1)).toBe('first');
});

test('a map of more than one part, of which the file takes long lines too', () => {
  const line = `2000 10 ${'y'.repeat(100)}\n`;
  const long = Buffer.concat([
    Buffer.from(line.repeat(400_000)),
    Buffer.alloc(40 * 2 ** 20, 'z'),
    Buffer.from('\n1000 100 last\n'),
  ]);
  using map = mapOf(long);
  look(map, 1);
  map.lookup(0x1000, 1);
  map.lookup(0x2001, 1);
  expect(scan(map)).toBe(3);
  expect(map.lookup(0x1000, 1)?.name).toBe('last');
  expect(map.lookup(0x2001, 1)?.name).toBe('y'.repeat(100));
  map.lookup(0x1001, 1);
  expect(scan(map)).toBe(3);
  expect(map.lookup(0x1001, 1)?.name).toBe('last');
});

test('millions of lines over each other take time that grows with the file alone', () => {
  using map = mapOf('1 fffffffffff a\n'.repeat(500_000));
  look(map, 1);
  for (let address = 1; address < 100_000; address++) map.lookup(address, 1);
  const { user } = process.cpuUsage();
  scan(map);
  expect((process.cpuUsage().user - user) / 1e6).toBeLessThan(3);
  expect(map.lookup(77, 1)?.name).toBe('a');
});

test('what cannot be scanned is left out; a file is closed after its scan', () => {
  const map = mapOf('1000 100 first\n');
  look(map, 1);
  map.lookup(0x1000, 1);
  const open = map.nextScan();
  map.close();
  expect(map.fd).toBeDefined();
  map.take(open as never, undefined);
  expect(map.fd).toBeUndefined();
  expect(map.isBehind).toBe(false);
  using other = mapOf('1000 100 first\n');
  look(other, 1);
  other.lookup(0x1000, 1);
  other.take(other.nextScan() as never, undefined);
  expect([other.truncated, other.isBehind]).toEqual([true, false]);
});
