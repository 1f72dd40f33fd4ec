// Functions of an interpreter that waggle knows nothing of, which a plugin describes: examples/own-interpreter.ts with
// tests/workloads/tiny.c, whose functions have known shares and stacks.

import { expect } from 'bun:test';
import { resolve } from 'node:path';
import { type FoldedStack, parseFolded, samples, samplesUnder } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { workload } from './support/workloads.ts';

const EXAMPLE = resolve(import.meta.dir, '../examples/own-interpreter.ts');

async function stacksOf(...command: string[]): Promise<FoldedStack[]> {
  const { code, stdout, stderr } = await Waggle.run(['run', EXAMPLE, ...command]);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return parseFolded(stdout).filter(({ frames }) => frames[0] === 'tiny');
}

const percent = (part: number, whole: number) => (100 * part) / whole;

/** Of those in which the interpreter was at work, and not before it or between two runs of its program. */
const ofPrograms = (stacks: readonly FoldedStack[]) =>
  stacks.filter(({ frames }) =>
    frames.some((name) => name === 'tiny_run' || /^(heavy|light|leaf|back)$/.test(name)),
  );

kernelTest('functions have their shares, with what called them', async () => {
  const ran = ofPrograms(await stacksOf(workload('tiny'), '4'));
  const heavy = samplesUnder(ran, 'main', 'heavy');
  const light = samplesUnder(ran, 'main', 'light');
  const share = percent(heavy, heavy + light);
  expect(share).toBeGreaterThan(57);
  expect(share).toBeLessThan(63);
  const burning = samplesUnder(ran, 'main', 'light', 'burn');
  expect(burning).toBeGreaterThan(0);
  expect(percent(heavy + light, samples(ran))).toBeGreaterThan(99);
});

kernelTest('deep calls are whole', async () => {
  const ran = ofPrograms(await stacksOf(workload('tiny'), '1', 'recurse'));
  const recursions = (frames: readonly string[]) =>
    frames.filter((name) => name === 'recurse').length;
  expect(Math.max(...ran.map(({ frames }) => recursions(frames)))).toBe(40);
  const whole = samples(ran, ({ frames }) => frames.includes('main'));
  expect(percent(whole, samples(ran))).toBeGreaterThan(99);
});

kernelTest('calls that lead through native code are whole', async () => {
  const ran = ofPrograms(await stacksOf(workload('tiny'), '1', 'back'));
  const whole = samplesUnder(ran, 'main', 'calls_back', 'back', 'burn');
  expect(percent(whole, samples(ran))).toBeGreaterThan(99);
});

kernelTest('each thread has its own', async () => {
  const ran = ofPrograms(await stacksOf(workload('tiny'), '1', 'shares', '3'));
  for (const root of ['start_thread', '__libc_start_call_main']) {
    const ofThread = ran.filter(({ frames }) => frames.includes(root));
    expect(samples(ofThread)).toBeGreaterThan(0);
    const named = samplesUnder(ofThread, 'main', 'heavy') + samplesUnder(ofThread, 'main', 'light');
    expect(percent(named, samples(ofThread))).toBeGreaterThan(99);
  }
});

kernelTest(
  'frames that have no end, and lead to what is no code, cost a stack its outer frames',
  async () => {
    const ran = ofPrograms(await stacksOf(workload('tiny'), '1', 'ring'));
    expect(samples(ran, ({ frames }) => frames.includes('leaf'))).toBeGreaterThan(0);
    const inner = samplesUnder(ran, 'main', 'heavy') + samplesUnder(ran, 'main', 'light');
    expect(percent(inner, samples(ran))).toBeGreaterThan(99);
  },
);

kernelTest('programs that are gone when they are named have their functions', async () => {
  const each = 'for run in 1 2 3 4 5 6 7 8 9 10; do "$0" 0.15; done';
  const ran = ofPrograms(await stacksOf('sh', '-c', each, workload('tiny')));
  const named = samplesUnder(ran, 'main', 'heavy') + samplesUnder(ran, 'main', 'light');
  expect(named).toBeGreaterThan(100);
  expect(percent(named, samples(ran))).toBeGreaterThan(99);
});
