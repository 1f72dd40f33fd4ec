// An hour of an agent beside whatever this host does: is each process of a known script in `waggle history` with the right
// arguments, outcome and resources, is a minute's profile equal to one that was recorded beside it, and does what the agent
// takes stay the same?
//
//   bun bench/hour.ts [MINUTES=62] [PROFILED_MINUTE=17] [FOLDER]
//
// FOLDER (a new one below /var/tmp, which is removed) is to be on a disk. The load is everybody else's: the table has it.

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compare, linesOf } from './hour/compare.ts';
import { KnownScript } from './hour/known-processes.ts';
import { differences, sharesOf } from './hour/same-profile.ts';
import { ProcessCurve } from './process-curve.ts';

const MINUTE_MS = 60_000;
const SPAN_MS = 10_000;
/** Minutes between two runs of the known script. */
const EVERY = 7;
const RATES = [19, 99];

const [minutes = 62, profiledMinute = 17] = process.argv.slice(2, 4).map(Number);
const given = process.argv[4];
const folder = given ?? mkdtempSync('/var/tmp/waggle-hour-');
mkdirSync(folder, { recursive: true });
const waggle = join(resolve(import.meta.dir, '../../..'), 'waggle');
const store = join(folder, 'store');
const mark = `hour${process.pid}x`;
const clock = (ms: number): string => new Date(ms).toISOString();

const agent = spawn(waggle, ['agent', '--store', store], { stdio: ['ignore', 'ignore', 'pipe'] });
const pid = agent.pid ?? 0;
let said = '';
agent.stderr.on('data', (text) => {
  said += text;
});

/** The end of the last span of the profile that the store has, ms since 1970. */
function lastSpanEnd(): number {
  const { stdout } = history('sql', '--json', 'SELECT max(toNs) AS ns FROM profile');
  return Number(BigInt(JSON.parse(stdout).ns) / 1_000_000n);
}

