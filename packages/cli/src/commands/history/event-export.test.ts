import { Database } from 'bun:sqlite';
import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreReader, StoreWriter } from '@waggle/store';
import { BOOT_NS, exec, exit, failure, fork } from '../../../../store/test/events.ts';
import { exportEvents } from './event-export.ts';

const SECOND_NS = 1_000_000_000n;
/** More than are read at once, of which each second one ends after many others were born. */
const PROCESSES = 2500;
const folder = mkdtempSync(join(tmpdir(), 'waggle-export-'));
{
  using writer = new StoreWriter({
    ...{ directory: folder, keepMs: 1e12, maxBytes: 1e12, bootId: 'boot-1', bootNs: () => BOOT_NS },
    now: () => Number(BOOT_NS / 1_000_000n) + 1e7,
    onProblem: (message) => {
      throw new Error(message);
    },
  });
  const events = Array.from({ length: PROCESSES }, (_, index) => {
    const at = BigInt(index + 1) * SECOND_NS;
    const it = { pid: 100 + index, start: at, ppid: 1, comm: 'sh' };
    const end = at + (index % 2 === 0 ? 1n : 2000n) * SECOND_NS;
    const exitCode = index % 100 === 0 ? 3 : 0;
    return [
      fork({ pid: 1, start: 0n, comm: 'init', at }, it.pid, at),
      exec({ ...it, at: at + 1n }, ['/bin/sh', `script-${index}`]),
      exec({ ...it, comm: 'job', at: at + 2n }, ['/bin/job', String(index)]),
      ...(index % 500 === 0 ? [failure({ ...it, at: at + 3n }, ['/none'])] : []),
      exit({ ...it, comm: 'job', at: end }, { exitCode }),
    ];
  }).flat();
  writer.addEvents(events.sort((a, b) => (a.time < b.time ? -1 : 1)));
}
const store = new StoreReader(folder);
afterAll(() => {
  store[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

const columnOf = (csv: string, column: number) =>
  csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[column] ?? '');

test('every birth, program, failure and end is an event, in the order of time', async () => {
  const [csv, db] = [join(folder, 'all.csv'), join(folder, 'all.db')];
  const { events, problems } = await exportEvents(store, {}, [csv, db]);
  // init was there before.
  const own = 4 * PROCESSES + 5;
  expect({ events, problems }).toEqual({ events: own + 1, problems: [] });
  const text = readFileSync(csv, 'utf8');
  const times = columnOf(text, 1);
  expect(times).toEqual(times.toSorted());
  const kinds = columnOf(text, 0);
  const count = (kind: string) => kinds.filter((each) => each === kind).length;
  expect([count('fork'), count('exec'), count('exit'), count('failed-exec')]).toEqual([
    ...[PROCESSES + 1, 2 * PROCESSES, PROCESSES, 5],
  ]);
  using database = new Database(db, { readonly: true });
  expect(database.query('SELECT count(*) AS n FROM exit WHERE exitCode = 3').get()).toEqual({
    n: PROCESSES / 100,
  });
});

test('of a span the events in it, and of failures what they were', async () => {
  const path = join(folder, 'some.csv');
  const span = { sinceNs: BOOT_NS + 100n * SECOND_NS, untilNs: BOOT_NS + 110n * SECOND_NS };
  await exportEvents(store, span, [path]);
  const kinds = columnOf(readFileSync(path, 'utf8'), 0);
  // One begins each second, both ends of the span among them, and each second one is over after a second.
  expect(kinds.filter((kind) => kind === 'fork').length).toBe(11);
  expect(kinds.filter((kind) => kind === 'exit').length).toBe(6);
  await exportEvents(store, { failed: true }, [path]);
  const failed = readFileSync(path, 'utf8');
  expect(columnOf(failed, 0).filter((kind) => kind === 'exit').length).toBe(PROCESSES / 100);
  expect(columnOf(failed, 0).filter((kind) => kind === 'failed-exec').length).toBe(5);
  const times = columnOf(failed, 1);
  expect(times).toEqual(times.toSorted());
});
