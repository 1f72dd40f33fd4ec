// Whatever ends waggle, the kernel has none of its programs, maps and links after it; and while it
// runs with nothing to do, it takes next to nothing.

import { describe, expect } from 'bun:test';
import { join } from 'node:path';
import { existingBpfObjects, expectFreed, heldBpfObjects } from './support/bpf-objects.ts';
import { kernelTest } from './support/kernel-test.ts';
import { cpuMilliseconds, exitCodeOf } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

/** Starts waggle, ends it, and looks for everything that it held. */
async function heldUntil(
  start: () => Promise<Waggle>,
  end: (waggle: Waggle) => Promise<unknown>,
): Promise<number> {
  await using waggle = await start();
  const held = heldBpfObjects(waggle.pid);
  const existing = existingBpfObjects();
  expect([...held].filter((object) => !existing.has(object))).toEqual([]);
  await end(waggle);
  await expectFreed(held);
  return held.size;
}

const output = () => join(freshFolder(), 'profile.folded');
const trace = () => Waggle.trace(['--events', 'fork,exec,exit']);
const recordHost = () => Waggle.record(['-a', '-o', output()]);
const recordCommand = () => Waggle.record(['-o', output(), '--', 'sleep', '1000']);

describe('in the kernel', () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    kernelTest(`nothing is left of trace after ${signal}`, async () => {
      // Three programs and the maps that they share.
      expect(await heldUntil(trace, (waggle) => waggle.stop(signal))).toBeGreaterThan(8);
    });

    kernelTest(`nothing is left of record -a after ${signal}`, async () => {
      expect(await heldUntil(recordHost, (waggle) => waggle.stop(signal))).toBeGreaterThan(8);
    });
  }

  kernelTest('nothing is left of record -- COMMAND after SIGINT', async () => {
    expect(await heldUntil(recordCommand, (waggle) => waggle.stop())).toBeGreaterThan(8);
  });

  kernelTest('nothing is left after two signals at once', async () => {
    const twice = async (waggle: Waggle) => {
      waggle.kill('SIGINT');
      waggle.kill('SIGINT');
      await waggle.result();
    };
    expect(await heldUntil(trace, twice)).toBeGreaterThan(8);
  });

  kernelTest('several waggles do not disturb each other', async () => {
    await using one = await Waggle.trace();
    await using two = await Waggle.trace();
    await one.stop('SIGKILL');
    await exitCodeOf(workload('exit_with'), '--id=9');
    const { events } = await two.stop();
    expect(events.some((event) => event.event === 'exit' && event.exitCode === 9)).toBe(true);
  });
});

describe('with nothing to do', () => {
  kernelTest('trace uses less than 2 % of one CPU', async () => {
    // Only its own children are traced, so that a busy machine makes no events.
    await using waggle = await Waggle.trace(['-p', String(process.pid)]);
    let least = Number.POSITIVE_INFINITY;
    // What it does at its start goes on for as long as others have the CPU.
    for (let window = 0; window < 12 && least >= 0.02; window++) {
      const before = cpuMilliseconds(waggle.pid);
      const since = performance.now();
      await Bun.sleep(2_500);
      const used = cpuMilliseconds(waggle.pid) - before;
      least = Math.min(least, used / (performance.now() - since));
    }
    expect(least).toBeLessThan(0.02);
    await waggle.stop();
  });
});
