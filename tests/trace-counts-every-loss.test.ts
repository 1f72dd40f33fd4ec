// Under a buffer that is too small, the records that arrive and those that are reported as lost
// add up to exactly what was made. `-- CMD` makes that number known: one exec and one exit for
// every program of the storm and for the storm itself.

import { describe, expect } from 'bun:test';
import { isLost, summaryOf } from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { TestProcess } from './support/processes.ts';
import { Waggle, type WaggleResult } from './support/waggle.ts';
import { workload } from './support/workloads.ts';

const PROGRAMS = 1000;

function storm(): string[] {
  return ['--', workload('storm'), String(PROGRAMS), '0', workload('exit_with')];
}

interface Tally {
  readonly received: number;
  readonly lost: number;
}

function tally(result: WaggleResult): Tally {
  const lost = result.events.filter(isLost);
  for (const { count } of lost) expect(count).toBeGreaterThan(0);
  return {
    received: result.events.length - lost.length,
    lost: lost.reduce((sum, { count }) => sum + count, 0),
  };
}

function expectSummary(result: WaggleResult, { received, lost }: Tally): void {
  const summary = summaryOf(result.stderr);
  expect({ events: summary.events, lost: summary.lost }).toEqual({ events: received, lost });
}

describe('trace with a buffer that is too small', () => {
  for (const size of ['4096', '8K', '64K', '1M'])
    kernelTest(`of ${size}: received + lost = made, exactly`, async () => {
      const result = await Waggle.run(['trace', '--json', '--ring-size', size, ...storm()]);
      expect(result.code).toBe(0);
      const counted = tally(result);
      expect(counted.received + counted.lost).toBe(2 * (PROGRAMS + 1));
      expectSummary(result, counted);
      if (size === '4096') expect(counted.lost).toBeGreaterThan(0);
    });

  kernelTest('counts forks too when they are asked for', async () => {
    const args = ['trace', '--json', '--ring-size', '4096', '--events', 'fork,exec,exit'];
    const result = await Waggle.run([...args, ...storm()]);
    const counted = tally(result);
    expect(counted.received + counted.lost).toBe(3 * PROGRAMS + 2);
    expectSummary(result, counted);
  });

  kernelTest('counts only the events that were asked for', async () => {
    const args = ['trace', '--json', '--ring-size', '4096', '--events', 'exit'];
    const result = await Waggle.run([...args, ...storm()]);
    const counted = tally(result);
    expect(counted.received + counted.lost).toBe(PROGRAMS + 1);
    expectSummary(result, counted);
  });

  kernelTest('takes its size from WAGGLE_RING_SIZE', async () => {
    const env = { WAGGLE_RING_SIZE: '4096' };
    const result = await Waggle.run(['trace', '--json', ...storm()], { env });
    const counted = tally(result);
    expect(counted.lost).toBeGreaterThan(0);
    expect(counted.received + counted.lost).toBe(2 * (PROGRAMS + 1));
  });

  kernelTest('counts a record that is larger than the whole buffer', async () => {
    const long = 'x'.repeat(8000);
    const args = ['trace', '--json', '--ring-size', '4096', '--'];
    const result = await Waggle.run([...args, workload('exit_with'), long]);
    expect(result.code).toBe(0);
    const counted = tally(result);
    expect(counted).toEqual({ received: 1, lost: 1 });
    expectSummary(result, counted);
  });

  kernelTest(
    'ends in the middle of a storm with a summary that agrees with its lines',
    async () => {
      const endless = ['1000000', '0', workload('exit_with')];
      await using _storm = new TestProcess([workload('storm'), ...endless]);
      const args = ['trace', '--json', '--ring-size', '4096', '--duration', '1'];
      const result = await Waggle.run(args);
      expect(result.code).toBe(0);
      const counted = tally(result);
      expect(counted.lost).toBeGreaterThan(0);
      expectSummary(result, counted);
    },
  );

  kernelTest('tells people of it in the table', async () => {
    const result = await Waggle.run(['trace', '--ring-size', '4096', ...storm()]);
    const lines = [...result.stdout.matchAll(/ lost (\d+) events/g)];
    const lost = lines.reduce((sum, [, count]) => sum + Number(count), 0);
    expect(lost).toBe(summaryOf(result.stderr).lost);
    expect(lost).toBeGreaterThan(0);
  });
});
