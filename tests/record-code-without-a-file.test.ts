// Profiles of code that is in no file: the kernel's vDSO, and what runtimes generate.

import { describe, expect } from 'bun:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { samples, samplesWith } from './support/folded.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { Recorded } from './support/recorded.ts';
import { freshFolder, workload } from './support/workloads.ts';

describe('code without a file has names', () => {
  kernelTest('in the vDSO', async () => {
    const { stacks } = await Recorded.of(['--', workload('asks_time'), '500']);
    const named = stacks
      .filter(({ frames }) => frames.some((frame) => /clock_gettime/.test(frame)))
      .reduce((sum, { count }) => sum + count, 0);
    expect(named).toBeGreaterThan(0.9 * samples(stacks));
    expect(stacks.flatMap(({ frames }) => frames).join()).not.toContain('[vdso+');
  });

  const node = Bun.which('node');
  optionalKernelTest(
    'that Node generates, when it ended before it is named',
    node === null ? 'node is not installed' : undefined,
    async () => {
      const script = join(freshFolder(), 'burn.js');
      writeFileSync(
        script,
        `function hotLoop(end) { let x = 0; while (Date.now() < end) for (let i = 0; i < 1e5; i++) x += i % 7; return x; }
         hotLoop(Date.now() + 1200);`,
      );
      // Else it writes a log beside the map, where it is started.
      const quiet = ['--no-logfile-per-isolate', `--logfile=${script}.log`];
      const { stacks } = await Recorded.of([
        '--',
        node ?? '',
        '--perf-basic-prof',
        ...quiet,
        script,
      ]);
      const hot = stacks
        .filter(({ frames }) => frames.some((frame) => /hotLoop/.test(frame)))
        .reduce((sum, { count }) => sum + count, 0);
      expect(hot).toBeGreaterThan(0.6 * samples(stacks));
      expect(samplesWith(stacks, '[unknown]')).toBeLessThan(0.1 * samples(stacks));
    },
  );
});
