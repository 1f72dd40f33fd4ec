// What `waggle serve` costs with three pages open (flame graph, events, timeline) while 1,000 programs are executed a
// second: script of the pages in each frame, from an execution to its row on a page, the server's CPU and memory over
// the whole time, and what was lost. As root, with Chromium.
//
//   bun bench/serve.ts [SECONDS] [own]
//
// 1800 seconds show that memory is bounded. `own` watches the storm alone, on a host where others are at work.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { cpuSeconds, residentMegabytes } from '../../../bench/process-usage.ts';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { median } from '../../../bench/samples.ts';
import { browserPath } from '../test/open-browser.ts';
import { between, MARK, rowsSeen, watchHops, watchRows } from './hops.ts';
import { type ScriptFrames, scriptFrames, TRACE_CATEGORIES } from './script-frames.ts';

const seconds = Number(process.argv[2] ?? 60);
const isOwn = process.argv[3] === 'own';
const EXECS_A_SECOND = 1000;
/** Of the memory curve. */
const LOOKS = 10;
const MARK_EVERY_MS = 500;
/** The browser's trace of that is some 20 MB. */
const TRACED_MS = 10_000;
/** What ran before is known and named by then. */
const SETTLE_MS = 5000;
const GOAL_MS = 8;
const VIEWS = ['flame', 'events', 'timeline'] as const;

const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));

function compile(source: string, ...flags: readonly string[]): string {
  const output = join(folder, source.replace('.c', ''));
  const path = join(root, 'tests/workloads', source);
  const { status } = spawnSync('cc', ['-O2', ...flags, '-o', output, path]);
  if (status !== 0) throw new Error(`${source} does not compile`);
  return output;
}

/** `waggle serve` with its address, which it prints first. */
async function startServer() {
  const child = Bun.spawn(
    [
      ...[join(root, 'waggle'), 'serve', '--listen', '127.0.0.1:0', '--reveal'],
      ...(isOwn ? ['-p', String(process.pid)] : []),
    ],
    { stdout: 'pipe', stderr: 'ignore' },
  );
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    const url = /^http:\S+$/m.exec(text)?.[0];
    if (url !== undefined) return { child, url };
  }
  throw new Error('waggle serve gave no address');
}

/** The sum of a metric's values. */
async function metric(url: string, name: string): Promise<number> {
  const { origin, hash } = new URL(url);
  const token = hash.slice('#token='.length);
  const answer = await fetch(`${origin}/metrics`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const lines = (await answer.text()).split('\n').filter((line) => line.startsWith(name));
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

const quantile = (sorted: readonly number[], share: number): number | undefined =>
  sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)];

if (browserPath === undefined) {
  const skipped = 'no Chromium (apt-get install chromium)';
  saveRows(import.meta.dir, 'serve', [{ what: 'serve, three pages', skipped }]);
  console.log(`serve, three pages: ${skipped}`);
  process.exit(0);
}
const storm = compile('storm.c');
const tiny = compile('exit_with.c', '-static');
const { child, url } = await startServer();
const browser = await chromium.launch({
  executablePath: browserPath,
  args: ['--no-sandbox'],
});
// A person each: pages of one person may share a thread.
const pages = await Promise.all(
  VIEWS.map(async (view) => {
    const page = await (
      await browser.newContext({ viewport: { width: 1400, height: 900 } })
    ).newPage();
    await page.goto(url);
    await page.locator('#connection.open').waitFor();
    await page.locator(`#tab-${view}`).click();
    return page;
  }),
);
const events = pages[VIEWS.indexOf('events')] as Page;
await Bun.sleep(SETTLE_MS);
const before = residentMegabytes(child.pid);
const count = String(EXECS_A_SECOND * (seconds + 30));
const load = Bun.spawn([storm, count, '0', tiny, `rate=${EXECS_A_SECOND}`], { stdout: 'ignore' });

async function traced(): Promise<ScriptFrames> {
  await browser.startTracing(undefined, { categories: TRACE_CATEGORIES });
  await Bun.sleep(TRACED_MS);
  return scriptFrames((await browser.stopTracing()).toString());
}

