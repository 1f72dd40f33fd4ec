// The promises of the spool: what was put is there after a kill, bounded, and what goes is counted.

import { expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Spool, SpoolError } from './spool.ts';

function fresh() {
  const directory = join(mkdtempSync(join(tmpdir(), 'waggle-spool-')), 'spool');
  const problems: string[] = [];
  const open = (maxBytes = 1 << 20) =>
    new Spool({ directory, maxBytes, onProblem: (message) => problems.push(message) });
  return {
    directory,
    problems,
    open,
    [Symbol.dispose]: () => rmSync(join(directory, '..'), { recursive: true }),
  };
}

/** That many bytes, packed. */
const body = (text: string) => new Uint8Array(gzipSync(text, { level: 0 }));

test('what was put is the next, oldest first, until it is done; a kill changes nothing', () => {
  using folder = fresh();
  const spool = folder.open();
  for (const text of ['one', 'two', 'three']) spool.put('logs', 10, body(text));
  spool.put('metrics', 5, body('m'));
  expect(statSync(folder.directory).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(folder.directory))
    expect(statSync(join(folder.directory, name)).mode & 0o777).toBe(0o600);
  // Another on the same folder, as after a kill.
  const again = folder.open();
  const texts: string[] = [];
  for (let next = again.next('logs'); next !== undefined; next = again.next('logs')) {
    texts.push(Buffer.from(Bun.gunzipSync(again.read(next) ?? new Uint8Array())).toString());
    again.done(next);
  }
  expect(texts).toEqual(['one', 'two', 'three']);
  expect(again.waiting('metrics')).toBe(5);
  again.put('logs', 1, body('four'));
  expect(folder.open().waiting('logs')).toBe(1);
});

test('what a kill has left half written is no request', () => {
  using folder = fresh();
  folder.open();
  writeFileSync(join(folder.directory, `${'1'.padStart(15, '0')}-logs-3.pb.gz.tmp`), 'half');
  const spool = folder.open();
  expect(spool.next('logs')).toBeUndefined();
  expect(readdirSync(folder.directory)).toEqual([]);
});

test('what a loss of power has cut is counted and goes', () => {
  using folder = fresh();
  folder.open().put('logs', 7, body('x'.repeat(1000)));
  const [name = ''] = readdirSync(folder.directory);
  truncateSync(join(folder.directory, name), 100);
  const spool = folder.open();
  const next = spool.next('logs');
  expect(next && spool.read(next)).toBeUndefined();
  expect([spool.lost('logs'), spool.next('logs'), spool.bytes]).toEqual([7, undefined, 0]);
});

test('when it is full the oldest profiles, then metrics, then logs go, and are counted', () => {
  using folder = fresh();
  const spool = folder.open(10_000);
  const big = body('x'.repeat(2000));
  spool.put('profiles', 1, big);
  spool.put('metrics', 20, big);
  for (let at = 0; at < 4; at++) spool.put('logs', 100, big);
  expect([spool.lost('profiles'), spool.lost('metrics'), spool.lost('logs')]).toEqual([1, 20, 0]);
  expect(spool.bytes).toBeLessThanOrEqual(10_000);
  // One that is on its way stays.
  const next = spool.next('logs');
  expect(next && spool.read(next)).toBeDefined();
  for (let at = 0; at < 3; at++) spool.put('logs', 100, big);
  expect(spool.next('logs')).toBe(next);
  expect(spool.lost('logs')).toBe(300);
  expect(folder.problems.length).toBe(1);
  expect(folder.problems[0]).toContain('full');
});

test('where the disk takes nothing, a bounded rest waits in memory, and it is said once', () => {
  using folder = fresh();
  const spool = folder.open(1 << 30);
  rmSync(folder.directory, { recursive: true });
  const big = body('x'.repeat(1 << 20));
  for (let at = 0; at < 6; at++) spool.put('logs', 10, big);
  expect(folder.problems.length).toBe(1);
  expect(spool.waiting('logs') + spool.lost('logs')).toBe(60);
  expect(spool.bytes).toBeLessThanOrEqual(4 << 20);
  const next = spool.next('logs');
  expect(next && spool.read(next)).toEqual(big);
});

test('a folder that cannot be is an error in words', () => {
  using folder = fresh();
  writeFileSync(join(folder.directory, '..', 'spool'), '');
  expect(() => folder.open()).toThrow(SpoolError);
});
