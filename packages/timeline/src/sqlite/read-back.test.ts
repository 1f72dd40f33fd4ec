// A table and a database give back the events that were written to them, whatever is in these, and what is
// damaged or of somebody else is counted.

import { Database } from 'bun:sqlite';
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { execLine, exitLine, failureLine, forkLine, lostLine } from '../../test/recordings.ts';
import { CSV_HEADER, csvRow } from '../csv/csv-events.ts';
import { jsonLinesOfTable, looksLikeEventTable } from '../csv/read-csv.ts';
import { readEvents } from '../events/read-events.ts';
import { parseEvent, type RecordedEvent } from '../events/recorded-event.ts';
import { isCompleteRecording, jsonLinesOfDatabase, looksLikeDatabase } from './read-sqlite.ts';
import { SqliteEvents } from './sqlite-events.ts';

const encode = (text: string) => new TextEncoder().encode(text);

async function eventsOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const events: RecordedEvent[] = [];
  const counts = await readEvents(chunks, (event) => void events.push(event));
  return { ...counts, events };
}

function databaseOf(lines: readonly string[]): Database {
  const database = new Database(':memory:', { safeIntegers: true });
  const events = new SqliteEvents(database);
  for (const line of lines) events.add(parseEvent(line) as RecordedEvent);
  events.complete();
  return database;
}

const tableOf = (lines: readonly string[]): string =>
  CSV_HEADER + lines.map((line) => csvRow(parseEvent(line) as RecordedEvent)).join('');

// An empty text is none in a table, and half a surrogate pair is no text in any file.
const text = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 12 })
  .map((each) => each.toWellFormed().replaceAll('\0', '_'));
const words = fc.array(fc.oneof(text, fc.constantFrom('=1', "'", '"', 'a,b', '\r\n', '')), {
  maxLength: 4,
});
const u64 = fc.bigInt(0n, 2n ** 64n - 1n).map(String);
const line = fc.oneof(
  fc
    .record({ argv: words, comm: text, cwd: text, stdio: words, cgroupId: u64, environ: words })
    .map(({ comm, ...more }) => execLine({ pid: 7, comm }, more)),
  fc
    .record({ exitCode: fc.nat(255), signal: fc.option(text), maxRssBytes: fc.option(u64) })
    .map((more) => exitLine({ pid: 9, at: 700 }, more)),
  fc.record({ filename: text, argv: words }).map((more) => failureLine({ pid: 8 }, more)),
  fc.nat(9).map((child) => forkLine({ pid: 7 }, child)),
  fc.nat(9).map(lostLine),
);

test('what was written comes back, in its order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 70 }),
      async (lines, size) => {
        const events = lines.map((each) => parseEvent(each) as RecordedEvent);
        using database = databaseOf(lines);
        expect((await eventsOf(jsonLinesOfDatabase(database))).events).toEqual(events);
        const table = encode(tableOf(lines));
        const chunks = Array.from({ length: Math.ceil(table.length / size) }, (_, index) =>
          table.subarray(index * size, (index + 1) * size),
        );
        const read = await eventsOf(jsonLinesOfTable(chunks));
        expect(read).toMatchObject({ foreign: 0, isCut: false });
        expect(read.events).toEqual(events);
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);

const LINES = [execLine({ pid: 7 }), exitLine({ pid: 7, at: 50 })];

test('a table that is cut, or has rows of others, goes as far as it goes', async () => {
  const table = tableOf(LINES);
  expect(looksLikeEventTable(encode(table))).toBe(true);
  expect(looksLikeEventTable(encode('event,what\n1,2'))).toBe(false);
  const cut = await eventsOf(jsonLinesOfTable([encode(table.slice(0, -9))]));
  expect(cut).toMatchObject({ events: [{ event: 'exec' }], isCut: true });
  const foreign = await eventsOf(
    jsonLinesOfTable([encode(`${CSV_HEADER}exec,never,7\r\n${',x'.repeat(500)}\r\n`)]),
  );
  expect(foreign).toMatchObject({ events: [], foreign: 2, isCut: false });
});

test('a row without end takes no memory without end', async () => {
  const block = encode('x'.repeat(1 << 20));
  function* hostile() {
    yield encode(`${CSV_HEADER}exec,"`);
    for (let megabytes = 0; megabytes < 100; megabytes++) yield block;
    yield encode('"\r\n');
    yield encode(tableOf(LINES).slice(CSV_HEADER.length));
  }
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  const read = await eventsOf(jsonLinesOfTable(hostile()));
  expect(read).toMatchObject({ foreign: 1, events: [{}, {}] });
  expect(process.memoryUsage().rss - before).toBeLessThan(200 << 20);
}, 60_000);

test('a database says whether it is whole, and one of somebody else is none', async () => {
  using database = databaseOf(LINES);
  expect(looksLikeDatabase(database.serialize())).toBe(true);
  expect(isCompleteRecording(database)).toBe(true);
  database.run('UPDATE recording SET complete = 0');
  expect(isCompleteRecording(database)).toBe(false);
  // One of an earlier version lacks columns, another has more tables.
  database.run('ALTER TABLE exec DROP COLUMN stdio');
  database.run('CREATE TABLE more (x)');
  expect((await eventsOf(jsonLinesOfDatabase(database))).events).toHaveLength(2);
  using other = new Database(':memory:');
  other.run("CREATE TABLE exec (seq, pid); INSERT INTO exec VALUES (1, 'seven')");
  other.run(
    'CREATE VIEW exit AS WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n) SELECT * FROM n',
  );
  expect(isCompleteRecording(other)).toBe(undefined);
  expect(await eventsOf(jsonLinesOfDatabase(other))).toMatchObject({ events: [], foreign: 1 });
});
