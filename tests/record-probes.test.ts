// `record -e` with probes of functions: every call is counted, from the first, with a whole stack; arguments,
// what is returned, and time inside add up to what the program itself says.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FoldedStack, parseFolded, samples, samplesUnder } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

interface Recorded {
  readonly stacks: readonly FoldedStack[];
  /** Of the command. */
  readonly stdout: string;
  readonly stderr: string;
}

async function record(args: readonly string[], ...command: readonly string[]): Promise<Recorded> {
  const path = join(freshFolder(), 'out.folded');
  const { code, stdout, stderr } = await Waggle.run([
    ...['record', ...args, '-o', path, '--', ...command],
  ]);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return { stacks: parseFolded(readFileSync(path, 'utf8')), stdout, stderr };
}

const called = () => workload('called');

describe('record -e with probes of functions', () => {
  kernelTest('every one of 200,000 calls, by callers 60 to 40', async () => {
    const { stacks } = await record(['-e', 'uprobe:work'], called(), '200000');
    expect(samplesUnder(stacks, 'main', 'often', 'work')).toBe(120_000);
    expect(samplesUnder(stacks, 'main', 'seldom', 'work')).toBe(80_000);
    expect(samples(stacks)).toBe(200_000);
  });

  kernelTest('the same where functions return', async () => {
    const { stacks } = await record(['-e', 'uretprobe:work'], called(), '100000');
    expect(samplesUnder(stacks, '__libc_start_call_main', 'main', 'often', 'work')).toBe(60_000);
    expect(samplesUnder(stacks, '__libc_start_call_main', 'main', 'seldom', 'work')).toBe(40_000);
  });

  kernelTest('bytes by who asks for them', async () => {
    const { stacks } = await record(
      ['-e', 'uprobe:allocate', '--weight', 'arg1'],
      called(),
      'bytes',
      '5000',
    );
    expect(samplesUnder(stacks, 'main', 'small_ones', 'allocate')).toBe(500_000);
    expect(samplesUnder(stacks, 'main', 'large_ones', 'allocate')).toBe(5_000_000);
  });

  kernelTest('what is returned, of which negative numbers add nothing', async () => {
    const { stacks, stderr } = await record(
      ['-e', 'uretprobe:answer', '--weight', 'retval:s32'],
      ...[called(), 'negative', '300'],
    );
    expect(samples(stacks)).toBe(150 * 5);
    expect(stderr).toContain('150 hits had a negative value');
  });

  kernelTest(
    'the time inside of a function is what the program measured, with a histogram',
    async () => {
      const { stacks, stdout, stderr } = await record(
        ['-e', 'uprobe:nap', '--weight', 'duration'],
        ...[called(), 'sleep', '40', '25'],
      );
      const measuredUs = Number(stdout) / 1000;
      const recordedUs = samplesUnder(stacks, 'main', 'nap');
      expect(Math.abs(recordedUs - measuredUs)).toBeLessThanOrEqual(0.05 * measuredUs);
      expect(stderr).toMatch(/took, from entry to return:\n.* ms \.\./);
    },
  );

  kernelTest('time inside of a function that calls itself is counted once', async () => {
    const { stacks, stdout } = await record(
      ['-e', 'uprobe:descend', '--weight', 'duration'],
      ...[called(), 'deep', '40'],
    );
    const measuredUs = Number(stdout) / 1000;
    expect(Math.abs(samples(stacks) - measuredUs)).toBeLessThanOrEqual(0.1 * measuredUs + 1000);
    // Each has its callers, though where they return to is the kernel's.
    const deepest = stacks.find(
      ({ frames }) => frames.filter((name) => name === 'descend').length === 41,
    );
    expect(deepest?.frames).toContain('main');
  });

  kernelTest('calls that end by longjmp leave nothing behind', async () => {
    const folder = freshFolder();
    await Waggle.run([
      ...['record', '-e', 'uprobe:leap', '-e', 'uprobe:land', '-o', join(folder, 'x.folded')],
      ...['--', called(), 'jump', '500'],
    ]);
    for (const name of ['leap', 'land'])
      expect(
        samples(parseFolded(readFileSync(join(folder, `x.uprobe:${name}.folded`), 'utf8'))),
      ).toBe(500);
  });

  kernelTest(
    'a pattern, a place in the source, an offset, and more than one function',
    async () => {
      const lines = workload('called_lines');
      const source = readFileSync(join(import.meta.dir, 'workloads/called.c'), 'utf8').split('\n');
      const line = source.findIndex((text) => text.includes('return a + b;')) + 1;
      const { stacks: byLine } = await record(['-e', `uprobe:called.c:${line}`], lines, '1000');
      expect(samplesUnder(byLine, 'main', 'often', 'work')).toBe(600);
      const { stacks: both } = await record(['-e', 'uprobe:/^(often|seldom)$/'], called(), '1000');
      expect([samplesUnder(both, 'main', 'often'), samplesUnder(both, 'main', 'seldom')]).toEqual([
        1, 1,
      ]);
      const { stacks: glob } = await record(['-e', 'uprobe:*_ones'], called(), 'bytes', '5');
      expect(samplesUnder(glob, 'main', 'small_ones')).toBe(1);
      expect(samplesUnder(glob, 'main', 'large_ones')).toBe(1);
    },
  );

  kernelTest('above --max-rate hits are counted without a stack', async () => {
    const { stacks, stderr } = await record(
      ['-e', 'uprobe:work', '--max-rate', '20'],
      ...[called(), '100000'],
    );
    expect(samples(stacks)).toBe(100_000);
    expect(samplesUnder(stacks, 'main', 'often', 'work')).toBeLessThan(60_000);
    expect(stderr).toContain('are above --max-rate');
  });

  kernelTest('of a function that is chosen by the CPU when a program starts (ifunc)', async () => {
    const { stacks } = await record(['-e', 'uprobe:strlen'], called(), 'lengths', '500');
    const inIt = stacks.filter(({ frames }) => frames.includes('lengths'));
    expect(samples(inIt)).toBe(500);
    expect(inIt.every(({ frames }) => /^_*strlen/.test(frames.at(-1) ?? ''))).toBe(true);
  });

  kernelTest('of a library, found by itself or by its name', async () => {
    const { stacks } = await record(['-e', 'uprobe:nanosleep'], called(), 'sleep', '50', '1');
    expect(samplesUnder(stacks, 'main', 'nap')).toBe(50);
    const { stacks: named } = await record(
      ['-e', 'uprobe:libc:nanosleep'],
      called(),
      'sleep',
      '50',
      '1',
    );
    expect(samplesUnder(named, 'main', 'nap')).toBe(50);
  });
});

