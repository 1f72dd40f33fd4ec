// A store whose pages lead back to themselves is read in bounded time, whatever is asked of it, and an agent that is started
// on it puts it aside.

import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { libraryPath } from '@waggle/ffi';
import { CIRCLES } from '../../test/circles.ts';
import { exec, exit } from '../../test/events.ts';
import { freshFolder, processesOf, writerOf } from '../../test/fresh-store.ts';
import { isDamage, StoreError } from '../errors.ts';
import { StoreReader } from '../read/store-reader.ts';
import { bound, setBounds } from './bounds.ts';

const library = await libraryPath();
const MAX_CPU_MS = 5000;

function circular(change: (path: string) => void): string {
  const folder = freshFolder();
  {
    using writer = writerOf(folder);
    writer.addEvents(
      Array.from({ length: 2000 }, (_, index) => {
        const who = { pid: 10 + index, start: BigInt(index) * 10n, at: BigInt(index) * 10n + 5n };
        return [exec(who, ['/bin/a', `${index}`]), exit({ ...who, at: who.at + 1n })];
      }).flat(),
    );
  }
  // A file of its own, without a log: the writer's connection may be open until its statements are collected.
  const copy = freshFolder();
  const path = join(copy, 'waggle.db');
  {
    using database = new Database(join(folder, 'waggle.db'));
    database.run(`VACUUM INTO '${path}'`);
  }
  {
    using database = new Database(path);
    database.run("INSERT INTO loss VALUES (1, 'events', 1)");
    database.run("INSERT INTO gap VALUES (1, 2, 'no agent')");
    database.run('INSERT INTO image SELECT id, startNs, comm, argv, filename FROM process LIMIT 9');
    database.run('INSERT INTO profile VALUES (1, 1, 2, 19, 1, 0, zeroblob(1))');
    database.run(
      `INSERT INTO failure (timeNs, pid, startTime, error) SELECT startNs, pid, startTime, 'ENOENT' FROM process LIMIT 9`,
    );
  }
  change(path);
  return copy;
}

const QUESTIONS: Readonly<Record<string, (reader: StoreReader) => unknown>> = {
  kept: (reader) => reader.kept,
  history: (reader) => [...reader.history({})],
  'history of a span': (reader) => [...reader.history({ sinceNs: 0n })],
  failures: (reader) => [...reader.history({ failed: true })],
  at: (reader) => reader.at(1n << 61n),
  summary: (reader) => reader.summary({}),
  identities: (reader) => reader.identities({}),
  earlierPrograms: (reader) => reader.earlierPrograms([1, 2, 3]),
  activity: (reader) => reader.activity({}, 1_000_000_000n),
  nextMoment: (reader) => reader.nextMoment(5n),
  lastMoment: (reader) => reader.lastMoment(1n << 61n),
  gaps: (reader) => reader.gaps({}),
  samples: (reader) => [...reader.samples({})],
  profile: (reader) => reader.profile({}, 'here'),
  sql: (reader) => [...reader.sql('SELECT timeNs, count FROM loss')],
  // Of each table by the smallest tree that has all its rows: an index where there is one.
  ...Object.fromEntries(
    ['process', 'failure', 'loss'].map((table) => [
      `the number of rows of ${table}`,
      (reader: StoreReader) => [...reader.sql(`SELECT count(*) FROM ${table}`)],
    ]),
  ),
};

/** Its answer, or the error; within the time. */
function asked(question: () => unknown): unknown {
  const before = process.threadCpuUsage();
  try {
    return question();
  } catch (error) {
    if (error instanceof StoreError || isDamage(error)) return error;
    throw error;
  } finally {
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(MAX_CPU_MS);
  }
}

test.each(Object.entries(CIRCLES))(
  '%s: each question is answered, or damage is said, in time',
  (_, change) => {
    const folder = circular(change);
    const opened = asked(() => new StoreReader(folder, { library }));
    if (!(opened instanceof StoreReader)) return;
    using reader = opened;
    for (const question of Object.values(QUESTIONS)) asked(() => question(reader));
  },
  120_000,
);

test.each(Object.entries(CIRCLES))(
  '%s: the agent that is started on it puts it aside or goes on with it',
  (_, change) => {
    const folder = circular(change);
    asked(() => {
      using writer = writerOf(folder, { library, onProblem: () => {} });
      writer.addEvents([exit({ pid: 5, start: 1n, at: 2n })]);
    });
    expect(asked(() => processesOf(folder).some(({ pid }) => pid === 5))).toBe(true);
  },
  120_000,
);

