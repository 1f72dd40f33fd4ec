// The recipes of docs/fleet with real engines behind a real collector: each published query finds what it is for, and
// each query of Grafana's dashboards is one that its engine answers.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './support/deadline.ts';
import {
  ClickHouse,
  publishedQuery,
  type Row,
  recipe,
  sendingAgent,
  startCollector,
  Victoria,
} from './support/fleet.ts';
import { optionalKernelTest, whyNotRoot } from './support/kernel-test.ts';
import { exitCodeOf, run } from './support/processes.ts';
import { serverBuilds } from './support/real-servers.ts';
import type { Waggle } from './support/waggle.ts';
import { copyOfWorkload, freshFolder, workload } from './support/workloads.ts';

interface Target {
  readonly expr?: string;
  readonly rawSql?: string;
  readonly queryType?: string;
}

interface Panel {
  readonly title?: string;
  readonly datasource?: { readonly type?: string };
  readonly targets?: readonly Target[];
}

const published = (name: string): readonly Panel[] =>
  (JSON.parse(readFileSync(recipe(name), 'utf8')) as { readonly panels: readonly Panel[] }).panels;

const queriesOf = (engine: string): readonly string[] =>
  readdirSync(recipe(`queries/${engine}`)).map((name) => `${engine}/${name}`);

/** The same that is asked of each engine. */
const QUESTIONS = [
  'cpu-by-service',
  'failing-jobs-by-host',
  'fork-storms',
  'new-binaries',
  'short-lived-processes',
];

test('each question is answered for both engines, and in a dashboard', () => {
  for (const [engine, extension, dashboard] of [
    ['victorialogs', 'logsql', 'grafana-victoria.json'],
    ['clickhouse', 'sql', 'grafana-clickhouse.json'],
  ] as const) {
    const names = queriesOf(engine);
    for (const question of QUESTIONS) expect(names).toContain(`${engine}/${question}.${extension}`);
    expect(published(dashboard).length).toBeGreaterThanOrEqual(names.length);
  }
});

const builds = serverBuilds('collector', 'victoria', 'chdb');
const NEW = `new${process.pid}`;
const FAILING = `fail${process.pid}`;
/** A minute may end in the middle of it: then one of the two has a hundred. */
const STORM = 250;

/** Without its limit: others do things on this host meanwhile, and come first. */
const whole = (name: string): string =>
  publishedQuery(name).replace(/limit 50\s*$/i, 'limit 100000');

/** A failing job, a storm of forks, a program that nobody knows, one that burns CPU time. */
async function happen(): Promise<void> {
  await exitCodeOf(copyOfWorkload('exit_with', join(freshFolder(), FAILING)), '--id=7');
  await run('sh', '-c', `for i in $(seq ${STORM}); do "$0" --id=0; done`, workload('exit_with'));
  await run(copyOfWorkload('exit_with', join(freshFolder(), NEW)), '--id=0');
  await run(workload('call_tree'), '1500');
}

