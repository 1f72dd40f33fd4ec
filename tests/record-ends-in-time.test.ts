// A recording is as long as was asked for, also at rates at which samples come faster than they can be
// taken in, and says what was asked for in vain.

import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadOption, cpuProfiler, createAgent } from '@waggle/core';
import { parseFolded, samples } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const MAX_RATE = '/proc/sys/kernel/perf_event_max_sample_rate';

kernelTest(
  'everything sampled until the end of the time is in the file, at 20,000 Hz too',
  async () => {
    const path = join(freshFolder(), 'out.folded');
    const args = ['-F', '20000', '-d', '1', '-o', path, '--', workload('call_tree_nofp'), '60000'];
    const { stderr } = await Waggle.run(['record', ...args]);
    const [, stored = ''] = /^waggle: (\d+) samples/m.exec(stderr) ?? [];
    expect(samples(parseFolded(readFileSync(path, 'utf8')))).toBe(Number(stored));
    expect(Number(stored)).toBeGreaterThan(1000);
  },
);

kernelTest('a rate that the kernel does not allow is refused by name', async () => {
  const tooMuch = Number(readFileSync(MAX_RATE, 'utf8')) + 1;
  const plugins = [cpuProfiler({ frequencyHz: tooMuch })];
  const refused = await createAgent({ plugins, stopOn: [] }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(BadOption);
  expect((refused as BadOption).option).toBe('frequencyHz');
  expect((refused as BadOption).message).toContain('perf_event_max_sample_rate');
});