test('a question of a person may take longer, and nothing is left of that', () => {
  const folder = circular(() => {});
  using reader = new StoreReader(folder, { library });
  const many =
    'WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more LIMIT 200000) SELECT n FROM more';
  expect([...reader.sql(many, { patient: true })].length).toBe(200_000);
  expect(() => [...reader.sql(many)]).toThrow(/takes longer than a store of this size should/);
  expect([...reader.history({})].length).toBeGreaterThan(1999);
});

test('rows are counted for each question that is asked by turns with others', () => {
  using database = new Database(':memory:');
  expect(bound(database, library)).toBe(true);
  setBounds(database, { milliseconds: 60_000, rows: 1000 });
  const endless =
    'WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more) SELECT n FROM more';
  let rows = 0;
  expect(() => {
    for (const _ of database.query(endless).iterate()) {
      rows++;
      database.query('SELECT 1').get();
      database.query('SELECT 2').get();
    }
  }).toThrow(/interrupted/);
  expect(rows).toBe(1001);
  expect(database.query('SELECT 3 AS three').get()).toEqual({ three: 3 });
});

test('rows are counted as SQLite counts them', () => {
  using plain = new Database(':memory:');
  using bounded = new Database(':memory:');
  expect(bound(bounded, library)).toBe(true);
  for (const database of [plain, bounded]) {
    database.run('CREATE TABLE some (a INTEGER PRIMARY KEY, b)');
    database.run('CREATE TABLE none (a)');
    database.run('CREATE INDEX some_b ON some (b)');
    database.run(
      'WITH RECURSIVE more(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM more LIMIT 1000) INSERT INTO some SELECT n, nullif(n % 7, 3) FROM more',
    );
    database.run('CREATE VIEW counted AS SELECT b, count(*) AS n FROM some GROUP BY b');
    database.run('PRAGMA trusted_schema = OFF');
  }
  for (const question of [
    'SELECT count(*) FROM some',
    'SELECT count() AS n, count(b) AS with_b, count(DISTINCT b) AS b FROM some',
    'SELECT count(*) FROM none',
    'SELECT a, count(*) FROM none GROUP BY a',
    'SELECT count(*) FILTER (WHERE b = 2) AS n FROM some',
    'SELECT b, count(*) AS n FROM some GROUP BY b HAVING count(*) > 142 ORDER BY count(*) DESC, b',
    'SELECT a, count(*) OVER (ORDER BY a ROWS 3 PRECEDING) AS n FROM some LIMIT 10',
    'SELECT a, count(*) OVER (PARTITION BY b) AS n FROM some ORDER BY a LIMIT 10',
    'SELECT count(*) FROM (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT a FROM some)',
    'SELECT (SELECT count(*) FROM some WHERE b = outer.b) AS n FROM some AS outer LIMIT 9',
    'SELECT * FROM counted',
  ])
    expect({ question, rows: bounded.query(question).all() }).toEqual({
      question,
      rows: plain.query(question).all(),
    });
});

test('a person’s question that would read everything is bounded, and says by what', () => {
  const folder = circular(() => {});
  using reader = new StoreReader(folder, { library });
  const endless = 'SELECT count(*) FROM process a, process b, process c, process d';
  const answer = asked(() => [...reader.sql(endless)]);
  expect(answer).toBeInstanceOf(StoreError);
  expect(String(answer)).toMatch(
    /takes longer than a store of this size should: .*a part at a time/,
  );
});

test('what would walk all pages in one step is refused in words, and its name in a text is none', () => {
  const folder = circular(CIRCLES['a table of fifteen levels with one leaf'] ?? (() => {}));
  using reader = new StoreReader(folder, { library });
  const asked = (question: string) => [...reader.sql(question, { patient: true })];
  for (const table of ['dbstat', 'main.dbstat', '"DBSTAT"', "'dbstat'", '[dbstat] AS pages'])
    expect(() => asked(`SELECT count(*) FROM ${table}`)).toThrow(/dbstat is not read here/);
  expect(() => asked("SELECT name FROM dbstat('main', 1)")).toThrow(/dbstat is not read here/);
  expect(() => asked("SELECT 1 FROM json_each('[7]'), dbstat")).toThrow(/dbstat is not read/);
  expect(() => asked('SELECT * FROM loss, dbstat_of_mine')).toThrow(/there are /);
  expect(asked("SELECT value FROM meta WHERE key LIKE '%dbstat%'")).toEqual([]);
  expect(asked("SELECT value FROM json_each('[7]')")).toEqual([{ value: 7n }]);
});