// All events first, as a page shows them: what scripts cost is what these cost.
await Bun.sleep(SETTLE_MS);
const first = await traced();
await watchRows(events);
using hops = watchHops(url);
const called = new Map<string, number>();
const execsBefore = await metric(url, 'waggle_execs_total');
const cpuBefore = cpuSeconds(child.pid);
const from = performance.now();
const curve: number[] = [];
/** Of each part, in % of a CPU. */
const busyIn: number[] = [];
let looked = { at: from, cpu: cpuBefore };
let most = 0;
while (performance.now() - from < seconds * 1000) {
  const at = Date.now();
  called.set(String(at), at);
  Bun.spawnSync([tiny, `${MARK}${at}`]);
  most = Math.max(most, residentMegabytes(child.pid));
  if (performance.now() - from >= (curve.length * seconds * 1000) / LOOKS) {
    const now = { at: performance.now(), cpu: cpuSeconds(child.pid) };
    if (curve.length > 0) busyIn.push(((now.cpu - looked.cpu) / (now.at - looked.at)) * 100_000);
    looked = now;
    curve.push(residentMegabytes(child.pid));
  }
  await Bun.sleep(MARK_EVERY_MS);
}
const elapsed = (performance.now() - from) / 1000;
const busy = ((cpuSeconds(child.pid) - cpuBefore) / elapsed) * 100;
const rate = ((await metric(url, 'waggle_execs_total')) - execsBefore) / elapsed;
const lost =
  (await metric(url, 'waggle_lost_events_total')) +
  (await metric(url, 'waggle_lost_samples_total'));
const kept = (await metric(url, 'waggle_self_kept_bytes')) / 1e6;
await Bun.sleep(1000);
const rowsAt = await rowsSeen(events);
const unseen = [...called.keys()].filter((mark) => !rowsAt.has(mark)).length;
// And again, of a server that has kept all of it; all events, as at first.
await events.locator('#event-filter').fill('');
await Bun.sleep(SETTLE_MS);
const last = await traced();
load.kill();
await load.exited;
await browser.close();
child.kill('SIGTERM');
await child.exited;
rmSync(folder, { recursive: true });

const inStorm = `serve, three pages, ${EXECS_A_SECOND} execs a second`;
const script = `${inStorm}: script of a page in a frame`;
const onScreen = `${inStorm}: from an event to its row`;
const frames = [...first.ms, ...last.ms].sort((a, b) => a - b);
const shown = between(hops.kernel, rowsAt);
const rows: BenchRow[] = [
  { what: `${script}, median`, value: median(frames), unit: 'ms', goal: '≤ 8 ms' },
  { what: `${script}, 95 %`, value: quantile(frames, 0.95), unit: 'ms', goal: '≤ 8 ms' },
  { what: `${script}, the longest`, value: frames.at(-1), unit: 'ms', goal: '≤ 8 ms' },
  {
    what: `${script}: of ${frames.length}, longer than ${GOAL_MS} ms`,
    value: frames.filter((ms) => ms > GOAL_MS).length,
    unit: 'frames',
    goal: '0',
  },
  { what: `${onScreen}, median`, value: median(shown), unit: 'ms', goal: '< 300 ms' },
  { what: `${onScreen}, 95 %`, value: quantile(shown, 0.95), unit: 'ms', goal: '< 300 ms' },
  { what: `${onScreen}, the longest`, value: shown.at(-1), unit: 'ms' },
  { what: `${inStorm}: CPU of the server`, value: busy, unit: '% of a CPU' },
  { what: `${inStorm}: memory of the server at most`, value: most, unit: 'MB' },
  { what: `${inStorm}: events and samples kept`, value: kept, unit: 'MB' },
  { what: `${inStorm}: events and samples lost`, value: lost, unit: '', goal: '0' },
  { what: `${inStorm}: marked executions without a row`, value: unseen, unit: '', goal: '0' },
];
console.log(
  `${elapsed.toFixed(0)} s, ${rate.toFixed(0)} execs a second on this host, load ${loadavg()[0]?.toFixed(1)}; ` +
    `${frames.length} frames of ${first.threads} threads, ${called.size} marked executions`,
);
for (const { what, value, unit, goal } of rows)
  console.log(`${what}: ${value?.toFixed(1)} ${unit}${goal === undefined ? '' : ` (${goal})`}`);
for (const [name, part] of [
  ['first', first],
  ['last', last],
] as const)
  for (const { ms, parts } of part.longest)
    console.log(`long frame, ${name} ten seconds: ${ms.toFixed(1)} ms: ${parts.join(', ')}`);
for (const [name, to, since] of [
  ['called to seen by the kernel', hops.kernel, called],
  ['seen by the kernel to a stream of events', hops.stream, hops.kernel],
  ["seen by the kernel to a page's connection", hops.connection, hops.kernel],
  ['seen by the kernel to a row on the screen', rowsAt, hops.kernel],
  ['called to a row on the screen', rowsAt, called],
] as const) {
  const ms = between(since, to);
  console.log(
    `${name}: median ${median(ms)?.toFixed(0)} ms, 95 % ${quantile(ms, 0.95)?.toFixed(0)}, longest ${ms.at(-1)?.toFixed(0)}`,
  );
}
console.log(
  `memory, MB: ${before.toFixed(0)} before, ${curve.map((mb) => mb.toFixed(0)).join(', ')}`,
);
console.log(`CPU, % of one: ${busyIn.map((percent) => percent.toFixed(0)).join(', ')}`);
saveRows(import.meta.dir, 'serve', rows);
