// Stacks of programs that keep no frame pointers: whole from _start to the leaf, from the first
// sample on, through recursion and signal handlers.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FoldedStack, parseFolded, samples, samplesWith } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Recorded } from './support/recorded.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, type Workload, workload } from './support/workloads.ts';

/** The command's own frame, then from _start on, with no hole. */
function isWhole({ frames }: FoldedStack): boolean {
  return frames[1] === '_start' && !frames.some((name) => name.startsWith('['));
}

function expectWhole(stacks: readonly FoldedStack[]): void {
  const inMain = stacks.filter(({ frames }) => frames.includes('main'));
  expect(samples(inMain)).toBeGreaterThan(0.97 * samples(stacks));
  expect(samples(inMain, isWhole)).toBeGreaterThanOrEqual(0.99 * samples(inMain));
}

function expectShares(stacks: readonly FoldedStack[]): void {
  for (const [name, share] of [
    ['sixty', 60],
    ['twenty_five', 25],
    ['fifteen', 15],
  ] as const) {
    const off = Math.abs((100 * samplesWith(stacks, name)) / samples(stacks) - share);
    // Four standard deviations of 1,000 samples.
    expect({ name, off: off < 6.5 ? 'within' : off }).toEqual({ name, off: 'within' });
  }
}

/** Built by a distribution, at -O2 or -O3 and mostly without symbols; each busy for a moment. */
const SYSTEM_PROGRAMS = (
  [
    ['gzip', ['sh', '-c', 'head -c 12000000 /dev/urandom | od -An -tx1 | gzip -6 >/dev/null']],
    ['sort', ['sh', '-c', 'seq 400000 | sort -R | sort -n >/dev/null']],
    [
      'bash',
      ['bash', '-c', 'for ((i = 0; i < 150000; i++)); do x=$((i * i % 1000)); y[x]=$x; done'],
    ],
    ['openssl', ['openssl', 'speed', '-seconds', '1', '-bytes', '1024', 'sha256']],
    ['xz', ['sh', '-c', 'head -c 700000 /dev/urandom | od -An -tx1 | xz -6 >/dev/null']],
    ['perl', ['perl', '-e', '$x{$_ % 997} .= $_ for 1 .. 1500000; print length join "", %x']],
    ['node', ['node', '-e', 'for (let i = 0, a = []; i < 4e5; i++) a[i] = String(i).split("")']],
    ['python3', ['python3', '-c', 'for _ in range(5): sorted(str(i * i) for i in range(900000))']],
  ] as const
).filter(([name]) => Bun.which(name) !== null);

describe('record of a program without frame pointers', () => {
  for (const program of ['call_tree_nofp', 'call_tree_nofp_fixed'] as const satisfies Workload[])
    for (const unwind of ['dwarf', 'auto'])
      kernelTest(`finds every caller in ${program} with --unwind ${unwind}`, async () => {
        const { stacks } = await Recorded.of(['--unwind', unwind, '--', workload(program), '1500']);
        expectWhole(stacks);
        expectShares(stacks);
      });

  kernelTest('is whole in a process that ends within 20 ms', async () => {
    const { stacks } = await Recorded.of(['--', workload('call_tree_nofp'), '15']);
    const inMain = samples(stacks, ({ frames }) => frames.includes('main'));
    expect(inMain).toBeGreaterThanOrEqual(10);
    expect(samples(stacks, ({ frames }) => frames[1] !== '_start')).toBeLessThanOrEqual(2);
  });

  kernelTest('follows recursion and the frames below a signal handler', async () => {
    const { stacks } = await Recorded.of(['--', workload('deep'), '600']);
    expectWhole(stacks);
    const descents = ({ frames }: FoldedStack) =>
      frames.filter((name) => name === 'descend').length;
    const handled = stacks.filter(({ frames }) => frames.includes('on_alarm'));
    expect(samples(handled)).toBeGreaterThan(0.4 * samples(stacks));
    expect(samples(handled, (stack) => descents(stack) === 100)).toBeGreaterThanOrEqual(
      0.99 * samples(handled),
    );
    const bottom = stacks.filter(({ frames }) => frames.includes('bottom'));
    expect(samples(bottom, (stack) => descents(stack) === 100)).toBeGreaterThanOrEqual(
      0.99 * samples(bottom),
    );
  });

  kernelTest('goes through a library that is opened late and closed again', async () => {
    const library = workload('late_library_code');
    // Opened after a second.
    const { stacks } = await Recorded.of(['--', workload('late_library'), library, '3000']);
    expectWhole(stacks);
    // Its own function has a name after it was closed, and on both sides are the program's.
    const inside = stacks.filter(({ frames }) => frames.includes('in_library'));
    expect(samples(inside) / samples(stacks)).toBeGreaterThan(0.25);
    const through = ['main', 'in_library', 'inner', 'burn'].join(';');
    expect(samples(inside, ({ frames }) => frames.join(';').includes(through))).toBeGreaterThan(
      0.97 * samples(inside),
    );
    for (const name of ['before', 'after'])
      expect(samplesWith(stacks, name) / samples(stacks)).toBeGreaterThan(0.25);
  });

  for (const [name, command] of SYSTEM_PROGRAMS)
    kernelTest(`ends at the root of all but 1 % of the stacks of ${name}`, async () => {
      const path = join(freshFolder(), 'out.folded');
      const { code, stderr } = await Waggle.run([
        'record',
        '-F',
        '999',
        '-o',
        path,
        '--',
        ...command,
      ]);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      expect(samples(parseFolded(readFileSync(path, 'utf8')))).toBeGreaterThan(50);
      const complete = Number(/([\d.]+) % of user stacks are complete/.exec(stderr)?.[1]);
      expect({ complete: complete >= 99 || stderr }).toEqual({ complete: true });
    });

  kernelTest('goes by frame pointers alone with --unwind fp', async () => {
    const { stacks } = await Recorded.of(['--unwind', 'fp', '--', workload('call_tree'), '300']);
    // The caller of a leaf that sets up no frame is passed over, what is further out is not.
    expect(samplesWith(stacks, 'main')).toBeGreaterThan(0.9 * samples(stacks));
  });
});
