// Stacks of programs that keep no frame pointers: whole from _start to the leaf, from the first
// sample on, through recursion and signal handlers.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FoldedStack, parseFolded, samples, samplesWith } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, type Workload, workload } from './support/workloads.ts';

async function recorded(...args: readonly string[]): Promise<FoldedStack[]> {
  const path = join(freshFolder(), 'out.folded');
  const { code, stderr } = await Waggle.run(['record', '-F', '999', '-o', path, ...args]);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return parseFolded(readFileSync(path, 'utf8'));
}

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

describe('record of a program without frame pointers', () => {
  for (const program of ['call_tree_nofp', 'call_tree_nofp_fixed'] as const satisfies Workload[])
    for (const unwind of ['dwarf', 'auto'])
      kernelTest(`finds every caller in ${program} with --unwind ${unwind}`, async () => {
        const stacks = await recorded('--unwind', unwind, '--', workload(program), '1500');
        expectWhole(stacks);
        expectShares(stacks);
      });

  kernelTest('is whole in a process that ends within 30 ms', async () => {
    const stacks = await recorded('--', workload('call_tree_nofp'), '30');
    const inMain = samples(stacks, ({ frames }) => frames.includes('main'));
    expect(inMain).toBeGreaterThanOrEqual(20);
    expect(samples(stacks, ({ frames }) => frames[1] !== '_start')).toBeLessThanOrEqual(2);
  });

  kernelTest('follows recursion and the frames below a signal handler', async () => {
    const stacks = await recorded('--', workload('deep'), '600');
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

  kernelTest('goes by frame pointers alone with --unwind fp', async () => {
    const stacks = await recorded('--unwind', 'fp', '--', workload('call_tree'), '300');
    // The caller of a leaf that sets up no frame is passed over, what is further out is not.
    expect(samplesWith(stacks, 'main')).toBeGreaterThan(0.9 * samples(stacks));
  });
});
