// `record --group-by thread`: stacks stand on their process and on the thread that ran them, each with
// its own name and its own share.

import { describe, expect } from 'bun:test';
import { samples, samplesWith } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Recorded } from './support/recorded.ts';
import { workload } from './support/workloads.ts';

async function recordedThreads(...args: string[]) {
  const recorded = await Recorded.of([...args, '--', workload('named_threads'), '900', '300']);
  const [pid = 0, heavy = 0, light = 0] = recorded.stdout.trim().split(' ').map(Number);
  return { stacks: recorded.stacks, pid, heavy, light };
}

describe('record --group-by thread', () => {
  for (const unwind of ['dwarf', 'fp'])
    kernelTest(
      `gives each thread its name, its id and its share (--unwind ${unwind})`,
      async () => {
        const { stacks, pid, heavy, light } = await recordedThreads(
          ...['--group-by', 'thread', '--unwind', unwind],
        );
        const burning = stacks.filter(({ frames }) => frames.includes('burn'));
        const roots = new Set(burning.map(({ frames }) => frames.slice(0, 2).join()));
        expect([...roots].sort()).toEqual([
          `named_threads (${pid}),heavy (${heavy})`,
          `named_threads (${pid}),light (${light})`,
        ]);
        const share = samplesWith(burning, `heavy (${heavy})`) / samples(burning);
        expect(Math.abs(100 * share - 75)).toBeLessThan(5);
        expect(samples(burning)).toBeGreaterThan(0.85 * 1.2 * 999);
        // The first thread's name is the process's, and no stack lacks its thread.
        for (const { frames } of stacks) expect(frames[1]).toMatch(/^\S+ \([1-9]\d*\)$/);
      },
    );

  kernelTest('is off unless it is asked for: equal stacks of two threads are one', async () => {
    const { stacks, pid } = await recordedThreads('--group-by', 'process');
    const burning = stacks.filter(({ frames }) => frames.at(-1) === 'burn');
    expect(burning.length).toBe(1);
    expect(burning[0]?.frames[0]).toBe(`named_threads (${pid})`);
    expect(burning[0]?.frames[1]).not.toContain('heavy');
  });
});
