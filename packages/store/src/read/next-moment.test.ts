import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BOOT_NS, exec, exit, failure, fork } from '../../test/events.ts';
import { StoreWriter } from '../write/store-writer.ts';
import { StoreReader } from './store-reader.ts';

const SECOND = 1_000_000_000n;
const YEAR = 365n * 86_400n * SECOND;
const folder = mkdtempSync(join(tmpdir(), 'waggle-moments-'));
afterAll(() => {
  reader[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const at = (moment: bigint) => BOOT_NS + moment;
const lives = { pid: 9, start: YEAR, comm: 'long' };

{
  using writer = new StoreWriter({
    ...{ directory: folder, keepMs: 1e12, maxBytes: 1e12, bootId: 'boot-1', bootNs: () => BOOT_NS },
    now: () => Number(at(9n * YEAR) / 1_000_000n),
    onProblem: (message) => {
      throw new Error(message);
    },
  });
  const short = { pid: 8, start: SECOND, comm: 'short' };
  writer.addEvents([
    fork({ pid: 1, start: 0n, comm: 'init', at: SECOND }, 8, SECOND),
    exit({ ...short, at: 3n * SECOND }),
    fork({ pid: 1, start: 0n, comm: 'init', at: YEAR }, 9, YEAR),
    exec({ ...lives, at: YEAR }, ['/bin/a']),
    failure({ ...lives, at: 3n * YEAR }, ['/none']),
    exec({ ...lives, at: 4n * YEAR }, ['/bin/b']),
    exit({ ...lives, at: 6n * YEAR }),
  ]);
  writer.flush();
}
const reader = new StoreReader(folder);

test('what is next is found over years in which nothing was', () => {
  const next = (from: bigint) => reader.nextMoment(at(from));
  expect(next(2n * SECOND)).toBe(at(2n * SECOND));
  expect(next(100n * SECOND)).toBe(at(YEAR));
  expect(next(2n * YEAR)).toBe(at(3n * YEAR));
  expect(next(3n * YEAR + SECOND)).toBe(at(4n * YEAR));
  expect(next(5n * YEAR)).toBe(at(6n * YEAR));
  expect(next(7n * YEAR)).toBeUndefined();
});

test('what was last is not before it, and a short life has its end', () => {
  const last = (until: bigint) => reader.lastMoment(at(until));
  expect(last(7n * YEAR)).toBe(at(6n * YEAR));
  expect(last(5n * YEAR)).toBe(at(4n * YEAR));
  expect(last(3n * YEAR + YEAR / 2n)).toBe(at(3n * YEAR));
  expect(last(YEAR - SECOND)).toBe(at(61n * SECOND));
  expect(last(4n * SECOND)).toBe(at(4n * SECOND));
  expect(reader.lastMoment(1n)).toBeUndefined();
});