describe('record -e with USDT probes', () => {
  kernelTest('their arguments, in registers and in memory', async () => {
    const sum = async (argument: string) =>
      samplesUnder(
        (await record(['-e', 'usdt:shop:sale', '--weight', argument], workload('usdt'), '1000'))
          .stacks,
        ...['main', 'sell'],
      );
    expect(await sum('arg1')).toBe(500_500);
    expect(await sum('arg2')).toBe(3000);
  });

  kernelTest('one that is hit only while somebody listens', async () => {
    const { stacks, stdout } = await record(['-e', 'usdt:shop:listened'], workload('usdt'), '700');
    expect(Number(stdout)).toBe(700);
    expect(samplesUnder(stacks, 'main', 'listened')).toBe(700);
  });
});

describe('record -e with tracepoints', () => {
  const forks = ['-e', 'tracepoint:sched:sched_process_fork'];
  const script = 'i=0; while [ $i -lt 40 ]; do /bin/true; i=$((i+1)); done';

  kernelTest('each hit with its whole stack, by its name alone', async () => {
    const { stacks, stderr } = await record(forks, 'sh', '-c', script);
    expect(samples(stacks)).toBe(40);
    for (const { frames } of stacks) {
      expect(frames[0]).toBe('sh');
      expect(frames.at(-1)).toBe('kernel_clone_[k]');
      expect(frames.some((name) => name.includes('fork') && !name.endsWith('_[k]'))).toBe(true);
    }
    expect(stderr).toContain('100.00 % of user stacks are complete');
  });

  kernelTest('one that this kernel lacks, with those that it has', async () => {
    for (const [name, said] of [
      ['sched:sched_procss_fork', 'did you mean sched_process_fork'],
      ['sched', 'is written tracepoint:SYSTEM:NAME'],
    ]) {
      const { code, stderr } = await Waggle.run([
        'record',
        '-e',
        `tracepoint:${name}`,
        '--',
        'true',
      ]);
      expect(code).toBe(2);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(stderr).toContain(said ?? '');
    }
  });

  kernelTest('is listed, and has no arguments to sum', async () => {
    const listed = await Waggle.run(['record', '--list-probes', forks[1] ?? '']);
    expect(listed.stdout).toBe('tracepoint:sched:sched_process_fork\n');
    const { code, stderr } = await Waggle.run([
      ...['record', ...forks, '--weight', 'arg1', '--', 'true'],
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('a tracepoint is counted');
  });
});

describe('a probe that cannot be', () => {
  const failing = async (...args: string[]) => {
    const { code, stdout, stderr } = await Waggle.run([
      ...['record', ...args, '-o', join(freshFolder(), 'x.svg'), '--', called(), 'sleep', '1', '1'],
    ]);
    expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({
      code: 2,
      stdout: '',
      lines: 1,
    });
    return stderr;
  };

  kernelTest('is refused in one line, and nothing is run', async () => {
    expect(await failing('-e', 'uprobe:wrok')).toContain('did you mean work');
    expect(await failing('-e', 'uprobe:/no/such/file:f')).toContain('there is no file');
    expect(await failing('-e', 'uprobe:libnone:f')).toContain('there is no library libnone');
    expect(await failing('-e', 'uprobe:work+1')).toMatch(/inside an instruction|outside of it/);
    expect(await failing('-e', 'uprobe:work+999')).toContain('is outside of it');
    expect(await failing('-e', 'uprobe:libc:*', '--max-probes', '20')).toContain('more than 20');
    expect(await failing('-e', 'uretprobe:work', '--weight', 'arg1')).toContain('probe its entry');
    expect(await failing('-e', 'usdt:shop:sale')).toContain('there is no such USDT probe');
    expect(await failing('-e', 'uprobe:/(/')).toContain('uprobe:/(/');
    expect(await failing('-e', 'kprobe:no_such_function_of_it')).toContain(
      'the kernel has no such function',
    );
  });

  kernelTest('is refused in a program whose names were taken away', async () => {
    const stripped = join(freshFolder(), 'stripped');
    expect(Bun.spawnSync(['strip', '-s', '-o', stripped, called()]).exitCode).toBe(0);
    expect(await failing('-e', `uprobe:${stripped}:work`)).toContain('(stripped)');
    const { code, stderr } = await Waggle.run([
      ...['record', '-e', 'uprobe:xqzw', '-o', join(freshFolder(), 'x.svg'), '--', stripped, '1'],
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${stripped} has no names of functions (stripped)`);
    expect(stderr).toContain('and its libraries have no such function');
  });

  kernelTest('is refused where what it is to weigh is none', async () => {
    for (const weight of ['arg7', 'arg0', 'nothing', 'arg1:u7']) {
      const { code, stderr } = await Waggle.run([
        ...['record', '-e', 'uprobe:work', '--weight', weight, '--', called(), '1'],
      ]);
      expect({ weight, code }).toEqual({ weight, code: 2 });
      expect(stderr).toContain(weight);
    }
    expect(await failing('--weight', 'arg1')).toContain('--weight is about probes');
    expect(await failing('-e', 'page-faults', '--weight', 'arg1')).toContain('is about probes');
  });

  kernelTest('on a host needs a file', async () => {
    const { code, stderr } = await Waggle.run(['record', '-a', '-d', '1', '-e', 'uprobe:malloc']);
    expect(code).toBe(2);
    expect(stderr).toContain('say which file it is in');
  });
});

describe('record --list-probes', () => {
  kernelTest('says what would be attached, and where', async () => {
    const { code, stdout } = await Waggle.run([
      'record',
      '--list-probes',
      'uprobe:*_ones',
      '--',
      called(),
    ]);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(stdout).toMatch(/^uprobe:\S+called:(?:small|large)_ones {2}offset 0x[0-9a-f]+$/m);
    const usdt = await Waggle.run([
      'record',
      '--list-probes',
      `usdt:${workload('usdt')}:shop:sale`,
    ]);
    expect(usdt.stdout).toMatch(/shop:sale {2}offset 0x[0-9a-f]+; arguments 8@%\w+ -4@/);
  });
});
