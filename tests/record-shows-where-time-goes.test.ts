// Profiles of programs whose shares are known: right shares, right names, also for processes that
// ended, changed their program, or whose file is gone by the time names are looked up.

import { describe, expect } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './support/deadline.ts';
import { type FoldedStack, parseFolded, samples, samplesWith } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import {
  descendantsOf,
  isAlive,
  statFields,
  TestProcess,
  untilBurned,
} from './support/processes.ts';
import { RECORDED_HZ, Recorded } from './support/recorded.ts';
import { misnamedSwaps } from './support/swaps.ts';
import { Waggle } from './support/waggle.ts';
import { copyOfWorkload, freshFolder, workload } from './support/workloads.ts';

const SHARES = { sixty: 60, twenty_five: 25, fifteen: 15 } as const;

/** Within what chance allows for the number of samples: four standard deviations. */
function expectShares(stacks: readonly FoldedStack[]): void {
  const total = Object.keys(SHARES).reduce((sum, name) => sum + samplesWith(stacks, name), 0);
  expect(total).toBeGreaterThan(0.97 * samples(stacks));
  for (const [name, share] of Object.entries(SHARES)) {
    const deviation = Math.sqrt((share * (100 - share)) / total);
    const off = (100 * samplesWith(stacks, name)) / total - share;
    expect({ name, off: Math.abs(off) < Math.max(2.5, 4 * deviation) ? 'within' : off }).toEqual({
      name,
      off: 'within',
    });
  }
}

describe('record of a command', () => {
  kernelTest('gives each function its share, though the command has ended', async () => {
    const { stacks, code } = await Recorded.withAnyCode(['--', workload('call_tree'), '3000']);
    expect(code).toBe(0);
    expectShares(stacks);
    const inMain = samples(stacks, ({ frames }) => frames.includes('main'));
    expect(inMain).toBeGreaterThan(0.97 * samples(stacks));
    expect(samples(stacks)).toBeGreaterThan(0.9 * 3 * RECORDED_HZ);
  });

  kernelTest('names the functions of a program that deleted its own file', async () => {
    const program = copyOfWorkload('call_tree', join(freshFolder(), 'deleted'));
    const { stacks } = await Recorded.withAnyCode(['--', program, '1500', 'unlink']);
    expect(existsSync(program)).toBe(false);
    expectShares(stacks);
  });

  kernelTest('shows names of C++ and Rust as their programmers wrote them', async () => {
    const { stacks } = await Recorded.withAnyCode(['--', workload('mangled'), '300']);
    expect(samplesWith(stacks, 'hive::Bee::work(int)')).toBeGreaterThan(200);
    const rust = stacks.filter(({ frames }) =>
      frames.some((name) => /hive::bee::Bee.*::rest/.test(name)),
    );
    expect(samples(rust)).toBeGreaterThan(200);
  });

  kernelTest('samples it from its first instructions on', async () => {
    const { stacks } = await Recorded.withAnyCode(['--', workload('call_tree'), '100']);
    const main = samples(stacks, ({ frames }) => frames.includes('main'));
    // 100 ms at 999 Hz, measured by the program's own CPU clock.
    expect(main).toBeGreaterThanOrEqual(85);
    expect(main).toBeLessThanOrEqual(115);
  });

  kernelTest('follows children that run other programs', async () => {
    const tree = workload('call_tree');
    const script = `${tree} 300 & ${tree} 300 & ${tree} 300; wait`;
    const { stacks } = await Recorded.withAnyCode(['--', '/bin/sh', '-c', script]);
    expect(samplesWith(stacks, 'sixty')).toBeGreaterThan(0.9 * 0.6 * 0.9 * RECORDED_HZ);
    expectShares(stacks.filter(({ frames }) => frames[0] === 'call_tree'));
  });

  kernelTest('never names an address of one program by the symbols of the next', async () => {
    const { stacks, stderr } = await Recorded.withAnyCode([
      ...['--', workload('swap_one'), '400', workload('swap_two')],
    ]);
    const one = samplesWith(stacks, 'only_in_one');
    const two = samplesWith(stacks, 'only_in_two');
    expect(misnamedSwaps(stacks)).toBe(0);
    // The C library asks the CPU what it is, which a hypervisor answers: a tenth of the time of so brief a program.
    const asksCpu = /^(?:handle_intel|intel_check_word|update_active|init_cacheinfo)/;
    const all = samples(stacks, ({ frames }) => !frames.some((name) => asksCpu.test(name)));
    if (one + two <= 0.8 * all) {
      const most = stacks.toSorted((a, b) => b.count - a.count).slice(0, 5);
      throw new Error(`named ${one} and ${two}: ${JSON.stringify(most)}\n${stderr}`);
    }
    expect(Math.abs((100 * one) / (one + two) - 50)).toBeLessThan(4);
  });

  for (const code of [0, 3, 255])
    kernelTest(`passes on its exit code ${code}`, async () => {
      const result = await Recorded.withAnyCode(['--', workload('call_tree'), '1', `code=${code}`]);
      expect(result.code).toBe(code);
    });

  kernelTest('passes on the signal that ended it as a shell does', async () => {
    const { code } = await Recorded.withAnyCode(['--', '/bin/sh', '-c', 'kill -TERM $$']);
    expect(code).toBe(128 + 15);
  });

  kernelTest('counts what it started and what ended', async () => {
    const { stderr } = await Recorded.withAnyCode([
      '--',
      '/bin/sh',
      '-c',
      '/bin/true; /bin/true; exit 0',
    ]);
    expect(stderr).toContain('lifecycle: 2 forks, 3 execs, 3 exits, 0 lost');
  });
});