describe('with real engines', () => {
  let victoria: Victoria;
  let clickhouse: ClickHouse;
  const ending: AsyncDisposable[] = [];

  beforeAll(async () => {
    if ((whyNotRoot() ?? builds.missing) !== undefined) return;
    [victoria, clickhouse] = await Promise.all([Victoria.start(builds), ClickHouse.start(builds)]);
    ending.push(victoria, clickhouse);
    await oldRuns(victoria);
    const toVictoria = await startCollector(builds, recipe('collector-victoria.yaml'), {
      VICTORIALOGS: victoria.logsUrl,
      VICTORIAMETRICS: victoria.metricsUrl,
    });
    const toClickHouse = await startCollector(builds, recipe('collector-clickhouse.yaml'), {
      CLICKHOUSE: clickhouse.url,
      CLICKHOUSE_COMPRESS: 'none',
      CLICKHOUSE_FLUSH: '1s',
    });
    ending.push(toVictoria.server, toClickHouse.server);
    const agents: Waggle[] = await Promise.all([
      sendingAgent(toVictoria.url, '--otlp-signals', 'logs,metrics'),
      sendingAgent(toClickHouse.url),
    ]);
    ending.push(...agents);
    await happen();
    const hasNew = (rows: readonly Row[]) => JSON.stringify(rows).includes(NEW);
    await eventually(
      'both to have what happened',
      async () =>
        hasNew(await victoria.rows(`event_name:="process.exit" "${NEW}"`)) &&
        hasNew(
          await clickhouse.rows(
            `SELECT Body FROM waggle.otel_logs WHERE EventName = 'process.exit' AND Body LIKE '%${NEW}%'`,
          ),
        ),
      100_000,
    );
    await eventually(
      'a profile, and metrics twice',
      async () =>
        (
          await clickhouse.rows(
            `SELECT 1 FROM waggle.otel_profiles WHERE SampleAttributes['process.executable.name'] = 'call_tree'`,
          )
        ).length > 0 && (await victoria.series('rate(waggle_execs_total[5m])')).length > 0,
      100_000,
    );
    for (const agent of agents) await agent.stop('SIGTERM');
  }, 400_000);

  afterAll(async () => {
    for (const each of ending.reverse()) await each[Symbol.asyncDispose]();
  });

  const both = (question: string, check: (rows: readonly Row[], engine: string) => void) =>
    optionalKernelTest(question, builds.missing, async () => {
      check(await victoria.rows(whole(`victorialogs/${question}.logsql`)), 'logs');
      check(await clickhouse.rows(whole(`clickhouse/${question}.sql`)), 'clickhouse');
    });

  both('failing-jobs-by-host', (rows) => {
    const found = rows.find((row) => Object.values(row).includes(FAILING));
    expect(Object.values(found ?? {}).map(String)).toEqual(expect.arrayContaining(['7', '1']));
  });

  both('fork-storms', (rows) => {
    const storms = rows.filter((row) => Object.values(row).includes('sh'));
    expect(Math.max(...storms.map(({ children }) => Number(children)))).toBeGreaterThanOrEqual(100);
  });

  both('new-binaries', (rows, engine) => {
    const paths = rows.map((row) => String(row['process.executable.path'] ?? row.path));
    expect(paths.some((path) => path.endsWith(`/${NEW}`))).toBe(true);
    // An hour and a half ago it ran as well.
    if (engine === 'logs') expect(paths).not.toContain(workload('exit_with'));
  });

  both('cpu-by-service', (rows) => {
    const seconds = rows.map((row) => Number(row.cpu_seconds));
    expect(Math.max(...seconds)).toBeGreaterThan(0.5);
    expect(seconds).toEqual([...seconds].sort((one, other) => other - one));
  });

  both('short-lived-processes', (rows) => {
    const row = rows.find(
      (each) => Object.values(each).includes('exit_with') && Object.values(each).includes('sh'),
    );
    // On a busy host some last longer.
    expect(Number(row?.runs)).toBeGreaterThan(STORM / 5);
    expect(Number(row?.median_ms)).toBeGreaterThan(0);
    expect(Number(row?.median_ms)).toBeLessThan(100);
  });

  optionalKernelTest('a flame graph is a tree in depth-first order', builds.missing, async () => {
    const frames = await clickhouse.rows(publishedQuery('clickhouse/flame-graph.sql'));
    const [all] = frames;
    expect(all).toMatchObject({ level: 0, label: 'all' });
    expect(JSON.stringify(frames)).toContain('"label":"call_tree"');
    // Each is at most one deeper than the one before it, and the parts of all are nearly all.
    const levels = frames.map(({ level }) => Number(level));
    for (const [at, level] of levels.entries())
      if (at > 0) expect(level - (levels[at - 1] ?? 0)).toBeLessThanOrEqual(1);
    const roots = frames.filter(({ level }) => level === 1);
    const total = roots.reduce((sum, { value }) => sum + Number(value), 0);
    expect(total).toBeLessThanOrEqual(Number(all?.value) + 0.001);
    expect(total).toBeGreaterThan(0.8 * Number(all?.value));
  });

  for (const panel of published('grafana-victoria.json'))
    optionalKernelTest(`Victoria answers "${panel.title}"`, builds.missing, async () => {
      for (const { expr = '', queryType } of panel.targets ?? [])
        expect((await answerOf(victoria, panel, expr, queryType)).length).toBeGreaterThan(0);
    });

  for (const panel of published('grafana-clickhouse.json'))
    optionalKernelTest(`ClickHouse answers "${panel.title}"`, builds.missing, async () => {
      for (const { rawSql = '' } of panel.targets ?? []) {
        const sql = rawSql.replaceAll(
          /\$__timeFilter\((\w+)\)/g,
          `$1 >= toDateTime(${Math.floor(Date.now() / 1000) - 3600}) AND $1 <= now()`,
        );
        expect(sql).not.toContain('$');
        expect((await clickhouse.rows(sql)).length).toBeGreaterThan(0);
      }
    });
});

/** As Grafana's datasources ask. */
async function answerOf(
  victoria: Victoria,
  { datasource }: Panel,
  expr: string,
  queryType: string | undefined,
): Promise<readonly unknown[]> {
  const now = Math.floor(Date.now() / 1000);
  const span = { start: String(now - 3600), end: String(now + 60) };
  if (datasource?.type === 'prometheus')
    return victoria.series(expr.replaceAll('$__rate_interval', '5m'));
  if (queryType === 'instant') return victoria.rows(expr, { ...span, limit: '1000' });
  const path = '/select/logsql/stats_query_range';
  const answer = await victoria.ask(path, { query: expr, ...span, step: '1m' });
  return (JSON.parse(answer) as { readonly data: { readonly result: readonly unknown[] } }).data
    .result;
}

/** The workload ran an hour and a half ago, on another host. */
async function oldRuns({ logsUrl }: Victoria): Promise<void> {
  const time = new Date(Date.now() - 90 * 60_000).toISOString();
  const record = {
    _time: time,
    _msg: 'exec exit_with',
    event_name: 'process.exec',
    'host.name': 'other',
    'process.executable.path': workload('exit_with'),
  };
  const response = await fetch(
    `${logsUrl}/insert/jsonline?_stream_fields=host.name,event_name&_time_field=_time&_msg_field=_msg`,
    { method: 'POST', body: `${JSON.stringify(record)}\n` },
  );
  if (!response.ok) throw new Error(await response.text());
}
