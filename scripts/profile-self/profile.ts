// Where waggle's own CPU time goes: the command runs under the engine's sampling profiler (--cpu-prof of
// Bun) while there is work for it. Two tables come of it, as markdown: functions by their own time, which is the main
// thread's alone, and threads, since half of a short trace is paid by those that compile and collect.
//
//   npm run profile:self -- trace [PROCESSES]
//   npm run profile:self -- record [SECONDS]
//   npm run profile:self -- agent [PROCESSES]
//   npm run profile:self -- top [PROCESSES]

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [main = '', what = 'trace', size] = process.argv.slice(2);
const root = resolve(import.meta.dir, '../..');
const folder = mkdtempSync(join(tmpdir(), 'waggle-self-'));
const FUNCTIONS = 30;
const SAMPLE_US = 500;
/** Of JavaScriptCore, as ./waggle sets them for a trace. */
const TRACE_ENGINE = {
  BUN_JSC_useFTLJIT: '0',
  BUN_JSC_thresholdForJITAfterWarmUp: '20000',
  BUN_JSC_thresholdForJITSoon: '20000',
  BUN_JSC_forceRAMSize: '67108864',
  BUN_GC_TIMER_DISABLE: '1',
};
const ENGINES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  trace: TRACE_ENGINE,
  agent: TRACE_ENGINE,
  top: {
    BUN_JSC_forceRAMSize: '67108864',
    BUN_JSC_useFTLJIT: '0',
    BUN_JSC_useConcurrentGC: '0',
    BUN_JSC_useWarmUpMarkedBlocks: '0',
  },
};
/** Of a live view: so many a second, over all of its time. */
const TOP_RATE = 1000;
const CLOCK_TICKS_PER_SECOND = 100;
const START_LIMIT_MS = 30_000;
const SETTLE_MS = 500;

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string };
  }[];
  readonly samples: readonly number[];
}

function compile(source: string, flags: readonly string[]): string {
  const output = join(folder, source.replace('.c', ''));
  const { status } = spawnSync('cc', [
    ...flags,
    '-o',
    output,
    join(root, 'tests/workloads', source),
  ]);
  if (status !== 0) throw new Error(`${source} does not compile: cc is needed`);
  return output;
}

/** What the command is given to do, and for how long. */
async function work(): Promise<void> {
  if (what !== 'record') {
    const storm = compile('storm.c', ['-O2']);
    const program = compile('exit_with.c', ['-O2', '-static']);
    const rate = what === 'top' ? [`rate=${TOP_RATE}`] : [];
    const run = spawn(storm, [size ?? '15000', '0', program, ...rate], { stdio: 'ignore' });
    await new Promise((done) => run.once('exit', done));
    return;
  }
  const busy = [1, 2].map(() => spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }));
  await Bun.sleep(Number(size ?? 3) * 1000);
  for (const one of busy) one.kill();
}

/** CPU milliseconds of each kind of thread until now: utime and stime of proc_pid_stat(5). */
function threadsOf(pid: number): Map<string, number> {
  const times = new Map<string, number>();
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'utf8');
    const name =
      Number(tid) === pid ? 'main' : stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    times.set(name, (times.get(name) ?? 0) + (ticks * 1000) / CLOCK_TICKS_PER_SECOND);
  }
  return times;
}

async function started(child: ChildProcess, errors: string): Promise<number> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (!/ready|recording/i.test(readFileSync(errors, 'utf8'))) {
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`waggle ${what} does not start: ${readFileSync(errors, 'utf8')}`);
    await Bun.sleep(20);
  }
  return child.pid ?? 0;
}

function printTable(head: string, rows: readonly (readonly [string, number])[]): void {
  const sum = rows.reduce((total, [, value]) => total + value, 0);
  console.log(`\n| ${head} | ms | share |\n| --- | ---: | ---: |`);
  for (const [name, value] of rows.toSorted(([, a], [, b]) => b - a).slice(0, FUNCTIONS))
    console.log(`| ${name} | ${value.toFixed(0)} | ${((100 * value) / sum).toFixed(1)} % |`);
}

function functionsOf({ nodes, samples }: CpuProfile): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  const times = new Map<string, number>();
  for (const id of samples) {
    const name = names.get(id) || '(anonymous)';
    // A regular expression is its own function, and its source no table's.
    const shown = name.length > 40 ? `${name.slice(0, 39)}…` : name;
    times.set(shown.replaceAll('|', '\\|'), (times.get(shown) ?? 0) + SAMPLE_US / 1000);
  }
  return times;
}

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  trace: ['trace', '--json'],
  agent: ['agent', '--store', join(folder, 'store')],
  top: ['top'],
  record: ['record', '-a', '-F', '999', '-o', join(folder, 'out.folded')],
};
const command = COMMANDS[what];
if (command === undefined)
  throw new Error(`${what} is none of ${Object.keys(COMMANDS).join(', ')}`);
interface Run {
  readonly pid: number;
  end(): Promise<void>;
}

const line = [
  process.execPath,
  ...['--config=/dev/null', '--no-env-file', '--no-install'],
  ...['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${SAMPLE_US}`],
  ...[main, ...command],
];
// As ./waggle runs it.
const env = { ...process.env, ...ENGINES[what] };

async function inTerminal(): Promise<Run> {
  let drawn = 0;
  const terminal = new Bun.Terminal({
    ...{ cols: 140, rows: 40 },
    data: (_, bytes) => {
      drawn += bytes.length;
    },
  });
  const child = Bun.spawn(line, {
    terminal,
    env: { ...env, TERM: 'xterm-256color', XDG_CONFIG_HOME: folder },
  });
  const deadline = performance.now() + START_LIMIT_MS;
  // What asks the terminal who it is is less than a picture.
  while (drawn < 2000) {
    if (child.exitCode !== null || performance.now() > deadline)
      throw new Error(`waggle ${what} does not start`);
    await Bun.sleep(20);
  }
  return {
    pid: child.pid,
    async end() {
      terminal.write('q');
      await child.exited;
      terminal.close();
    },
  };
}

async function inPipes(): Promise<Run> {
  const errors = join(folder, 'stderr');
  const output = openSync(join(folder, 'stdout'), 'w');
  const [program = '', ...rest] = line;
  const child = spawn(program, rest, {
    stdio: ['ignore', output, openSync(errors, 'w')],
    env,
  });
  closeSync(output);
  const ended = new Promise((done) => child.once('exit', done));
  const pid = await started(child, errors);
  return {
    pid,
    async end() {
      child.kill('SIGINT');
      await ended;
      console.log(readFileSync(errors, 'utf8').trim().split('\n').at(-1));
    },
  };
}

try {
  const run = await (what === 'top' ? inTerminal() : inPipes());
  await work();
  await Bun.sleep(SETTLE_MS);
  const threads = threadsOf(run.pid);
  await run.end();
  printTable('thread', [...threads]);
  const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'));
  if (file === undefined) throw new Error('Bun wrote no profile');
  const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
  printTable('function, own time', [...functionsOf(profile)]);
} finally {
  rmSync(folder, { recursive: true });
}