describe('record of what runs already', () => {
  kernelTest('-p samples the process and only it', async () => {
    await using busy = new TestProcess([workload('call_tree'), '60000']);
    await using other = new TestProcess([workload('swap_one'), '1000000', workload('swap_two')]);
    const { stacks } = await Recorded.withAnyCode(['-p', String(busy.pid), '-d', '1.5']);
    expectShares(stacks);
    expect(stacks.every(({ frames }) => frames[0] === 'call_tree')).toBe(true);
    expect(isAlive(busy.pid)).toBe(true);
    expect(isAlive(other.pid)).toBe(true);
  });

  kernelTest('-a samples every process', async () => {
    await using busy = new TestProcess([workload('call_tree'), '60000']);
    await using other = new TestProcess([workload('swap_one'), '1000000', workload('swap_two')]);
    const { stacks } = await Recorded.during(['-a'], async () => {
      await Promise.all([untilBurned(busy.pid, 500), untilBurned(other.pid, 500)]);
    });
    expect(samplesWith(stacks, 'sixty')).toBeGreaterThan(100);
    expect(samplesWith(stacks, 'only_in_one')).toBeGreaterThan(50);
    expect(samplesWith(stacks, 'only_in_two')).toBeGreaterThan(50);
  });
});

describe('a recording that is ended early', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    kernelTest(`by ${signal} still writes everything`, async () => {
      const folder = freshFolder();
      const files = ['out.folded', 'out.svg'].map((name) => join(folder, name));
      await using busy = new TestProcess([workload('call_tree'), '60000']);
      await using waggle = await Waggle.record([
        ...['-a', '-F', String(RECORDED_HZ)],
        ...files.flatMap((file) => ['-o', file]),
      ]);
      await untilBurned(busy.pid, 500);
      const { code } = await waggle.stop(signal);
      expect(code).toBe(0);
      const stacks = parseFolded(readFileSync(files[0] ?? '', 'utf8'));
      expect(samplesWith(stacks, 'sixty')).toBeGreaterThan(30);
      expect(readFileSync(files[1] ?? '', 'utf8').includes('</svg>')).toBe(true);
    });

  kernelTest('with a command leaves neither the command nor its file behind', async () => {
    const path = join(freshFolder(), 'out.folded');
    const command = [workload('call_tree'), '60000'];
    await using waggle = await Waggle.record([
      '-F',
      String(RECORDED_HZ),
      '-o',
      path,
      '--',
      ...command,
    ]);
    const burner = await eventually('the command', () =>
      descendantsOf(waggle.pid).find((pid) => statFields(pid)?.[2] === 'call_tree'),
    );
    // So that its start is a small part of it, however much CPU others leave it.
    await untilBurned(burner, 1000);
    const { code } = await waggle.stop('SIGINT');
    expect(code).toBe(130);
    expectShares(parseFolded(readFileSync(path, 'utf8')));
  });

  kernelTest('-d ends the command with the recording', async () => {
    const started = performance.now();
    const { stacks, code } = await Recorded.withAnyCode([
      '-d',
      '1',
      '--',
      workload('call_tree'),
      '60000',
    ]);
    expect(performance.now() - started).toBeLessThan(15_000);
    // By SIGTERM, and its code is ours.
    expect(code).toBe(143);
    expectShares(stacks);
  });
});

describe('outputs', () => {
  kernelTest('- is folded stacks on standard output', async () => {
    const args = [
      'record',
      '-F',
      String(RECORDED_HZ),
      '-o',
      '-',
      '--',
      workload('call_tree'),
      '500',
    ];
    const { stdout } = await Waggle.run(args);
    // The command's own line comes first: both share standard output.
    const stacks = parseFolded(stdout.slice(stdout.indexOf('call_tree;')));
    expectShares(stacks);
  });

  kernelTest('a flame graph names the functions', async () => {
    const path = join(freshFolder(), 'out.svg');
    await Waggle.run([
      'record',
      '-F',
      String(RECORDED_HZ),
      '-o',
      path,
      '--',
      workload('call_tree'),
      '300',
    ]);
    const svg = readFileSync(path, 'utf8');
    const names = ['main', 'sixty', 'twenty_five', 'fifteen'];
    expect(names.filter((name) => !svg.includes(name))).toEqual([]);
  });
});
