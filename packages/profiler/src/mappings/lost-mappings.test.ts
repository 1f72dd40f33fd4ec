import { expect, test } from 'bun:test';
import { AddressSpaces } from './address-spaces.ts';
import { LostMappings } from './lost-mappings.ts';
import type { Mapping } from './perf-records.ts';

const mapping = (path: string, start: number, inode = 1n): Mapping => ({
  start,
  end: start + 0x1000,
  fileOffset: 0,
  path,
  device: '8:1',
  inode,
});
const PROGRAM = mapping('/program', 0x1000);
const LIBRARY = mapping('/library', 0x8000, 2n);
const OTHER = mapping('/other', 0x1000, 3n);
const MS = 1_000_000n;

function world(mapped: Mapping[] = [PROGRAM]) {
  const spaces = new AddressSpaces();
  const host = { mapped, now: 1000n * MS, looks: 0 };
  const lost = new LostMappings(
    spaces,
    () => {
      host.looks++;
      return host.mapped;
    },
    () => host.now,
  );
  const pathAt = (address: number) => spaces.find(7, address, host.now)?.path;
  return { spaces, host, lost, pathAt };
}

test('without a loss nothing is read', () => {
  const { host, lost } = world();
  lost.recover(7, 0n);
  expect(host.looks).toBe(0);
});

test('a process whose fork was lost is found', () => {
  const { lost, pathAt } = world();
  lost.lost(900n * MS);
  lost.recover(7, 950n * MS);
  expect(pathAt(0x1800)).toBe('/program');
});

test('a library of a known process is added; an exec replaces everything', () => {
  const { spaces, host, lost, pathAt } = world([PROGRAM, LIBRARY]);
  spaces.seed(7, [PROGRAM]);
  lost.lost(900n * MS);
  lost.recover(7, 0n);
  expect([pathAt(0x1800), pathAt(0x8800)]).toEqual(['/program', '/library']);
  host.now += 100n * MS;
  lost.lost(host.now - 10n * MS);
  host.mapped = [OTHER];
  lost.recover(7, 0n);
  expect([pathAt(0x1800), pathAt(0x8800)]).toEqual(['/other', undefined]);
  expect(spaces.find(7, 0x1800, 950n * MS)?.path).toBe('/program');
});

test('a flood does not make it read all the time', () => {
  const { host, lost } = world();
  for (let round = 0; round < 1000; round++) {
    lost.lost(host.now - MS);
    for (let stack = 0; stack < 10; stack++) lost.recover(7, 0n);
    host.now += 10n * MS;
  }
  expect(host.looks).toBeLessThan(25);
});

test('a loss is made good once', () => {
  const { host, lost } = world();
  lost.lost(900n * MS);
  for (let second = 0; second < 10; second++) {
    lost.recover(7, 0n);
    host.now += 1000n * MS;
  }
  expect(host.looks).toBeLessThanOrEqual(2);
});

test('who executed a program since the last loss is not looked at, nor whoever that has forked', () => {
  const { spaces, host, lost } = world([PROGRAM]);
  spaces.seed(7, [PROGRAM]);
  lost.lost(900n * MS);
  host.now += 100n * MS;
  spaces.apply({ type: 'exec', time: host.now, pid: 7 });
  spaces.apply({ type: 'mapping', time: host.now, pid: 7, mapping: OTHER });
  spaces.apply({ type: 'fork', time: host.now + MS, pid: 8, parent: 7 });
  lost.recover(7, 0n);
  lost.recover(8, host.now + MS);
  expect(host.looks).toBe(0);
  host.now += 100n * MS;
  lost.lost(host.now - 10n * MS);
  lost.recover(8, 0n);
  expect(host.looks).toBe(1);
});

test('a child of somebody who was looked at since the last loss is not', () => {
  const { spaces, host, lost } = world([PROGRAM]);
  spaces.seed(7, []);
  lost.lost(900n * MS);
  host.now += MS;
  lost.recover(7, 0n);
  spaces.apply({ type: 'fork', time: host.now + MS, pid: 8, parent: 7 });
  lost.recover(8, host.now + MS);
  expect(host.looks).toBe(1);
  expect(spaces.find(8, 0x1800, host.now + MS)?.path).toBe('/program');
  // Of a parent that nobody has looked at, what it had mapped may have been lost.
  spaces.seed(9, []);
  spaces.apply({ type: 'fork', time: host.now + MS, pid: 10, parent: 9 });
  lost.recover(10, host.now + MS);
  expect(host.looks).toBe(2);
});
