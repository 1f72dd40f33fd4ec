// Recordings on a host that has more to do than it has CPUs: everything takes longer, and nothing gets
// stuck or lost. Processes that have to wait for a CPU are found waiting for nothing else.

import { expect } from 'bun:test';
import { join } from 'node:path';
import { faultRow, IS_LONG } from '../support/fault-row.ts';
import { parseFolded, samples } from '../support/folded.ts';
import { TestProcess } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const AT_ONCE = IS_LONG ? 8 : 3;
const CPU_MS = 200;
const HZ = 499;

/** Stacks a hundred functions deep, which are walked in userspace until their tables have been read. */
async function recordDeep(): Promise<void> {
  const file = join(freshFolder(), 'deep.folded');
  const { code, stderr } = await Waggle.run([
    ...['record', '-F', String(HZ), '-o', file],
    ...['--', workload('deep'), String(CPU_MS)],
  ]);
  expect({ code, lost: /samples, (\d+) lost/.exec(stderr)?.[1] }).toEqual({ code: 0, lost: '0' });
  const stacks = parseFolded(await Bun.file(file).text());
  expect(samples(stacks)).toBeGreaterThan((0.8 * HZ * CPU_MS) / 1000);
  const whole = samples(stacks, ({ frames }) => frames[1] === '_start');
  expect(whole).toBeGreaterThan(0.95 * samples(stacks));
}

faultRow(
  {
    area: 'busy host',
    what: `${AT_ONCE} recordings of deep stacks at once, beside two busy programs for each CPU`,
    holds: 'each ends with its command, with every sample, and with whole stacks',
    times: [1, 20],
    timeoutMs: IS_LONG ? 1_800_000 : 180_000,
  },
  async () => {
    const others = Array.from(
      { length: 2 * navigator.hardwareConcurrency },
      () => new TestProcess([workload('call_tree'), '600000']),
    );
    try {
      await Promise.all(Array.from({ length: AT_ONCE }, recordDeep));
    } finally {
      for (const other of others) await other[Symbol.asyncDispose]();
    }
  },
);
