// `waggle top` on a host with very many processes that sleep: time to the first picture and until all are listed, from
// a key to the changed screen, CPU while nothing happens, and memory.
//
//   bun bench/top-crowd.ts [PROCESSES] [IDLE_SECONDS]

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { residentMegabytes } from '../../../bench/process-usage.ts';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { median } from '../../../bench/samples.ts';
import { compile, cpuPercent, LiveTop } from './live-top.ts';

const processes = Number(process.argv[2] ?? 10_000);
const idleSeconds = Number(process.argv[3] ?? 20);
const STARTS = 3;
const KEYS = 40;
const KEY_EVERY_MS = 300;
const SETTLE_MS = 5000;
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));

const crowd = Bun.spawn([compile(folder, 'crowd.c', '-pthread'), 'processes', String(processes)], {
  ...{ stdin: 'pipe', stdout: 'pipe' },
});
const made = await crowd.stdout.getReader().read();
const ready = Number(/ready (\d+)/.exec(new TextDecoder().decode(made.value))?.[1]);
if (ready !== processes) throw new Error(`only ${ready} processes could be made`);
// It would burn CPU until its input ends.
process.kill(crowd.pid, 'SIGSTOP');
const rows: BenchRow[] = [];
try {
  const first: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    const from = performance.now();
    const top = new LiveTop(folder);
    await top.shows('quit');
    first.push(performance.now() - from);
    await top.quit();
  }
  const top = new LiveTop(folder);
  await top.shows('quit');
  await Bun.sleep(SETTLE_MS);
  const idle = await cpuPercent(top.pid, idleSeconds);
  const memory = residentMegabytes(top.pid);
  const keys = [
    ['t', 'COMMAND (tree)'],
    ['t', 'COMMAND     '],
    ['2', 'colours'],
    ['1', 'sort'],
  ] as const;
  const latencies = await top.presses(keys, KEYS, KEY_EVERY_MS);
  const busyMemory = residentMegabytes(top.pid);
  await top.quit();
  const what = `top, ${processes} processes`;
  const unit = 'ms';
  rows.push(
    { what: `${what}: to the first picture`, value: median(first), unit, goal: '≤ 400 ms' },
    { what: `${what}, nothing happens`, value: idle, unit: '% of a CPU' },
    { what: `${what}: from a key to the screen`, value: median(latencies), unit, goal: '< 100 ms' },
    {
      what: `${what}: the slowest of ${KEYS} keys`,
      ...{ value: Math.max(...latencies), unit, goal: '< 100 ms' },
    },
    { what: `${what}: memory`, value: memory, unit: 'MB', goal: '≤ 130 MB' },
    { what: `${what}: memory after keys`, value: busyMemory, unit: 'MB', goal: '≤ 130 MB' },
  );
} finally {
  crowd.kill('SIGKILL');
  await crowd.exited;
  rmSync(folder, { recursive: true });
}
for (const { what, value, unit, goal } of rows)
  console.log(`${what}: ${value?.toFixed(1)} ${unit}${goal === undefined ? '' : ` (${goal})`}`);
saveRows(import.meta.dir, 'top-crowd', rows);
