import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { execLine, exitLine, failureLine, forkLine, lostLine } from '../../test/recordings.ts';
import { looksLikeEvents, readEvents } from './read-events.ts';
import { nanosecondsOf, parseEvent, type RecordedEvent } from './recorded-event.ts';

const encode = (text: string) => new TextEncoder().encode(text);

async function read(...chunks: Uint8Array[]) {
  const events: RecordedEvent[] = [];
  const lines: string[] = [];
  const counts = await readEvents(chunks, (event, line) => {
    events.push(event);
    lines.push(line);
  });
  return { ...counts, lines, kinds: events.map(({ event }) => event) };
}

const LINES = [
  execLine({ pid: 7 }),
  exitLine({ pid: 7, at: 50 }),
  forkLine({ pid: 7 }, 8),
  failureLine({ pid: 8 }),
  lostLine(3),
];

test('every kind of line is read, as it is, wherever chunks end', async () => {
  const bytes = encode(`${LINES.join('\n')}\n`);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
      const ends = [...cuts, bytes.length].sort((a, b) => a - b);
      const chunks = ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end));
      expect(await read(...chunks)).toMatchObject({
        events: 5,
        foreign: 0,
        isCut: false,
        lines: LINES,
      });
    }),
  );
});

test('what is of another version, of somebody else or cut is counted', async () => {
  const other = [
    '{"event":"exec","pid":"seven"}',
    '{"event":"uprobe","time":"2026-03-01T12:00:00Z"}',
    '{"event":"__proto__"}',
    'hello',
    '[1]',
    'null',
    execLine({ pid: 9 }).replace('2026-03-01', 'yesterday'),
    `${'['.repeat(200_000)}`,
  ];
  const text = `${[LINES[0], ...other, '', LINES[1]].join('\n')}\n{"event":"exit","ti`;
  expect(await read(encode(text))).toMatchObject({
    events: 2,
    foreign: other.length,
    isCut: true,
    kinds: ['exec', 'exit'],
  });
});

test('a last line without its end is read where it is whole', async () => {
  expect(await read(encode(LINES.join('\n')))).toMatchObject({ events: 5, isCut: false });
});

test('a line without end takes no memory without end', async () => {
  const block = encode('x'.repeat(1 << 20));
  function* hostile() {
    yield encode(`${LINES[0]}\n{"event":"`);
    for (let megabytes = 0; megabytes < 200; megabytes++) yield block;
    yield encode(`\n${LINES[1]}\n`);
  }
  const events: RecordedEvent[] = [];
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  const counts = await readEvents(hostile(), (event) => void events.push(event));
  expect(counts).toEqual({ events: 2, foreign: 1, isCut: false });
  expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
});

test('fields that a line lacks, or has of another type, are null; numerals may be numbers', () => {
  const line = exitLine({ pid: 7, at: 9 }, { argv: 'x', uid: -1, userNs: 5, readBytes: '1e9' });
  expect(parseEvent(line)).toMatchObject({
    argv: null,
    uid: null,
    userNs: '5',
    systemNs: null,
    readBytes: null,
    maxRssBytes: null,
    lifetimeNs: '2',
  });
  expect(parseEvent(exitLine({ pid: 7 }, { lifetimeNs: '18446744073709551616' }))).toBe(undefined);
});

test('times have nine digits, or fewer, or none', () => {
  expect(nanosecondsOf('1970-01-01T00:00:01.000000002Z')).toBe(1_000_000_002n);
  expect(nanosecondsOf('1970-01-01T00:00:01.5Z')).toBe(1_500_000_000n);
  expect(nanosecondsOf('1970-01-01T00:00:00Z')).toBe(0n);
  expect(nanosecondsOf('1970-13-01T00:00:00Z')).toBe(undefined);
  expect(nanosecondsOf('1970-01-01T00:00:00+01:00')).toBe(undefined);
});

test('a recording is known by its content', () => {
  expect(looksLikeEvents(encode(`garbage\n${LINES[0]}`))).toBe(true);
  expect(looksLikeEvents(encode('main;a 3\n{"name":"event"}\n'))).toBe(false);
});