function history(...args: string[]) {
  const [first = '', ...rest] = args;
  return spawnSync(waggle, ['history', first, '--store', store, ...rest], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
}

interface Beside {
  readonly from: number;
  readonly recorders: readonly string[];
  readonly files: readonly string[];
}

/** Records a minute beside the agent, from the beginning of one of the agent's spans on. */
async function recordBeside(callTree: string): Promise<Beside> {
  const burner = spawn(callTree, ['1000000'], { stdio: 'ignore' });
  await Bun.sleep(SPAN_MS);
  const next = lastSpanEnd() + 2 * SPAN_MS;
  await Bun.sleep(Math.max(0, next - Date.now() - 400));
  const files = RATES.map((rate) => join(folder, `beside-${rate}.folded`));
  const recorders = RATES.map((rate, at) =>
    spawn(
      waggle,
      [
        ...['record', '-a', '-F', String(rate), '-d', '60', '--group-by', 'process'],
        ...['-o', files[at] ?? ''],
      ],
      { stdio: 'ignore' },
    ),
  );
  await Promise.all(recorders.map((child) => new Promise((done) => child.once('exit', done))));
  burner.kill();
  return { from: next, files, recorders: recorders.map(({ pid: id }) => String(id)) };
}

function compareProfiles({ from, files, recorders }: Beside): void {
  const span = ['--since', clock(from - SPAN_MS / 4), '--until', clock(from + 6 * SPAN_MS - 3000)];
  const kept = history('profile', ...span, '-o', '-').stdout;
  // Who recorded is not in what it recorded.
  const watchers = [String(pid), ...recorders];
  const own = watchers.map((id) => history('profile', ...span, '-p', id, '-o', '-').stdout);
  const agentShares = sharesOf(minus(kept, own));
  for (const [at, file] of files.entries()) {
    const beside = sharesOf(readFileSync(file, 'utf8'), new Set(watchers));
    for (const what of ['programs', 'functions'] as const) {
      const [one, other] = [agentShares[what], beside[what]];
      const found = differences(one, other);
      console.log(
        `${what}, beside one at ${RATES[at]} Hz: ${one.total} and ${other.total} samples; largest differences ${found
          .slice(0, 5)
          .map((each) => `${each.what} ${each.one.toFixed(2)} % and ${each.other.toFixed(2)} %`)
          .join(', ')}`,
      );
    }
  }
}

/** Folded stacks without those that `parts` count. */
function minus(whole: string, parts: readonly string[]): string {
  const counts = new Map<string, number>();
  const add = (text: string, sign: 1 | -1) => {
    for (const line of text.split('\n')) {
      const cut = line.lastIndexOf(' ');
      if (cut < 0) continue;
      const stack = line.slice(0, cut);
      counts.set(stack, (counts.get(stack) ?? 0) + sign * Number(line.slice(cut + 1)));
    }
  };
  add(whole, 1);
  for (const part of parts) add(part, -1);
  return [...counts].flatMap(([stack, n]) => (n > 0 ? [`${stack} ${n}`] : [])).join('\n');
}

try {
  while (!said.includes('ready')) {
    if (agent.exitCode !== null) throw new Error(`the agent does not start: ${said}`);
    await Bun.sleep(100);
  }
  const began = Date.now();
  console.log(`began at ${clock(began)}; the agent is ${pid}, its files in ${folder}`);
  const script = new KnownScript(folder, mark);
  const curve = new ProcessCurve(pid);
  let beside: Promise<Beside> | undefined;
  console.log('minute  CPU %    MB   host: forks/s  CPUs busy  load');
  for (let minute = 0; minute < minutes; minute++) {
    if (minute === profiledMinute) beside = recordBeside(script.callTree);
    if (minute % EVERY === 1) {
      script.run((minute - 1) / EVERY);
      writeFileSync(
        join(folder, 'known.json'),
        JSON.stringify([script.processes, script.failures]),
      );
    }
    await Bun.sleep(began + (minute + 1) * MINUTE_MS - Date.now());
    const { cpuPercent, megabytes, forks, busy, load } = curve.add(minute + 1);
    console.log(
      `${String(minute + 1).padStart(6)}  ${cpuPercent.toFixed(2).padStart(5)}  ${megabytes.toFixed(0).padStart(4)}  ${forks.toFixed(0).padStart(14)}  ${busy.toFixed(2).padStart(9)}  ${load.toFixed(1)}`,
    );
    writeFileSync(join(folder, 'curve.json'), JSON.stringify(curve.points));
  }
  const minute = await beside;
  writeFileSync(join(folder, 'beside.json'), JSON.stringify(minute ?? null));
  const span = ['--since', clock(began - 1000)];
  const began2 = performance.now();
  const { lines, all } = await linesOf(
    [waggle, 'history', '--store', store, '--json', ...span],
    mark,
  );
  const seconds = (performance.now() - began2) / 1000;
  const result = compare(lines, script.processes, script.failures, all);
  console.log(
    `${result.found} of ${result.known} known processes and failures are there, among ${all} lines (${seconds.toFixed(1)} s); the largest differences: ${result.largest.join(', ')}`,
  );
  for (const line of result.wrong) console.log(`WRONG: ${line}`);
  if (minute !== undefined) compareProfiles(minute);
  const failed = history(
    ...['--failed', '--since', clock(began + MINUTE_MS), '--until', clock(began + 2 * MINUTE_MS)],
    ...['--limit', '1000000'],
  );
  const shown = failed.stdout.split('\n').filter((line) => line.includes(mark));
  const others = shown.filter((line) => !line.includes('-storm --id='));
  console.log(
    `what failed in the second minute, of the script: ${shown.length} lines; without its storm:\n${others.map((line) => line.slice(0, 160)).join('\n')}`,
  );
  console.log(history('--summary').stdout.split('\n').slice(-12).join('\n'));
} finally {
  const ended = new Promise((done) => agent.once('exit', done));
  agent.kill('SIGTERM');
  await ended;
  console.log(said.trim());
  if (given === undefined) rmSync(folder, { recursive: true, force: true });
}
