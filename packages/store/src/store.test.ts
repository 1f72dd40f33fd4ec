import { Database } from 'bun:sqlite';
import { afterEach, describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Profile } from '@waggle/formats';
import fc from 'fast-check';
import { BOOT_NS, exec, exit, failure, fork } from '../test/events.ts';
import { StoreError } from './errors.ts';
import { OVERLAPPING } from './read/bounds.ts';
import type { HistoryProcess } from './read/history.ts';
import { StoreReader } from './read/store-reader.ts';
import { SCHEMA_VERSION } from './schema/schema.ts';
import type { HostState } from './write/host-state.ts';
import { StoreWriter, type StoreWriterOptions } from './write/store-writer.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'waggle-store-'));
  folders.push(folder);
  return folder;
}

const MS = Number(BOOT_NS / 1_000_000n);

function writerOf(directory: string, options: Partial<StoreWriterOptions> = {}): StoreWriter {
  return new StoreWriter({
    directory,
    ...{ keepMs: 1e9, maxBytes: 1e12, bootId: 'boot-1', bootNs: () => BOOT_NS, now: () => MS },
    onProblem: (message) => {
      throw new Error(message);
    },
    ...options,
  });
}

function processesOf(directory: string): HistoryProcess[] {
  using reader = new StoreReader(directory);
  return [...reader.history({})].filter((entry) => entry.event === 'process');
}

