// What `waggle top` costs, in a terminal of its own: time to the first picture, CPU while nothing happens and in a
// storm of programs, from a key to the changed screen in that storm, what was lost, and memory.
//
//   bun bench/top.ts [IDLE_SECONDS] [STORM_SECONDS]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { cpuSeconds, residentMegabytes } from '../../../bench/process-usage.ts';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { median } from '../../../bench/samples.ts';
import { ScreenText } from './screen-text.ts';

const idleSeconds = Number(process.argv[2] ?? 30);
const stormSeconds = Number(process.argv[3] ?? 30);
const EXECS_A_SECOND = 1000;
const STARTS = 3;
const KEYS = 20;
const KEY_EVERY_MS = 700;
/** By then the processes that were there are known and what they do has its names. */
const SETTLE_MS = 8000;
const root = resolve(import.meta.dir, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));

/** `waggle top` with what it writes. */
class LiveTop {
  readonly #screen = new ScreenText(140, 40);
  readonly #decoder = new TextDecoder();
  readonly #terminal = new Bun.Terminal({
    ...{ cols: 140, rows: 40 },
    data: (_, bytes) => {
      this.#screen.write(this.#decoder.decode(bytes, { stream: true }));
    },
  });
  readonly #child = Bun.spawn([join(root, 'waggle'), 'top'], {
    terminal: this.#terminal,
    env: { ...process.env, TERM: 'xterm-256color', XDG_CONFIG_HOME: folder },
  });

  get pid(): number {
    return this.#child.pid;
  }

  type(keys: string): void {
    this.#terminal.write(keys);
  }

  /** Milliseconds until that is on its screen. */
  async shows(what: string): Promise<number> {
    const from = performance.now();
    while (!this.#screen.has(what)) {
      if (performance.now() - from > 20_000) throw new Error(`top never showed ${what}`);
      await Bun.sleep(1);
    }
    return performance.now() - from;
  }

  /** Events, as it says itself. */
  lost(): number {
    return Number(this.#screen.match(/lost (\d+) events, (\d+) samples/)?.[1] ?? 0);
  }

  async quit(): Promise<void> {
    this.type('q');
    await this.#child.exited;
    this.#terminal.close();
  }
}

/** Of one CPU. */
async function cpuPercent(pid: number, seconds: number): Promise<number> {
  const before = cpuSeconds(pid);
  const from = performance.now();
  await Bun.sleep(seconds * 1000);
  return ((cpuSeconds(pid) - before) / (performance.now() - from)) * 100_000;
}

function compile(source: string, ...flags: readonly string[]): string {
  const output = join(folder, source.replace('.c', ''));
  const { status } = spawnSync('cc', [
    '-O2',
    ...flags,
    '-o',
    output,
    join(root, 'tests/workloads', source),
  ]);
  if (status !== 0) throw new Error(`${source} does not compile`);
  return output;
}

const first: number[] = [];
for (let start = 0; start < STARTS; start++) {
  const from = performance.now();
  const top = new LiveTop();
  await top.shows('quit');
  first.push(performance.now() - from);
  await top.quit();
}

const storm = compile('storm.c');
const tiny = compile('exit_with.c', '-static');
const top = new LiveTop();
await top.shows('quit');
await Bun.sleep(SETTLE_MS);
const idle = await cpuPercent(top.pid, idleSeconds);
const idleMemory = residentMegabytes(top.pid);

const count = String(EXECS_A_SECOND * (stormSeconds + Math.ceil((KEYS * KEY_EVERY_MS) / 1000) + 1));
const load = Bun.spawn([storm, count, '0', tiny, `rate=${EXECS_A_SECOND}`]);
const busy = await cpuPercent(top.pid, stormSeconds);
const latencies: number[] = [];
for (let key = 0; key < KEYS; key++) {
  const [press = '', shown = ''] = key % 2 === 0 ? ['3', 'callers and callees'] : ['4', 'copy as'];
  top.type(press);
  latencies.push(await top.shows(shown));
  await Bun.sleep(KEY_EVERY_MS);
}
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
