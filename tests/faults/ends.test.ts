// Every way to end: any signal at any moment, the terminal that hangs up, stop and continue, kills while
// something is written. Nobody is left behind, files are whole or not there, the exit code says how it was.
// That nothing of ours stays in the kernel, and nobody below, is looked at after each by Waggle itself.

import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/deadline.ts';
import { faultRow } from '../support/fault-row.ts';
import { descendantsOf, isAlive, run, statFields } from '../support/processes.ts';
import { WAGGLE, Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'ends';
const root = freshFolder();
const profile = join(root, 'in.folded');
const agent = join(import.meta.dir, '../../examples/crash-reporter.ts');
const store = join(root, 'store');

beforeAll(async () => {
  const stacks = Array.from({ length: 20_000 }, (_, n) => `main;leaf_${n} ${n + 1}\n`);
  writeFileSync(profile, stacks.join(''));
  await using keeping = new Waggle(['agent', '--store', store]);
  await keeping.says(/^waggle: ready/m);
  await run(workload('storm'), '2000', '0', workload('exit_with'));
  await keeping.stop('SIGTERM');
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SIGNALS: readonly NodeJS.Signals[] = [
  ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGKILL', 'SIGUSR1', 'SIGUSR2'] as const),
  ...(['SIGALRM', 'SIGPIPE', 'SIGABRT', 'SIGSEGV', 'SIGTSTP', 'SIGCONT', 'SIGWINCH'] as const),
];

interface Way {
  readonly name: string;
  readonly args: (out: string) => readonly string[];
  /** By what it ends anyway. */
  readonly code: number;
  /** It goes on until it is told to end: where the signal was none that ends it, SIGTERM comes after. */
  readonly goesOn?: true;
  /** A folder beside its output that it may leave. */
  readonly leaves?: string;
}

/** A shell with a child, who ends soon where a signal is the shell's alone. */
const family = ['--', 'sh', '-c', 'sleep 0.4 & wait; exit 3'];

const WAYS: readonly Way[] = [
  {
    name: 'record of a command',
    args: (out) => ['record', '-o', out, ...family],
    code: 3,
  },
  {
    name: 'record of the host',
    args: (out) => ['record', '-a', '-d', '0.5', '-o', out],
    code: 0,
  },
  { name: 'trace of a command', args: () => ['trace', '--json', ...family], code: 3 },
  { name: 'trace of the host', args: () => ['trace', '--json', '--duration', '0.5'], code: 0 },
  { name: 'run of an agent', args: () => ['run', '--duration', '0.5', agent], code: 0 },
  { name: 'convert', args: (out) => ['convert', profile, out], code: 0 },
  { name: 'ps', args: () => ['ps', '1'], code: 0 },
  {
    name: 'an agent with a store, a page, metrics and a receiver that is away',
    args: (out) => [
      ...['agent', '--store', join(out, '../store'), '--token-file', join(out, '../store.token')],
      ...['--serve', '127.0.0.1:0', '--metrics', '127.0.0.1:0', '--duration', '0.5'],
      ...['--otlp', 'http://127.0.0.1:9', '--otlp-spool', join(out, '../store.spool')],
    ],
    code: 0,
    leaves: 'store',
  },
  { name: 'serve', args: () => ['serve', '--listen', '127.0.0.1:0'], code: 0, goesOn: true },
  {
    name: 'serve of a store',
    args: () => ['serve', '--listen', '127.0.0.1:0', '--store', store],
    code: 0,
    goesOn: true,
  },
  { name: 'top in words', args: () => ['top', '--screen-reader', ...family], code: 3 },
  {
    name: 'history to a file',
    args: (out) => ['history', '--store', store, '-o', `${out.slice(0, -7)}.jsonl`],
    code: 0,
  },
  {
    name: 'history to a database',
    args: (out) => ['history', '--store', store, '-o', `${out.slice(0, -7)}.db`],
    code: 0,
  },
];

/** Still there, of those whose command line says it. */
function leftOf(pids: Iterable<number>): number[] {
  return [...pids].filter((pid) => isAlive(pid));
}

/** Whole, or not there at all; nothing temporary beside it unless nobody could tidy up. */
function expectWhole(folder: string, wasKilled: boolean, leaves?: string): void {
  const names = readdirSync(folder);
  for (const name of ['out.folded', 'out.jsonl']) {
    const out = join(folder, name);
    // Empty where nothing was sampled.
    if (existsSync(out)) expect(readFileSync(out, 'utf8')).toMatch(/^$|\n$/);
  }
  for (const path of [join(folder, 'out.db'), join(folder, 'store/waggle.db')]) {
    if (!existsSync(path)) continue;
    using database = new Database(path);
    expect(database.query('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  }
  const isKnown = (name: string) =>
    /^out\.(folded|jsonl|db)$/.test(name) || (leaves !== undefined && name.startsWith(leaves));
  if (!wasKilled) expect(names.filter((name) => !isKnown(name))).toEqual([]);
}

for (const { name, args, code, goesOn, leaves } of WAYS)
  faultRow(
    {
      area,
      what: `one of ${SIGNALS.length} signals at a random moment of ${name}`,
      holds:
        'it ends in time, as a shell would see it; the file is whole or not there; nobody is left',
      times: [2, 40],
    },
    async (round) => {
      const signal =
        SIGNALS[(round * 5 + Math.floor(Math.random() * 3)) % SIGNALS.length] ?? 'SIGINT';
      const folder = freshFolder();
      await using waggle = new Waggle(args(join(folder, 'out.folded')));
      await Bun.sleep(Math.random() * 900);
      const below = new Set(descendantsOf(waggle.pid));
      waggle.kill(signal);
      if (signal === 'SIGTSTP') {
        await Bun.sleep(100);
        waggle.kill('SIGCONT');
      }
      const told = goesOn && setTimeout(() => waggle.kill('SIGTERM'), 3000);
      const result = await waggle.result().finally(() => clearTimeout(told));
      const number = constants.signals[signal];
      const endedAs = result.signal === null ? result.code : 128 + constants.signals[result.signal];
      expect({ signal, endedAs }).toEqual({
        signal,
        // By itself before it came, by a graceful end, or by the signal.
        endedAs: [code, 0, 130, 128 + number].includes(endedAs) ? endedAs : code,
      });
      expectWhole(folder, result.signal !== null, leaves);
      // With a SIGKILL nobody could end the command; everything else ends or hands on.
      if (signal !== 'SIGKILL')
        await eventually(
          `end of those below after ${signal}`,
          () => leftOf(below).length === 0,
          5000,
        );
    },
  );

describe('two signals', () => {
  for (const [name, command] of [
    ['a command', ['--', 'sh', '-c', 'trap "" INT TERM; sleep 987 & wait; sleep 987']],
    ['the host', ['-a']],
  ] as const)
    faultRow(
      {
        area,
        what: `two or more of SIGINT and SIGTERM to record of ${name}, at random moments`,
        holds: 'it ends, the command with all below it too, and the profile is there or 130',
        times: [2, 30],
      },
      async () => {
        const folder = freshFolder();
        const out = join(folder, 'out.folded');
        await using waggle = await Waggle.record(['-o', out, ...command]);
        await Bun.sleep(Math.random() * 200);
        const below = new Set(descendantsOf(waggle.pid));
        waggle.kill('SIGINT');
        await Bun.sleep(40 + Math.random() * 150);
        for (const pid of descendantsOf(waggle.pid)) below.add(pid);
        // On a busy host two that are handled within a moment count as one: as a person would, again.
        const again = () => waggle.kill(Math.random() < 0.5 ? 'SIGINT' : 'SIGTERM');
        again();
        const timer = setInterval(again, 3000);
        const { code } = await waggle.result().finally(() => clearInterval(timer));
        expect([0, 130]).toContain(code);
        if (code === 0) expect(existsSync(out)).toBe(true);
        expectWhole(folder, true);
        await eventually('the end of those below', () => leftOf(below).length === 0, 5000);
      },
    );
});

faultRow(
  {
    area,
    what: 'the terminal hangs up while a command is recorded or traced',
    holds: 'the command gets its SIGHUP, the profile is written, nobody is left',
    times: [1, 15],
  },
  async (round) => {
    const folder = freshFolder();
    const out = join(folder, 'out.folded');
    const mark = join(folder, 'mark');
    const command = `-- sh -c 'echo $$ >${mark}; exec sleep 987'`;
    const line =
      round % 2 === 0
        ? `exec ${WAGGLE[0]} record -o ${out} ${command}`
        : `exec ${WAGGLE[0]} trace --json ${command} >${out}`;
    // script(1) makes the terminal; with it ends, its other side hangs up.
    const terminal = Bun.spawn(['script', '-qfc', line, '/dev/null'], {
      stdin: 'pipe',
      stdout: 'ignore',
      stderr: 'ignore',
    });
    // The file is there a moment before the number in it.
    const pid = await eventually('the command', () => {
      const text = existsSync(mark) ? readFileSync(mark, 'utf8') : '';
      return text.endsWith('\n') && Number(text);
    });
    const waggle = Number(statFields(pid)?.[4]);
    await Bun.sleep(300);
    terminal.kill('SIGKILL');
    await terminal.exited;
    await eventually('waggle to end', () => !isAlive(waggle));
    expect(isAlive(pid)).toBe(false);
    expect(readFileSync(out, 'utf8').endsWith('\n') || round % 2 === 0).toBe(true);
    expect(existsSync(out)).toBe(true);
  },
);

faultRow(
  {
    area,
    what: 'SIGSTOP to trace for a moment, while 1,500 processes run, then SIGCONT',
    holds: 'every event is there or counted as lost',
    times: [1, 20],
  },
  async () => {
    const storm = [workload('storm'), '1500', '0', workload('exit_with')];
    await using waggle = await Waggle.trace(['--ring-size', '64KiB', '--comm', '^exit_with$']);
    waggle.kill('SIGSTOP');
    expect(Bun.spawnSync(storm).exitCode).toBe(0);
    waggle.kill('SIGCONT');
    const { code, events, stderr } = await waggle.stop();
    expect(code).toBe(0);
    const lost = Number(/ (\d+) lost/.exec(stderr)?.[1]);
    const seen = events.filter(({ event }) => event === 'exec' || event === 'exit').length;
    expect(lost).toBeGreaterThan(0);
    expect(seen).toBeLessThanOrEqual(3000);
    expect(seen + lost).toBeGreaterThanOrEqual(3000);
  },
);

faultRow(
  {
    area,
    what: 'SIGSTOP to record for a moment, while two CPUs are busy, then SIGCONT',
    holds: 'the recording goes on and is written, what was lost is said',
    times: [1, 20],
  },
  async () => {
    const out = join(freshFolder(), 'out.folded');
    await using waggle = await Waggle.record([
      ...['-F', '499', '-o', out, '--', 'sh', '-c'],
      `${workload('call_tree')} 1500 >/dev/null & ${workload('call_tree')} 1500 >/dev/null; wait`,
    ]);
    await Bun.sleep(200);
    waggle.kill('SIGSTOP');
    await Bun.sleep(500);
    waggle.kill('SIGCONT');
    const { code, stderr } = await waggle.result();
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(/\d+ lost; written/),
    });
    const stored = Number(/(\d+) samples/.exec(stderr)?.[1]);
    expect(stored).toBeGreaterThan(500);
  },
);

faultRow(
  {
    area,
    what: 'the command of record and trace is killed by a random signal',
    holds: 'the exit code is 128 + its number, and the profile is written',
    times: [2, 40],
  },
  async (round) => {
    const signals = ['SIGKILL', 'SIGSEGV', 'SIGTERM', 'SIGXCPU', 'SIGBUS', 'SIGUSR1'] as const;
    const signal = signals[(round + Math.floor(Math.random() * 2)) % signals.length] ?? 'SIGKILL';
    const number = constants.signals[signal];
    const out = join(freshFolder(), 'out.folded');
    const command = ['--', 'sh', '-c', `ulimit -c 0; sleep 0.2; kill -${number} $$`];
    const recorded = await Waggle.run(['record', '-o', out, ...command]);
    expect({ signal, code: recorded.code }).toEqual({ signal, code: 128 + number });
    expect(existsSync(out)).toBe(true);
    const traced = await Waggle.run(['trace', '--json', ...command]);
    expect({ signal, code: traced.code }).toEqual({ signal, code: 128 + number });
    expect(traced.events).toContainEqual(expect.objectContaining({ event: 'exit', signal }));
  },
);
