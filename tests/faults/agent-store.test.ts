// An agent that is killed while it writes, and one whose disk is full: nothing is corrupt, what is missing is counted, and
// it is the last second at most.

import { Database } from 'bun:sqlite';
import { afterAll, expect } from 'bun:test';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/deadline.ts';
import { faultRow, IS_LONG } from '../support/fault-row.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'stores';
const root = freshFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** What a kill may cost: a second, and what a busy host lets the agent wait for its turn. */
const LAST_MS = 1000;
const PATIENCE_MS = 3000;
/** Processes of a round that have ended before the kill. */
const FEWEST = 10;
/** Between two processes of the log. */
const PAUSE = '0.05';

const LOGGED = `
i=0
while :; do "$0" --id=0 "$1-$i"; echo "$i $(date +%s%N)"; i=$((i+1)); sleep ${PAUSE}; done`;

interface Logged {
  readonly argument: string;
  /** When its end had been seen, ms since 1970. */
  readonly endedAt: number;
}

/** Processes one after the other, of which a log says when each had ended. */
class Log implements AsyncDisposable {
  #text = '';
  readonly #mark: string;
  readonly #child: Bun.Subprocess<'ignore', 'pipe', 'inherit'>;
  readonly #reading: Promise<void>;

  constructor(mark: string) {
    this.#mark = mark;
    const child = Bun.spawn(['sh', '-c', LOGGED, workload('exit_with'), mark], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    });
    this.#child = child;
    this.#reading = (async () => {
      for await (const bytes of child.stdout) this.#text += new TextDecoder().decode(bytes);
    })();
  }

  get entries(): Logged[] {
    return [...this.#text.matchAll(/^(\d+) (\d+)$/gm)].map(([, number, ns]) => ({
      argument: `${this.#mark}-${number}`,
      endedAt: Number(BigInt(ns ?? 0) / 1_000_000n),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#child.exited;
    await this.#reading;
  }
}

interface Kept {
  readonly arguments: Set<string>;
  /** Until when the agent has read everything, ms since 1970: the next one notes the gap from there. */
  readonly lastAt: number;
}

