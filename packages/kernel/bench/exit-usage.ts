// What it costs a process that its exit says what it used: the time that the kernel counts for the programs of
// exec and exit (kernel.bpf_stats_enabled) in an object that reads it and in one that does not. Both are in the
// kernel for the same storms, so that whatever else the machine does is the same for both.
//
//   bun bench/exit-usage.ts [PROCESSES] [ROUNDS]

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LIFECYCLE } from '@waggle/bpf';
import { openNative, RingBuffer } from '@waggle/ffi';
import { KernelSettings, LoadedSources } from '@waggle/kernel';
import { saveRows } from '../../../bench/rows.ts';
import { inRounds } from '../../../bench/samples.ts';
import { ARCHITECTURES, compileObject, INCLUDE_FOLDER } from '../../bpf/src/build/compile.ts';

const processes = Number(process.argv[2] ?? 5000);
const rounds = Number(process.argv[3] ?? 7);
const SWITCH = '/proc/sys/kernel/bpf_stats_enabled';
const workloads = resolve(import.meta.dir, '../../../tests/workloads');
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));
const native = await openNative();

interface Counted {
  readonly ns: number;
  readonly runs: number;
}

function program(name: string, flags: readonly string[]): string {
  const output = join(folder, name);
  const source = join(workloads, `${name}.c`);
  const { status } = spawnSync('cc', ['-O2', ...flags, '-o', output, source], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${name}.c does not compile`);
  return output;
}

function object(name: string, flags: readonly string[]): string {
  const architecture = ARCHITECTURES.find(
    (known) => known.name === (process.arch === 'arm64' ? 'aarch64' : 'x86_64'),
  );
  if (architecture === undefined) throw new Error(`not for ${process.arch}`);
  const output = join(folder, `${name}.bpf.o`);
  const source = join(INCLUDE_FOLDER, 'lifecycle/lifecycle.bpf.c');
  compileObject(source, output, architecture, flags);
  return output;
}

/** Nanoseconds and runs of all programs that this process holds, by their ids. */
function counted(): Map<number, Counted> {
  const programs = new Map<number, Counted>();
  for (const descriptor of readdirSync('/proc/self/fdinfo')) {
    let info = '';
    try {
      info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
    } catch {
      // That of the listing itself.
    }
    const number = (name: string) => Number(new RegExp(`^${name}:\\t(\\d+)$`, 'm').exec(info)?.[1]);
    // Links have the id of their program too.
    if (number('run_cnt') >= 0)
      programs.set(number('prog_id'), { ns: number('run_time_ns'), runs: number('run_cnt') });
  }
  return programs;
}

/** The programs of exec and exit of an object, in the kernel. */
class Attached implements Disposable {
  readonly #sources = new LoadedSources(native);
  readonly #ring: RingBuffer;
  readonly #ids: readonly number[];

  constructor(object: string) {
    const before = counted();
    const { exec = [], exit = [] } = LIFECYCLE.hooks;
    this.#sources.load({ source: { ...LIFECYCLE, hooks: { exec, exit } }, object });
    this.#ids = [...counted().keys()].filter((id) => !before.has(id));
    const { process_events } = LIFECYCLE.skeleton.maps;
    this.#ring = new RingBuffer(native, this.#sources.shared(process_events).raw);
    const settings = new KernelSettings(this.#sources);
    settings.setFilter({ events: ['exec', 'exit'], processes: false, cgroups: false });
    settings.setLifecycleTracking(true);
  }

  drain(): void {
    this.#ring.drain(() => {});
  }

  /** Microseconds an exec and an exit take together. */
  get us(): number {
    const programs = counted();
    const of = (id: number) => programs.get(id) ?? { ns: 0, runs: 0 };
    return this.#ids.map(of).reduce((us, { ns, runs }) => us + ns / (runs || 1) / 1000, 0);
  }

  [Symbol.dispose](): void {
    this.#ring.close();
    this.#sources.close();
  }
}

/** What the two objects take in one storm, the first of them before the second at each event. */
async function storm(first: string, second: string): Promise<readonly [number, number]> {
  using one = new Attached(first);
  using other = new Attached(second);
  const child = Bun.spawn([starter, String(processes), '0', tiny], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const reading = setInterval(() => {
    one.drain();
    other.drain();
  }, 20);
  await child.exited;
  clearInterval(reading);
  return [one.us, other.us];
}

const starter = program('storm', []);
const tiny = program('exit_with', ['-static']);
const reading = object('reading', []);
const silent = object('silent', ['-DWITHOUT_USAGE']);
const was = readFileSync(SWITCH, 'utf8');
const costs: number[] = [];
const whole: number[] = [];
try {
  writeFileSync(SWITCH, '1');
  for (let round = 0; round < rounds; round++) {
    const [readingFirst, silentSecond] = await storm(reading, silent);
    const [silentFirst, readingSecond] = await storm(silent, reading);
    // Who comes second finds in the caches what the first has read; over both orders that is even.
    costs.push((readingFirst + readingSecond - silentFirst - silentSecond) / 2);
    whole.push(readingFirst);
    console.log(`what was used: ${costs.at(-1)?.toFixed(2)} of ${readingFirst.toFixed(2)} µs`);
  }
} finally {
  writeFileSync(SWITCH, was);
  rmSync(folder, { recursive: true });
}
const what = `trace, storm of ${processes}`;
saveRows(import.meta.dir, 'exit-usage', [
  { what: `${what}: what each has used`, unit: 'µs', goal: '≤ 1 µs', ...inRounds(costs) },
  { what: `${what}: programs of exec and exit`, unit: 'µs', ...inRounds(whole) },
]);
