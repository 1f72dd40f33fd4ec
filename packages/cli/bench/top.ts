// What `waggle top` costs, in a terminal of its own: time to the first picture, CPU while nothing happens and in a
// storm of programs, from a key to the changed screen in that storm, what was lost, and memory.
//
//   bun bench/top.ts [IDLE_SECONDS] [STORM_SECONDS]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { residentMegabytes } from '../../../bench/process-usage.ts';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { median } from '../../../bench/samples.ts';
import { compile, cpuPercent, LiveTop } from './live-top.ts';

const idleSeconds = Number(process.argv[2] ?? 30);
const stormSeconds = Number(process.argv[3] ?? 30);
const EXECS_A_SECOND = 1000;
const STARTS = 3;
const KEYS = 20;
const KEY_EVERY_MS = 700;
/** By then the processes that were there are known and what they do has its names. */
const SETTLE_MS = 8000;
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));

const first: number[] = [];
for (let start = 0; start < STARTS; start++) {
  const from = performance.now();
  const top = new LiveTop(folder);
  await top.shows('quit');
  first.push(performance.now() - from);
  await top.quit();
}

const storm = compile(folder, 'storm.c');
const tiny = compile(folder, 'exit_with.c', '-static');
const top = new LiveTop(folder);
await top.shows('quit');
await Bun.sleep(SETTLE_MS);
const idle = await cpuPercent(top.pid, idleSeconds);
const idleMemory = residentMegabytes(top.pid);

const count = String(EXECS_A_SECOND * (stormSeconds + Math.ceil((KEYS * KEY_EVERY_MS) / 1000) + 1));
const load = Bun.spawn([storm, count, '0', tiny, `rate=${EXECS_A_SECOND}`]);
const busy = await cpuPercent(top.pid, stormSeconds);
const keys = [
  ['3', 'callers and callees'],
  ['4', 'copy as'],
] as const;
const latencies = await top.presses(keys, KEYS, KEY_EVERY_MS);
top.type('1');
await Bun.sleep(1000);
const lost = top.lost();
load.kill();
await load.exited;
const stormMemory = residentMegabytes(top.pid);
await top.quit();
rmSync(folder, { recursive: true });

const inStorm = `top, ${EXECS_A_SECOND} execs a second`;
const rows: BenchRow[] = [
  {
    what: 'top, from its start to the first picture',
    value: median(first),
    unit: 'ms',
    goal: '≤ 400 ms',
  },
  {
    what: 'top, nothing happens, 4 pictures a second',
    value: idle,
    unit: '% of a CPU',
    goal: '< 1 % besides sampling',
  },
  { what: `${inStorm}: CPU`, value: busy, unit: '% of a CPU', goal: '< 15 %' },
  {
    what: `${inStorm}: from a key to the changed screen`,
    value: median(latencies),
    unit: 'ms',
    goal: '< 100 ms',
  },
  {
    what: `${inStorm}: the slowest of ${KEYS} keys`,
    value: Math.max(...latencies),
    unit: 'ms',
    goal: '< 100 ms',
  },
  { what: `${inStorm}: events lost`, value: lost, unit: 'events', goal: '0' },
  { what: 'top, memory while nothing happens', value: idleMemory, unit: 'MB', goal: '≤ 130 MB' },
  { what: `${inStorm}: memory`, value: stormMemory, unit: 'MB', goal: '≤ 130 MB' },
];
for (const { what, value, unit, goal } of rows)
  console.log(`${what}: ${value?.toFixed(1)} ${unit} (${goal})`);
saveRows(import.meta.dir, 'top', rows);
