// `waggle top`: reports in words, time off the CPU and wall time, source lines, a container; and its figures beside
// those of the kernel and of `waggle record`.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseFolded } from '@waggle/formats';
import { cgroupMount, newCgroup } from './support/cgroups.ts';
import { kernelTest } from './support/kernel-test.ts';
import { TestProcess } from './support/processes.ts';
import { Terminal } from './support/terminal.ts';
import { WAGGLE, Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const READY = /\? keys/;

describe('top --screen-reader', () => {
  kernelTest('says what is busy and what failed, in lines, without a terminal', async () => {
    const { code, stdout, stderr } = await Waggle.run([
      ...['top', '--screen-reader', '--refresh', '1', '--'],
      ...[
        'sh',
        '-c',
        `${workload('exit_with')} --id=3 --token=hidden; exec ${workload('call_tree')} 3000`,
      ],
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d: CPU \d+ of \d+ percent, \d+ process(es)?, /m);
    expect(stdout).toMatch(/^[\d.]+ percent: .*call_tree.*, process \d+ of root.*, most in \w+ /m);
    expect(stdout).toMatch(
      /^failed with code 3: .*exit_with \(\+2 arguments\), process \d+, after/m,
    );
    expect(stdout + stderr).not.toContain('hidden');
    expect(stdout).not.toMatch(/[^\n -~]/);
  });

  kernelTest('returns the code of the command, with which it ends', async () => {
    for (const [command, expected] of [
      ['exit 7', 7],
      ['kill -KILL $$', 137],
    ] as const) {
      const { code } = await Waggle.run(['top', '--screen-reader', '--', 'sh', '-c', command]);
      expect(code).toBe(expected);
    }
  });

  kernelTest('ends when its reader does', async () => {
    const { exitCode } = Bun.spawnSync(
      ['sh', '-c', `${WAGGLE.join(' ')} top --screen-reader --refresh 0.5 | head -1`],
      { timeout: 60_000 },
    );
    expect(exitCode).toBe(0);
  });
});

describe('top', () => {
  kernelTest('o shows what a process waits for, w that and what it does', async () => {
    using terminal = new Terminal({ columns: 120 });
    await using burner = new TestProcess([
      ...[
        'sh',
        '-c',
        'while :; do sleep 0.2; i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; done',
      ],
    ]);
    terminal.waggle(`top -F 199 -p ${burner.pid}`);
    await terminal.shows(READY);
    terminal.keys('o');
    await terminal.shows('off the CPU');
    await terminal.shows(/\[interruptible/);
    terminal.keys('w');
    await terminal.shows(/wall time/);
    await terminal.shows(/\[interruptible/);
    terminal.keys('w');
    await terminal.shows(/alone \d/);
    terminal.keys('q');
    await terminal.shows('code=0');
  });

  kernelTest('--lines: a function that is opened has its source lines', async () => {
    using terminal = new Terminal({ columns: 120 });
    await using burner = new TestProcess([workload('inlined'), '600000']);
    terminal.waggle(`top -F 199 --lines -p ${burner.pid}`);
    await terminal.shows(READY);
    terminal.keys('3');
    await terminal.shows(/self%▾.*\n +\d+\.\d/);
    terminal.keys('Enter');
    await terminal.shows(/inlined\.c:\d+/);
    terminal.keys('q');
    await terminal.shows('code=0');
  });

  kernelTest('--container: one of them and nobody else', async () => {
    const id = 'c0ffee'.padEnd(64, '0');
    await using group = newCgroup(cgroupMount('v2') ?? '', `docker-${id}.scope`);
    await using inside = new TestProcess([
      ...['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', group.path],
      ...[workload('call_tree'), '600000'],
    ]);
    using terminal = new Terminal({ columns: 140 });
    terminal.waggle(`top --container ${id.slice(0, 12)}`);
    const screen = await terminal.shows(/call_tree/);
    expect(screen.split('\n').filter((line) => /^ *\d{2,} /.test(line))).toHaveLength(1);
    expect(screen).toContain(String(inside.pid));
    terminal.keys('q');
    await terminal.shows('code=0');
    const { code, stderr } = await Waggle.run(['top', '--container', 'beef00', '--screen-reader']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('beef00') });
  });
});

/** How old what a list shows is in the middle: it looks once a second. */
const LAG_MS = 1000;

/** utime + stime of a process, in seconds. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

kernelTest(
  'CPU shares are those of /proc/PID/stat within 3 points, functions those of record within 2',
  async () => {
    const folder = freshFolder();
    const saved = join(folder, 'top.folded');
    const recorded = join(folder, 'record.folded');
    await using burner = new TestProcess([workload('call_tree'), '600000']);
    await using half = new TestProcess([
      ...[
        'sh',
        '-c',
        'while :; do sleep 0.05; i=0; while [ $i -lt 9000 ]; do i=$((i+1)); done; done',
      ],
    ]);
    using terminal = new Terminal({ columns: 120 });
    terminal.waggle(`top -F 499 -p ${burner.pid},${half.pid}`);
    await terminal.shows(/call_tree/);
    // By then every figure is one of the last seconds.
    await Bun.sleep(1000);
    // A figure is of the second between the last two looks: so old are all of them, on the average.
    const begun = performance.now();
    const before = [burner, half].map(({ pid }) => cpuSeconds(pid));
    await Bun.sleep(LAG_MS);
    const from = performance.now();
    const record = Waggle.run([
      ...['record', '-F', '499', '-d', '10', '-o', recorded, '-p', `${burner.pid}`],
    ]);
    const shown: [number, number][] = [];
    let used: number[] = [];
    while (performance.now() - from < 10_000) {
      const screen = terminal.screen();
      const share = (pid: number) =>
        Number(new RegExp(`^ *${pid} +\\S+ +([\\d.]+)`, 'm').exec(screen)?.[1]);
      shown.push([share(burner.pid), share(half.pid)]);
      await Bun.sleep(250);
      const now = performance.now();
      if (now - from < 10_000 - LAG_MS)
        used = [burner, half].map(
          ({ pid }, index) => ((cpuSeconds(pid) - (before[index] ?? 0)) / (now - begun)) * 100_000,
        );
    }
    used.forEach((percent, index) => {
      const mean = shown.reduce((sum, each) => sum + (each[index] ?? 0), 0) / shown.length;
      expect(Math.abs(mean - percent)).toBeLessThan(3);
    });
    terminal.keys('2', 's', 'C-u');
    terminal.bytes(saved);
    terminal.keys('Enter');
    await terminal.shows('written to');
    terminal.keys('q');
    await terminal.shows('code=0');
    expect((await record).code).toBe(0);
    const [ours, theirs] = [saved, recorded].map(sharesIn);
    for (const [name, share] of theirs ?? [])
      expect(Math.abs(share - (ours?.get(name) ?? 0))).toBeLessThan(2);
    expect(theirs?.size).toBeGreaterThan(2);
  },
  90_000,
);

/** Of each function of call_tree, in percent of its samples, with what it calls. */
function sharesIn(path: string): Map<string, number> {
  const { stacks } = parseFolded(readFileSync(path, 'utf8'));
  const counts = new Map<string, number>();
  let all = 0;
  for (const { frames, count } of stacks) {
    if (frames[0]?.name !== 'call_tree') continue;
    all += count;
    for (const name of new Set(frames.map((frame) => frame.name)))
      counts.set(name, (counts.get(name) ?? 0) + count);
  }
  // What is sampled by chance, such as an interrupt of the kernel, is no function of it.
  const shares = [...counts].map(([name, count]) => [name, (count / all) * 100] as const);
  return new Map(shares.filter(([, share]) => share >= 3));
}
