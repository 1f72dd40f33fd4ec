// What the kernel counted is what the profile holds: no sample is lost between the sampler and the
// file, or counted twice, whichever way it takes.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseFolded, samples } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { TestProcess } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

interface Counts {
  readonly inFile: number;
  readonly stored: number;
  readonly lost: number;
}

async function counted(...args: readonly string[]): Promise<Counts> {
  const path = join(freshFolder(), 'out.folded');
  const { stderr } = await Waggle.run(['record', '-o', path, ...args]);
  const [, stored = '', lost = ''] = /^waggle: (\d+) samples, (\d+) lost;/m.exec(stderr) ?? [];
  const inFile = samples(parseFolded(readFileSync(path, 'utf8')));
  return { inFile, stored: Number(stored), lost: Number(lost) };
}

describe('every sample of the kernel is in the file once', () => {
  for (const unwind of ['fp', 'dwarf'])
    kernelTest(`of a busy host, with --unwind ${unwind}`, async () => {
      await using _one = new TestProcess([workload('call_tree'), '60000']);
      await using _two = new TestProcess([workload('swap_one'), '1000000', workload('swap_two')]);
      const { inFile, stored, lost } = await counted(
        ...['-a', '-d', '2', '-F', '1999', '--unwind', unwind],
      );
      expect(stored).toBeGreaterThan(1000);
      expect(inFile).toBe(stored);
      expect(lost).toBeLessThanOrEqual(0.01 * stored);
    });

  kernelTest('of many short processes, the first samples of each walked in userspace', async () => {
    const script = `i=0; while [ $i -lt 40 ]; do ${workload('call_tree_nofp')} 10; i=$((i+1)); done`;
    const { inFile, stored, lost } = await counted('-F', '1999', '--', '/bin/sh', '-c', script);
    expect(stored).toBeGreaterThan(400);
    expect(inFile).toBe(stored);
    expect(lost).toBe(0);
  });
});