describe('a store', () => {
  test('has each process once, with what it ran, its parent and its end', () => {
    const folder = freshFolder();
    const sh = { pid: 7, start: 100n, comm: 'sh' };
    const child = { pid: 8, start: 200n, ppid: 7, comm: 'make' };
    {
      using writer = writerOf(folder);
      writer.addEvents([
        exec({ ...sh, at: 110n }, ['/bin/sh', '-c', 'make']),
        fork({ ...sh, at: 200n }, 8, 200n),
        failure({ ...child, comm: 'sh', at: 205n }, ['/usr/local/bin/make']),
        exec({ ...child, at: 210n }, ['/bin/make', '-j2']),
        exit({ ...child, at: 900n }, { exitCode: 2 }),
      ]);
    }
    using reader = new StoreReader(folder);
    const entries = [...reader.history({})];
    expect(entries).toMatchObject([
      { event: 'process', pid: 7, argv: ['/bin/sh', '-c', 'make'], endNs: null, uid: 1000 },
      {
        ...{ event: 'process', pid: 8, ppid: 7, argv: ['/bin/make', '-j2'], comm: 'make' },
        ...{ startNs: BOOT_NS + 200n, endNs: BOOT_NS + 900n, exitCode: 2, signal: null },
        ...{ userNs: 5n, systemNs: 6n, maxRssBytes: 4096n, readBytes: 7n, writeBytes: 8n },
      },
      { event: 'failed-exec', pid: 8, error: 'ENOENT', argv: ['/usr/local/bin/make'] },
    ]);
    const [shell, make] = entries as HistoryProcess[];
    expect(make?.parent).toBe(shell?.id as number);
    expect([...reader.history({ failed: true })].map(({ event }) => event)).toEqual([
      'failed-exec',
      'process',
    ]);
    expect([...reader.history({ comm: /^sh$/ })].length).toBe(2);
    expect([...reader.history({ sinceNs: BOOT_NS + 901n })].map(({ pid }) => pid)).toEqual([7]);
    expect(reader.at(BOOT_NS + 250n).map(({ pid }) => pid)).toEqual([7, 8]);
    expect(reader.at(BOOT_NS + 900n).map(({ pid }) => pid)).toEqual([7]);
  });

  test('keeps the images that an exec has replaced', () => {
    const folder = freshFolder();
    const it = { pid: 7, start: 100n };
    {
      using writer = writerOf(folder);
      writer.addEvents([
        exec({ ...it, at: 110n }, ['/bin/env', 'a']),
        exec({ ...it, at: 120n }, ['/bin/a']),
      ]);
      writer.flush();
      writer.addEvents([exec({ ...it, at: 130n }, ['/bin/b'])]);
    }
    expect(processesOf(folder)).toMatchObject([{ argv: ['/bin/b'], execs: 3 }]);
    using reader = new StoreReader(folder);
    expect([
      ...reader.sql('SELECT text.value AS argv FROM image JOIN text ON text.id = image.argv'),
    ]).toEqual([{ argv: '["/bin/env","a"]' }, { argv: '["/bin/a"]' }]);
  });

  test('has every process of any history, whenever it is written', () => {
    const life = fc.record({
      pid: fc.integer({ min: 1, max: 5 }),
      length: fc.integer({ min: 1, max: 5 }),
      code: fc.integer({ min: 0, max: 2 }),
      flush: fc.boolean(),
      ends: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(life, { maxLength: 20 }), (lives) => {
        const folder = freshFolder();
        const expected: { pid: number; start: bigint; code: number | null }[] = [];
        {
          using writer = writerOf(folder);
          let time = 100n;
          for (const { pid, length, code, flush, ends } of lives) {
            const start = time;
            time += BigInt(length) * 1000n;
            const who = { pid, start, at: start + 1n };
            writer.addEvents([exec(who, [`/bin/${pid}`])]);
            if (flush) writer.flush();
            if (ends) writer.addEvents([exit({ ...who, at: time }, { exitCode: code })]);
            time += 1000n;
            expected.push({ pid, start, code: ends ? code : null });
          }
        }
        const found = processesOf(folder).map(({ pid, startTime, exitCode }) => ({
          pid,
          start: startTime,
          code: exitCode,
        }));
        expect(found).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test('goes on with another agent: who still runs is one process, who is gone has ended', () => {
    const folder = freshFolder();
    const daemon = { pid: 7, start: 50_000_000n };
    const gone = { pid: 8, start: 60_000_000n };
    {
      using writer = writerOf(folder, { now: () => MS + 1000 });
      writer.addEvents([
        exec({ ...daemon, at: 50_000_001n }, ['/bin/daemon']),
        exec({ ...gone, at: 60_000_001n }, ['/bin/gone']),
      ]);
    }
    {
      using writer = writerOf(folder, { now: () => MS + 5000 });
      // As /proc has it: to a hundredth of a second.
      writer.begin([{ pid: 7, ppid: 1, comm: 'daemon', startTime: 50_000_000n }]);
      writer.addEvents([exit({ ...daemon, at: 90_000_000n }, { exitCode: 3 })]);
    }
    expect(processesOf(folder)).toMatchObject([
      { pid: 7, argv: ['/bin/daemon'], exitCode: 3 },
      { pid: 8, argv: ['/bin/gone'], exitCode: null, endNs: BOOT_NS + 1_000_000_000n },
    ]);
    using reader = new StoreReader(folder);
    expect(reader.summary({}).gaps).toEqual([
      {
        ...{ fromNs: BOOT_NS + 1_000_000_000n, toNs: BOOT_NS + 5_000_000_000n },
        reason: 'agent stopped',
      },
    ]);
  });

  test('says of events that came late only that it has what is before them', () => {
    const folder = freshFolder();
    {
      using writer = writerOf(folder, { now: () => MS + 9000 });
      writer.addEvents([exec({ pid: 7, start: 1n, at: 4_000_000_000n }, ['/bin/a'])]);
      writer.flush();
      using reader = new StoreReader(folder);
      expect(reader.kept?.toNs).toBe(BOOT_NS + 4_000_000_000n);
    }
  });

  test('has one writer at a time, and its files are for its owner only', () => {
    const folder = freshFolder();
    using writer = writerOf(folder);
    writer.flush();
    expect(() => writerOf(folder)).toThrow(/another waggle agent/);
    for (const name of readdirSync(folder))
      expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
  });

  test('of a newer version is refused in words, and left as it is', () => {
    const folder = freshFolder();
    writerOf(folder)[Symbol.dispose]();
    const database = new Database(join(folder, 'waggle.db'));
    database.run(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    database.close();
    const refused = `of version ${SCHEMA_VERSION + 1}, and this waggle knows version ${SCHEMA_VERSION}`;
    expect(() => writerOf(folder)).toThrow(refused);
    expect(() => new StoreReader(folder)).toThrow(refused);
  });

  test('of version 1 is read as it is, and brought up to date by the next agent', () => {
    const folder = freshFolder();
    {
      using writer = writerOf(folder);
      writer.addEvents([exec({ pid: 7, start: 1n, at: 2n }, ['/bin/a'])]);
    }
    const sqlOf = (question: string) => {
      using database = new Database(join(folder, 'waggle.db'));
      return database.query(question).all();
    };
    sqlOf('DROP INDEX process_long');
    sqlOf('DROP VIEW cgroups');
    sqlOf('DROP TABLE cgroup_state');
    sqlOf('PRAGMA user_version = 1');
    using reader = new StoreReader(folder);
    expect([...reader.history({ sinceNs: 0n })].length).toBe(1);
    expect(reader.summary({}).cgroups).toEqual([]);
    writerOf(folder)[Symbol.dispose]();
    expect(sqlOf('PRAGMA user_version')).toEqual([{ user_version: SCHEMA_VERSION }]);
    expect(sqlOf("SELECT name FROM sqlite_master WHERE name = 'process_long'").length).toBe(1);
    expect(sqlOf('SELECT * FROM cgroups')).toEqual([]);
  });

  test('that is damaged is put aside, and what can be read of it is taken over', () => {
    const folder = freshFolder();
    const many = Array.from({ length: 3000 }, (_, index) => ({
      pid: 10 + index,
      start: BigInt(index) * 10n,
      at: BigInt(index) * 10n + 5n,
    }));
    {
      using writer = writerOf(folder);
      writer.addEvents(many.map((who) => exit(who)));
    }
    const file = join(folder, 'waggle.db');
    const bytes = readFileSync(file);
    // Pages in the middle; the first ones are the tables'.
    bytes.fill(0x55, Math.floor(bytes.length * 0.5), Math.floor(bytes.length * 0.52));
    writeFileSync(file, bytes.fill(0x55, 0, 16));
    const problems: string[] = [];
    using writer = writerOf(folder, { onProblem: (message) => problems.push(message) });
    expect(problems).toEqual([expect.stringMatching(/damaged: it is in .*waggle\.db\.damaged-/)]);
    expect(readdirSync(folder).some((name) => name.includes('.damaged-'))).toBe(true);
    writer.addEvents([exit({ pid: 5, start: 1n, at: 2n })]);
    writer.flush();
    expect(processesOf(folder).some(({ pid }) => pid === 5)).toBe(true);
  });

  test('is read with nothing in it, and without one, in words', () => {
    const folder = freshFolder();
    expect(() => new StoreReader(folder)).toThrow(/there is no store in/);
    writeFileSync(join(folder, 'waggle.db'), '');
    expect(() => new StoreReader(folder)).toThrow(/has nothing in it yet/);
    writeFileSync(join(folder, 'waggle.db'), 'no database'.repeat(1000));
    expect(() => new StoreReader(folder)).toThrow(StoreError);
  });

  test.each([
    [['DROP TABLE process', 'CREATE VIEW process AS SELECT 1 AS id'], 'process is a question'],
    [['DROP TABLE text', 'CREATE VIRTUAL TABLE TEXT USING fts5(id)'], 'TEXT is no table of data'],
    [['ALTER TABLE loss ADD COLUMN x AS (zeroblob(1e9))'], 'loss is no table of data'],
  ])('of somebody else whose tables are none is refused: %p', (questions, why) => {
    const folder = freshFolder();
    writerOf(folder)[Symbol.dispose]();
    {
      using database = new Database(join(folder, 'waggle.db'));
      for (const question of ['DROP VIEW processes', ...questions]) database.run(question);
    }
    expect(() => new StoreReader(folder)).toThrow(
      expect.objectContaining({ code: 'foreign', message: expect.stringContaining(why) }),
    );
  });

  test('is read by views of ours, which bound texts, and not by those of the file', () => {
    const folder = freshFolder();
    {
      using writer = writerOf(folder);
      writer.addEvents([exec({ pid: 7, start: 1n, at: 2n }, ['/bin/a'])]);
    }
    {
      using database = new Database(join(folder, 'waggle.db'));
      for (const name of ['processes', 'failed_execs', 'cgroups']) {
        database.run(`DROP VIEW ${name}`);
        database.run(`CREATE VIEW ${name} AS SELECT abs(-9223372036854775808) AS id`);
      }
      database.run("UPDATE text SET value = replace(hex(zeroblob(500000)), '0', 'a')");
    }
    using reader = new StoreReader(folder);
    const [entry] = [...reader.history({})];
    expect(entry).toMatchObject({ pid: 7, comm: '', argv: null });
    expect([...reader.sql('SELECT comm, argv FROM processes')]).toEqual([
      { comm: null, argv: null },
    ]);
    expect([...reader.sql('SELECT * FROM failed_execs')]).toEqual([]);
    expect([...reader.sql('SELECT * FROM cgroups')]).toEqual([]);
  });

  test.each([
    'DELETE FROM process',
    'INSERT INTO meta VALUES (1, 2)',
    'DROP TABLE process',
    'PRAGMA journal_mode = DELETE',
    "ATTACH DATABASE '/tmp/waggle-attached.db' AS other",
    'SELECT 1; DROP TABLE process',
    'SELECT nothing FROM nowhere',
    'no sql',
    '',
  ])('is not changed by %p', (question) => {
    const folder = freshFolder();
    {
      using writer = writerOf(folder);
      writer.addEvents([exit({ pid: 5, start: 1n, at: 2n })]);
    }
    using reader = new StoreReader(folder);
    const ask = () => [...reader.sql(question)];
    expect(ask).toThrow(StoreError);
    expect(processesOf(folder).length).toBe(1);
    expect(existsSync('/tmp/waggle-attached.db')).toBe(false);
  });

  test.each([
    ['', /there is no question/],
    [' -- only a comment', /there is no question/],
    ['SELECT 1; SELECT 2', /one question at a time: "SELECT 2" would be left out/],
    ['SELECT * FROM proceses', /no such table: proceses; there are .*\bprocesses\b/],
  ])('says of the question %p what is wrong with it', (question, message) => {
    const folder = freshFolder();
    writerOf(folder)[Symbol.dispose]();
    using reader = new StoreReader(folder);
    expect(() => [...reader.sql(question)]).toThrow(message);
  });

  test('takes an end, comments and values of its own in a question', () => {
    const folder = freshFolder();
    writerOf(folder)[Symbol.dispose]();
    using reader = new StoreReader(folder);
    for (const question of ["SELECT '--;' AS a;", '/* one */ SELECT 1 AS a; -- and no more\n'])
      expect([...reader.sql(question)].length).toBe(1);
  });
});

describe('what is kept', () => {
  const at = (second: number) => BigInt(second) * 1_000_000_000n;
  const shortLife = (index: number) =>
    exit({ pid: 10 + index, start: at(index), at: at(index) + 1000n });

  test('goes when it is too old, but for who still runs', () => {
    const folder = freshFolder();
    let now = MS;
    using writer = writerOf(folder, { keepMs: 60_000, now: () => now });
    writer.addEvents([exec({ pid: 5, start: 0n, at: 1n }, ['/bin/daemon'])]);
    writer.addEvents(Array.from({ length: 200 }, (_, index) => shortLife(index)));
    writer.flush();
    now = MS + 200_000;
    writer.flush();
    const kept = processesOf(folder);
    expect(kept[0]).toMatchObject({ pid: 5, argv: ['/bin/daemon'] });
    expect(kept.slice(1).map(({ pid }) => pid)).toEqual(
      Array.from({ length: 60 }, (_, index) => 150 + index),
    );
  });

  test('is no more than there is room for: the oldest go', () => {
    const folder = freshFolder();
    let now = MS;
    using writer = writerOf(folder, { maxBytes: 400_000, now: () => now });
    for (let round = 0; round < 60; round++) {
      writer.addEvents(Array.from({ length: 100 }, (_, index) => shortLife(round * 100 + index)));
      now += 10_001;
      writer.flush();
    }
    expect(writer.bytes).toBeLessThan(450_000);
    const kept = processesOf(folder);
    expect(kept.length).toBeGreaterThan(1000);
    expect(kept.at(-1)?.pid).toBe(10 + 5999);
  });

  test('texts that nothing has any more go, those of who still runs stay', () => {
    const folder = freshFolder();
    const hour = 3_600_000;
    let now = MS;
    using writer = writerOf(folder, { keepMs: hour, now: () => now });
    writer.addEvents([
      exec({ pid: 5, start: 0n, at: 1n }, ['/bin/daemon']),
      exec({ pid: 6, start: 2n, at: 3n }, ['/bin/short']),
      exit({ pid: 6, start: 2n, at: 4n }),
    ]);
    writer.flush();
    for (let step = 0; step < 20; step++) {
      now += hour;
      writer.flush();
    }
    using reader = new StoreReader(folder);
    const texts = [...reader.sql('SELECT value FROM text')].map(({ value }) => value);
    expect(texts).toContain('["/bin/daemon"]');
    expect(texts).not.toContain('["/bin/short"]');
  });

  test('texts stay as long as what was last written with them, whenever that was and by which agent', () => {
    const folder = freshFolder();
    const hour = 3_600_000;
    let now = MS;
    const run = (hours: number, pid: number) => {
      const at = BigInt(hours * hour) * 1_000_000n;
      now = MS + hours * hour;
      return exec({ pid, start: at, at: at + 1n }, ['/bin/again', 'and again']);
    };
    const options = { keepMs: 3 * hour, now: () => now };
    const ended = (hours: number, pid: number) => {
      const at = BigInt(hours * hour) * 1_000_000n;
      return exit({ pid, start: at, at: at + 2n });
    };
    {
      using writer = writerOf(folder, options);
      writer.addEvents([run(0, 5), ended(0, 5)]);
    }
    using writer = writerOf(folder, options);
    for (const [hours, pid] of [
      [5, 6],
      [10, 7],
    ] as const) {
      writer.addEvents([run(hours, pid), ended(hours, pid)]);
      writer.flush();
    }
    for (const hours of [12.8, 12.9]) {
      now = MS + hours * hour;
      writer.flush();
    }
    expect(processesOf(folder).map(({ pid, argv }) => ({ pid, argv }))).toEqual([
      { pid: 7, argv: ['/bin/again', 'and again'] },
    ]);
    // Nor is a number remembered whose text is gone.
    writer.addEvents([run(15, 8), ended(15, 8)]);
    writer.flush();
    expect(processesOf(folder).at(-1)?.argv).toEqual(['/bin/again', 'and again']);
  });

  test('waits for a disk that is full, and is written when there is room again', () => {
    const folder = freshFolder();
    const problems: string[] = [];
    let now = MS;
    using writer = writerOf(folder, {
      now: () => now,
      onProblem: (message) => problems.push(message),
    });
    writer.flush();
    // SQLite's own way to have no room: SQLITE_FULL as from a full disk.
    writer.limitPages(1);
    writer.addEvents(Array.from({ length: 2000 }, (_, index) => shortLife(index)));
    writer.flush();
    writer.flush();
    expect(problems).toEqual([expect.stringMatching(/the disk is full/)]);
    now += 3000;
    writer.limitPages(1_000_000);
    writer.flush();
    expect(problems[1]).toMatch(/written to again after 3 s; 0 rows are missing/);
    expect(processesOf(folder).length).toBe(2000);
  });
});

describe('history', () => {
  const SECOND = 1_000_000_000n;

  test('of a span, the newest of it, and of a moment is what a look at every process finds', () => {
    const life = fc.record({
      start: fc.bigInt({ min: 0n, max: 400n }),
      lifetime: fc.option(fc.bigInt({ min: 0n, max: 300n })),
      fails: fc.boolean(),
    });
    const moment = fc.option(fc.bigInt({ min: 0n, max: 700n }), { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(life, { maxLength: 30 }),
        moment,
        moment,
        fc.integer({ min: 0, max: 12 }),
        (lives, since, until, newest) => {
          const folder = freshFolder();
          {
            using writer = writerOf(folder);
            lives.forEach(({ start, lifetime, fails }, index) => {
              const who = { pid: index + 1, start: start * SECOND };
              writer.addEvents([exec({ ...who, at: who.start }, ['/bin/x'])]);
              if (fails) writer.addEvents([failure({ ...who, at: who.start }, ['/none'])]);
              if (lifetime === null) return;
              writer.addEvents([exit({ ...who, at: who.start + lifetime * SECOND })]);
            });
          }
          using reader = new StoreReader(folder);
          const at = (seconds: bigint | undefined) =>
            seconds === undefined ? undefined : BOOT_NS + seconds * SECOND;
          const [sinceNs, untilNs] = [at(since), at(until)];
          const all = [...reader.history({})];
          const fits = all.filter((entry) =>
            entry.event === 'process'
              ? (untilNs === undefined || entry.startNs <= untilNs) &&
                (sinceNs === undefined || entry.endNs === null || entry.endNs >= sinceNs)
              : (untilNs === undefined || entry.timeNs <= untilNs) &&
                (sinceNs === undefined || entry.timeNs >= sinceNs),
          );
          expect([...reader.history({ sinceNs, untilNs })]).toEqual(fits);
          const few = [...reader.history({ sinceNs, untilNs, newest })];
          expect(few).toEqual(newest === 0 ? [] : fits.slice(-newest));
          const moment = sinceNs ?? BOOT_NS;
          expect(reader.at(moment).map(({ id }) => id)).toEqual(
            all
              .filter((entry) => entry.event === 'process')
              .filter(
                ({ startNs, endNs }) => startNs <= moment && (endNs === null || endNs > moment),
              )
              .map(({ id }) => id),
          );
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  test('of a span reads what is near it, by indexes', () => {
    const folder = freshFolder();
    writerOf(folder)[Symbol.dispose]();
    using reader = new StoreReader(folder);
    const plan = [...reader.sql(`EXPLAIN QUERY PLAN ${OVERLAPPING.replaceAll('?', '')}`)];
    expect(plan.map(({ detail }) => String(detail)).filter((line) => /^SCAN/.test(line))).toEqual(
      [],
    );
  });
});

describe('a clock that is set', () => {
  const STEPS_MS = [0, -1, -1000, -3_600_000, -86_400_000 * 400, 1000, 3_600_000];

  test('makes no life longer or shorter, loses nothing, and leaves a store that opens', () => {
    const step = fc.record({
      ms: fc.constantFrom(...STEPS_MS),
      length: fc.integer({ min: 1, max: 1e9 }),
      ends: fc.boolean(),
      isRestarted: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const folder = freshFolder();
        // What the clock says moves what it says of the boot, as for the agent.
        let offset = 0;
        let boot = 1_000_000n;
        const options = {
          bootNs: () => BOOT_NS + BigInt(offset) * 1_000_000n,
          now: () => MS + offset + Number(boot / 1_000_000n),
        };
        let writer = writerOf(folder, options);
        const expected: { pid: number; lifetimeNs: bigint }[] = [];
        steps.forEach(({ ms, length, ends, isRestarted }, index) => {
          const who = { pid: index + 1, start: boot };
          writer.addEvents([exec({ ...who, at: boot + 1n }, [`/bin/${index}`])]);
          writer.addHostState(hostState(options.now()));
          writer.addGap({ from: options.now(), to: options.now() + ms }, 'test');
          writer.flush();
          offset += ms;
          boot += BigInt(length);
          if (ends) {
            const at = boot + BigInt(offset) * 1_000_000n;
            writer.addEvents([exit({ ...who, at }, { exitCode: 0, lifetimeNs: BigInt(length) })]);
            expected.push({ pid: who.pid, lifetimeNs: BigInt(length) });
          }
          if (isRestarted) {
            writer[Symbol.dispose]();
            writer = writerOf(folder, options);
            writer.begin([]);
          }
        });
        writer[Symbol.dispose]();
        using reader = new StoreReader(folder);
        expect([...reader.sql('PRAGMA integrity_check')]).toEqual([{ integrity_check: 'ok' }]);
        const all = [...reader.history({})].filter((entry) => entry.event === 'process');
        expect(all.length).toBe(steps.length);
        const ended = all.filter(({ exitCode }) => exitCode === 0);
        expect(
          ended
            .map(({ pid, startNs, endNs }) => ({ pid, lifetimeNs: (endNs ?? 0n) - startNs }))
            .sort((a, b) => a.pid - b.pid),
        ).toEqual(expected);
        for (const { startNs, endNs } of all)
          if (endNs !== null) expect(endNs >= startNs).toBe(true);
        for (const { fromNs, toNs } of reader.summary({}).gaps) expect(toNs >= fromNs).toBe(true);
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});

const hostState = (now: number): HostState => [
  BigInt(Math.round(now)) * 1_000_000n,
  ...([null, null, null, null, null, null, null, null, null, null] as const),
];

describe('profiles', () => {
  const profile = (name: string, count: number): Profile => ({
    stacks: [
      {
        frames: [
          { name: '7:100', kind: 'process' },
          { name: 'app', kind: 'process' },
          { name: 'main', kind: 'user', object: '/bin/app' },
          { name, kind: 'user', object: '/bin/app' },
        ],
        count,
      },
    ],
    metadata: {
      ...{ host: 'h', frequencyHz: 19, startTime: new Date(MS), durationSeconds: 10 },
      ...{ samples: count, lostSamples: 1 },
    },
  });

  test('are those of the spans that were asked for, added up', () => {
    const folder = freshFolder();
    {
      using writer = writerOf(folder);
      for (let span = 0; span < 6; span++)
        writer.addProfile(profile(span < 3 ? 'early' : 'late', span + 1), {
          from: MS + span * 10_000,
          to: MS + (span + 1) * 10_000,
        });
    }
    using reader = new StoreReader(folder);
    const of = (from: number, to: number, pid?: number) =>
      reader.profile(
        {
          sinceNs: BOOT_NS + BigInt(from) * 1_000_000_000n,
          untilNs: BOOT_NS + BigInt(to) * 1_000_000_000n,
          pid,
        },
        'h',
      );
    const counts = (found: Profile | undefined) =>
      found?.stacks.map(
        ({ frames, count }) => `${frames.map(({ name }) => name).join(';')} ${count}`,
      );
    expect(counts(of(0, 60))).toEqual(['app;main;early 6', 'app;main;late 15']);
    expect(counts(of(20, 40))).toEqual(['app;main;early 3', 'app;main;late 4']);
    expect(of(20, 40)?.metadata).toMatchObject({ samples: 7, lostSamples: 2, durationSeconds: 20 });
    expect(counts(of(0, 60, 8))).toEqual([]);
    expect(of(100, 200)).toBeUndefined();
    // Frames and stacks are stored once.
    expect([...reader.sql('SELECT count(*) AS n FROM stack')]).toEqual([{ n: 2n }]);
    expect([...reader.sql('SELECT count(*) AS n FROM frame')]).toEqual([{ n: 4n }]);
  });
});