/** Which of these processes are in the file with their end. It has to be whole. */
function inStore(store: string, mark: string): Kept {
  // As the next agent finds it: with its log. Not read-only, or that would not be taken in.
  using database = new Database(join(store, 'waggle.db'));
  expect(database.query('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  const rows = database
    .query(
      `SELECT text.value AS argv FROM process JOIN text ON text.id = process.argv
       WHERE text.value LIKE ? AND exitCode = 0 AND endNs IS NOT NULL`,
    )
    .all(`%"${mark}-%`) as { readonly argv: string }[];
  const [last] = database
    .query("SELECT value / 1000000 AS ms FROM meta WHERE key = 'lastNs'")
    .all() as { readonly ms: number }[];
  return {
    arguments: new Set(rows.map(({ argv }) => (JSON.parse(argv) as string[]).at(-1) ?? '')),
    lastAt: last?.ms ?? 0,
  };
}

const store = join(root, 'killed');
/** Of each kill, in ms: how old the oldest process is that is missing, and how long before it reading had ended. */
const missing: number[] = [];
const behind: number[] = [];
const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
let kills = 0;
/** Where the next gaps have to begin. */
const lastAt: number[] = [];

faultRow(
  {
    area,
    what: 'SIGKILL of an agent that writes the processes of a storm, at any moment, over and over in one store',
    holds: 'the store is whole, has all but the last second, and the next agent goes on',
    times: [3, 100],
    timeoutMs: IS_LONG ? 3_000_000 : 180_000,
  },
  async (round) => {
    const mark = `kill${process.pid}r${round}`;
    await using agent = new Waggle(['agent', '--store', store]);
    await agent.says(/^waggle: ready/m);
    expect(agent.stderr).not.toMatch(/damaged/);
    let logged: Logged[];
    let killedAt: number;
    {
      await using log = new Log(mark);
      const storm = Bun.spawn(
        [workload('storm'), '100000', '0', workload('exit_with'), 'rate=200'],
        {
          stdio: ['ignore', 'ignore', 'ignore'],
        },
      );
      await Bun.sleep(PATIENCE_MS + 1000 + Math.random() * 1500);
      // On a host that gives the log no time there is more to wait for.
      await eventually('some processes of the log', () => log.entries.length > FEWEST);
      killedAt = Date.now();
      await agent.stop('SIGKILL');
      storm.kill();
      await storm.exited;
      logged = log.entries;
    }
    kills++;
    const kept = inStore(store, mark);
    const before = logged.filter(({ endedAt }) => endedAt < killedAt);
    expect(before.length).toBeGreaterThanOrEqual(FEWEST);
    const gone = before.filter(({ argument }) => !kept.arguments.has(argument));
    // However late it was: what was not read by then lies in the gap that is noted.
    const early = gone.filter(({ endedAt }) => endedAt < kept.lastAt);
    expect({ early, stderr: agent.stderr, waited: killedAt - kept.lastAt }).toMatchObject({
      early: [],
    });
    if (killedAt - kept.lastAt > PATIENCE_MS)
      console.log(`the agent had no time for ${killedAt - kept.lastAt} ms; ${agent.stderr.trim()}`);
    behind.push(killedAt - kept.lastAt);
    missing.push(Math.max(0, ...gone.map(({ endedAt }) => killedAt - endedAt)));
    // Not only now and then, or by the busy moment of a host.
    const median = medianOf(missing);
    if (missing.length >= 3) expect(median).toBeLessThan(LAST_MS * 1.5);
    if (IS_LONG && kills % 10 === 0)
      console.log(
        `${kills} kills: at most ${Math.max(...missing)} ms missing, median ${median} ms; gaps begin ${Math.max(...behind)} ms before the kill at most, median ${medianOf(behind)} ms`,
      );
    using database = new Database(join(store, 'waggle.db'));
    const gaps = database.query('SELECT fromNs / 1000000 AS at FROM gap ORDER BY rowid').all() as {
      readonly at: number;
    }[];
    expect(gaps.map(({ at }) => at)).toEqual(lastAt);
    lastAt.push(kept.lastAt);
  },
);

faultRow(
  {
    area,
    what: 'a disk that is full, of a file system of some megabytes, and has room again',
    holds:
      'the agent goes on, says both, counts what is missing; the store is whole, and so is what comes after',
    times: [1, 10],
  },
  async (round) => {
    const disk = join(root, `disk${round}`);
    mkdirSync(disk);
    expect(Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=8m', 'none', disk]).exitCode).toBe(0);
    try {
      const folder = join(disk, 'store');
      const mark = `full${process.pid}r${round}`;
      await using agent = new Waggle(['agent', '--store', folder]);
      await agent.says(/^waggle: ready/m);
      const ballast = join(disk, 'ballast');
      // All that is left.
      Bun.spawnSync(['dd', 'if=/dev/zero', `of=${ballast}`, 'bs=4k'], { stderr: 'ignore' });
      const storm = Bun.spawn([workload('storm'), '3000', '0', workload('exit_with')], {
        stdio: ['ignore', 'ignore', 'ignore'],
      });
      await storm.exited;
      await agent.says(/nothing can be written to the store in .*: the disk is full/);
      await Bun.spawn([workload('exit_with'), '--id=0', `${mark}-0`]).exited;
      await Bun.sleep(1500);
      expect(agent.hasEnded).toBe(false);
      writeFileSync(ballast, '');
      await agent.says(/the store is written to again after \d+ s; \d+ rows are missing/);
      await Bun.spawn([workload('exit_with'), '--id=0', `${mark}-1`]).exited;
      const { code } = await agent.stop('SIGTERM');
      expect(code).toBe(0);
      // What happened while there was no room waited for it.
      expect([...inStore(folder, mark).arguments].sort()).toEqual([`${mark}-0`, `${mark}-1`]);
      const { stderr } = await Waggle.run(['history', '--store', folder, '--summary']);
      expect(stderr).toBe('');
    } finally {
      Bun.spawnSync(['umount', '-l', disk]);
    }
  },
);

const HOUR_SECONDS = 3600;
const STORM = 300;

faultRow(
  {
    area,
    what: 'the clock of a running agent is set back by an hour, and forward again, between storms',
    holds:
      'each process is there once with its end and how long it lived; nothing is lost or corrupt',
    times: [1, 10],
  },
  async (round) => {
    const folder = join(root, `clock${round}`);
    const mark = `clock${process.pid}r${round}`;
    const shift = join(root, `shift${round}`);
    // Written over and never cut off: it is mapped.
    const setClock = (seconds: number) =>
      writeFileSync(shift, new BigInt64Array([BigInt(seconds)]), { flag: 'r+' });
    writeFileSync(shift, new BigInt64Array(1));
    setClock(0);
    await using agent = new Waggle(['agent', '--store', folder], {
      env: { LD_PRELOAD: workload('shifted_clock'), SHIFTED_CLOCK: shift },
    });
    await agent.says(/^waggle: ready/m);
    const settings = [0, -HOUR_SECONDS, 0];
    for (const [at, seconds] of settings.entries()) {
      setClock(seconds);
      // The host's state is noted every ten seconds.
      await Bun.sleep(seconds < 0 ? 12_000 : 1200);
      await Bun.spawn([workload('exit_with'), '--id=0', `${mark}-${at}`]).exited;
      const first = String(at * STORM);
      await Bun.spawn(
        [workload('storm'), String(STORM), first, workload('exit_with'), 'rate=300'],
        {
          stdio: ['ignore', 'ignore', 'ignore'],
        },
      ).exited;
    }
    await Bun.sleep(1200);
    const { code, stderr } = await agent.stop('SIGTERM');
    expect({ code, problems: stderr.match(/^waggle: warning.*/gm) }).toEqual({
      code: 0,
      problems: null,
    });
    expect([...inStore(folder, mark).arguments].sort()).toEqual(
      settings.map((_, at) => `${mark}-${at}`),
    );
    using database = new Database(join(folder, 'waggle.db'), { safeIntegers: true });
    const storm = database
      .query(
        `SELECT argv, exitCode, lifetimeNs FROM processes
         WHERE argv LIKE '%exit_with","--id=%' AND argv NOT LIKE '%${mark}%' AND filename = ?`,
      )
      .all(workload('exit_with')) as {
      readonly argv: string;
      readonly exitCode: bigint;
      readonly lifetimeNs: bigint;
    }[];
    const ids = storm.map(({ argv }) => Number(/--id=(\d+)/.exec(argv)?.[1])).sort((a, b) => a - b);
    expect(ids).toEqual(Array.from({ length: settings.length * STORM }, (_, id) => id));
    // By the clock of the boot, whatever the other one says meanwhile.
    expect(
      storm.filter(({ lifetimeNs }) => lifetimeNs < 0n || lifetimeNs > 60_000_000_000n),
    ).toEqual([]);
    // It was set: of what is noted by this clock some is an hour before the rest.
    const [noted] = database
      .query('SELECT (max(timeNs) - min(timeNs)) / 1000000000 AS seconds FROM host')
      .all() as { readonly seconds: bigint }[];
    expect(Number(noted?.seconds)).toBeGreaterThan(HOUR_SECONDS - 60);
    expect(database.query('SELECT * FROM loss').all()).toEqual([]);
    expect(database.query('SELECT * FROM profile WHERE fromNs > toNs').all()).toEqual([]);
  },
);
