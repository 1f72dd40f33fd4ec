import { describe, expect, test } from 'bun:test';
import { REDACTED } from '@waggle/core/plugins/redaction';
import { parseFolded } from '@waggle/formats';
import { toNs } from '@waggle/store';
import { NOW } from '../test/made-host.ts';
import { END, madeStore } from '../test/made-store.ts';
import { storeProblem } from './recorded/store-problem.ts';

interface Answers {
  readonly type: string;
  readonly recorded: boolean;
  readonly now: number;
  readonly oldest: number;
  readonly step: number;
  readonly columns: readonly string[];
  readonly seconds: readonly (readonly number[])[];
  readonly gaps: readonly object[];
  readonly leftOut: number;
  readonly processes: readonly {
    readonly pid: number;
    readonly samples: number;
    readonly argv: readonly string[];
    readonly exitCode: number | null;
    readonly startTime: string;
    readonly endedAt: string | null;
  }[];
}
const jsonOf = async (answer: Promise<Response>) => (await (await answer).json()) as Answers;
const linesOf = async (answer: Promise<Response>) =>
  (await (await answer).text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
const BEGINNING = `from=${NOW - 1000}&to=${NOW + 60_000}`;
const LAST = 'from=-1m';

describe('a store over HTTP', () => {
  test('is all that there is, and moments are counted from its end', async () => {
    await using made = madeStore();
    const status = await jsonOf(made.ask('/api/status'));
    expect(status).toMatchObject({ recorded: true, now: END });
    const folded = await (await made.ask(`/api/profile?format=folded&${LAST}`)).text();
    expect(folded.trim().split('\n').sort()).toEqual(['other;main;rest 40', 'parent;main;busy 5']);
    const whole = parseFolded(await (await made.ask('/api/profile?format=folded')).text());
    expect(whole.stacks.reduce((sum, { count }) => sum + count, 0)).toBe(135);
    expect(made.failures).toEqual([]);
  });

  test('processes of a span have their CPU time, and their ends', async () => {
    await using made = madeStore();
    const { processes, leftOut } = await jsonOf(made.ask(`/api/processes?${BEGINNING}`));
    expect(leftOut).toBe(0);
    expect(
      processes.map(({ pid, samples, exitCode, endedAt }) => [pid, samples, exitCode, endedAt]),
    ).toContainEqual([11, 30, 3, new Date(NOW + 900).toISOString()]);
    expect(processes.find(({ pid }) => pid === 10)).toMatchObject({
      samples: 60,
      endedAt: null,
      argv: ['/bin/parent', REDACTED],
    });
    const late = await jsonOf(made.ask(`/api/processes?${LAST}`));
    expect(late.processes.map(({ pid, samples }) => [pid, samples])).toEqual(
      expect.arrayContaining([
        [10, 5],
        [20, 40],
      ]),
    );
    expect(late.processes.map(({ pid }) => pid)).not.toContain(11);
  });

  test('one process is shown with all below it', async () => {
    await using made = madeStore();
    const { processes } = await jsonOf(made.ask(`/api/processes?${BEGINNING}`));
    const { startTime = '' } = processes.find(({ pid }) => pid === 10) ?? {};
    for (const scope of ['pid=10', `pid=10&start=${startTime}`]) {
      const folded = await (
        await made.ask(`/api/profile?format=folded&${BEGINNING}&${scope}`)
      ).text();
      expect(folded.trim().split('\n').sort()).toEqual([
        'child;main;work 30',
        'parent;main;busy 60',
      ]);
      const events = await linesOf(made.ask(`/api/events?${BEGINNING}&${scope}`));
      expect(events.map(({ event, pid }) => `${event} ${pid}`)).toEqual([
        'exec 10',
        'fork 10',
        'exec 11',
        'exit 11',
        'failed-exec 10',
      ]);
    }
    // By a link, of a span in which it was not.
    const child = processes.find(({ pid }) => pid === 11)?.startTime;
    await using other = madeStore();
    const elsewhere = await other.ask(`/api/profile?format=folded&${LAST}&pid=11&start=${child}`);
    expect([elsewhere.status, (await elsewhere.text()).trim()]).toEqual([200, '']);
    expect((await other.ask(`/api/processes?${LAST}&pid=999`)).status).toBe(404);
  });

  test('events are lines of trace --json, and there is a page of them', async () => {
    await using made = madeStore(true);
    const events = await linesOf(made.ask('/api/events'));
    expect(events.map(({ event }) => event).join()).toBe(
      'fork,exec,fork,exec,exit,failed-exec,fork,exec,exit',
    );
    expect(events[1]).toMatchObject({ pid: 10, argv: ['/bin/parent', '--password=secret'] });
    expect(events[4]).toMatchObject({
      ...{ event: 'exit', pid: 11, exitCode: 3, signal: null, lifetimeNs: '700000000' },
      time: new Date(NOW + 900).toISOString().replace('Z', '000000Z'),
    });
    const failed = await linesOf(made.ask('/api/events?failed=true'));
    expect(failed.map(({ event }) => event)).toEqual(['exit', 'failed-exec']);
    const page = await (await made.ask(`/api/timeline?${BEGINNING}`)).text();
    expect(page).toContain('What began and ended on hive');
    expect(page).toContain('id="data"');
  });

  test('curves have as many steps as a page has room for, and say when nobody looked', async () => {
    await using made = madeStore();
    const whole = await jsonOf(made.ask('/api/activity'));
    expect(whole.step).toBe(2);
    const sum = (name: string, { columns, seconds }: Answers = whole) =>
      seconds.reduce((total, row) => total + (row[columns.indexOf(name)] ?? 0), 0);
    expect([sum('execs'), sum('forks'), sum('exits'), sum('failures')]).toEqual([3, 3, 2, 2]);
    expect(Math.round(sum('cpuMs') / 10)).toBe(135);
    expect(whole.gaps).toEqual([{ from: NOW + 600_000, to: NOW + 1_200_000, reason: 'no agent' }]);
    const scoped = await jsonOf(made.ask(`/api/activity?${BEGINNING}&pid=10`));
    expect(scoped.step).toBe(1);
    expect([sum('execs', scoped), sum('exits', scoped)]).toEqual([2, 1]);
    expect(Math.round(sum('cpuMs', scoped))).toBe(900);
  });

  test('two spans are compared', async () => {
    await using made = madeStore();
    const base = `baseFrom=${NOW - 1000}&baseTo=${NOW + 60_000}`;
    const diff = await (await made.ask(`/api/diff?format=folded&${LAST}&${base}`)).text();
    expect(diff.trim().split('\n')).toContain('parent;main;busy 60 5');
  });

  test('nothing comes, and who waits for it is told so', async () => {
    await using made = madeStore();
    for (const path of ['/metrics', '/debug/pprof/profile?seconds=1', '/api/profile?seconds=1']) {
      const answer = await made.ask(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect((await jsonOf(Promise.resolve(answer))).type).toBe('urn:waggle:problem:not-live');
    }
    const outside = await made.ask(`/api/profile?from=${END + 600_000}&to=${END + 700_000}`);
    expect([outside.status, (await jsonOf(Promise.resolve(outside))).type]).toEqual([
      404,
      'urn:waggle:problem:span-not-kept',
    ]);
    expect(made.failures).toEqual([]);
  });
});

describe('a store that has what no agent wrote', () => {
  const PATHS = [
    ...['/api/status', '/api/activity', '/api/activity?pid=10', '/api/processes', '/api/events'],
    ...['/api/profile?format=folded', '/api/profile?format=folded&pid=10', '/api/timeline'],
    ...['/api/timeline?format=update', '/api/flame'],
  ];
  /** A row in each table that has none. */
  const MORE = [
    `INSERT INTO loss VALUES (${toNs(NOW + 2000)}, 'exec', 5)`,
    `INSERT INTO host (timeNs) VALUES (${toNs(NOW)})`,
  ];

  function spoiledStore(table: string, column: string, value: string) {
    return madeStore(false, (database) => {
      for (const statement of MORE) database.run(statement);
      database.run(`UPDATE ${table} SET ${column} = ${value}`);
    });
  }

  test('is said so where a curve is made of it, and the rest goes on', async () => {
    await using made = spoiledStore('profile', 'toNs', "'soon'");
    const answer = await made.ask('/api/activity');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      500,
      'application/problem+json',
    ]);
    expect(await answer.json()).toMatchObject({
      type: 'urn:waggle:problem:store-foreign',
      detail: expect.stringContaining('profile.toNs has what is no time'),
    });
    expect((await made.ask('/api/events')).status).toBe(200);
    expect(made.failures).toEqual([]);
  });

  test('is an answer or such a problem, wherever it is', async () => {
    const columns: (readonly [table: string, column: string])[] = [];
    await using whole = madeStore();
    for (const { tableName, name } of whole.reader.sql(
      `SELECT m.name AS tableName, c.name FROM sqlite_schema m, pragma_table_info(m.name) c
       WHERE m.type = 'table' AND m.name IN ('process', 'image', 'failure', 'loss', 'gap', 'host', 'profile', 'text', 'frame', 'stack')
         AND c.name NOT IN ('id', 'digest', 'used')`,
    ))
      columns.push([String(tableName), String(name)]);
    expect(columns.length).toBeGreaterThan(50);
    const wrong: unknown[] = [];
    for (const [table, column] of columns)
      for (const value of ["'soon'", '9223372036854775807']) {
        await using made = await Promise.resolve()
          .then(() => spoiledStore(table, column, value))
          // Who starts it is told on the terminal.
          .catch((error) =>
            storeProblem(error) === undefined ? Promise.reject(error) : undefined,
          );
        if (made === undefined) continue;
        for (const path of PATHS) {
          const answer = await made.ask(path);
          const text = await answer.text();
          if (answer.status === 500 && !/urn:waggle:problem:store-(?:foreign|damaged)/.test(text))
            wrong.push([table, column, value, path, text]);
        }
        if (made.failures.length > 0) wrong.push([table, column, value, made.failures]);
      }
    expect(wrong).toEqual([]);
  }, 120_000);
});
