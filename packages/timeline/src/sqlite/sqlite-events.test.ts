import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import {
  execLine,
  exitLine,
  failureLine,
  forkLine,
  lostLine,
  timeAt,
} from '../../test/recordings.ts';
import { parseEvent, type RecordedEvent } from '../events/recorded-event.ts';
import { SqliteEvents } from './sqlite-events.ts';

function filled(...lines: string[]) {
  const database = new Database(':memory:');
  const events = new SqliteEvents(database);
  for (const line of lines) events.add(parseEvent(line) as RecordedEvent);
  return { database, events };
}

test('a table for each kind, with the values of the lines', () => {
  const { database, events } = filled(
    execLine({ pid: 7, at: 10 }, { argv: ["it's", '?'], cgroupId: '18446744073709551615' }),
    exitLine({ pid: 7, at: 57 }, { exitCode: 2, coreDumped: true, maxRssBytes: '4096' }),
    exitLine({ pid: 8, at: 108 }, { signal: 'SIGKILL' }),
    forkLine({ pid: 7 }, 8),
    failureLine({ pid: 8 }),
    lostLine(4),
  );
  events.complete();
  const rows = (sql: string) => database.query(sql).all() as Record<string, unknown>[];
  expect(rows('SELECT * FROM exec')).toMatchObject([
    { seq: 0, time: timeAt(10), argv: '["it\'s","?"]', cgroupId: '18446744073709551615' },
  ]);
  expect(rows('SELECT value FROM exec, json_each(argv)')).toEqual([
    { value: "it's" },
    { value: '?' },
  ]);
  expect(rows('SELECT sum(lifetimeNs) AS sum, count(*) AS runs FROM exit')).toEqual([
    { sum: 150, runs: 2 },
  ]);
  expect(
    rows('SELECT pid FROM exit WHERE exitCode <> 0 OR signal IS NOT NULL ORDER BY seq'),
  ).toEqual([{ pid: 7 }, { pid: 8 }]);
  expect(rows('SELECT coreDumped, maxRssBytes FROM exit WHERE pid = 7')).toEqual([
    { coreDumped: 1, maxRssBytes: 4096 },
  ]);
  expect(rows('SELECT childPid FROM fork')).toEqual([{ childPid: 8 }]);
  expect(rows('SELECT error, filename FROM failed_exec')).toEqual([
    { error: 'ENOENT', filename: '/nowhere' },
  ]);
  expect(rows('SELECT count FROM lost')).toEqual([{ count: 4 }]);
  expect(rows('SELECT * FROM recording')).toEqual([{ version: 1, complete: 1 }]);
  const [{ ns } = { ns: 0 }] = rows(
    `SELECT timeNs - ${BigInt(Date.parse('2026-03-01T12:00:00Z')) * 1_000_000n} AS ns FROM exec`,
  );
  expect(ns).toBe(10);
});

test('what was not committed is not there, and the recording says that it is not whole', () => {
  const { database, events } = filled(execLine({ pid: 7 }));
  events.commit();
  events.add(parseEvent(execLine({ pid: 8 })) as RecordedEvent);
  database.run('ROLLBACK');
  expect(database.query('SELECT pid FROM exec').all()).toEqual([{ pid: 7 }]);
  expect(database.query('SELECT complete FROM recording').all()).toEqual([{ complete: 0 }]);
});
