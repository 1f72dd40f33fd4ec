import { expect, test } from 'bun:test';
import { hostScope } from '@waggle/probes';
import { chooseCounted, countingPlugins, describeCounted, manyStacks } from './counted.ts';
import type { RecordOptions } from './options.ts';

const OPTIONS: RecordOptions = { frequency: 99, maxProbes: 512, unwind: 'auto', groupBy: 'comm' };

function chosen(options: Partial<RecordOptions>) {
  using scope = hostScope();
  return chooseCounted({ ...OPTIONS, ...options }, scope);
}

test('time off the CPU and events exclude each other, in one line', () => {
  for (const time of [{ offCpu: true }, { wall: true }])
    for (const [option, events] of [
      ['-e', { event: ['page-faults'] }],
      ['--weight', { weight: { kind: 'duration' } }],
      ['-c', { count: 7 }],
      ['--max-rate', { maxRate: 100 }],
    ] as const) {
      const wrong = String(chosen({ ...time, ...events }));
      expect(wrong).toContain(`${option} is about events`);
      expect(wrong).not.toContain('\n');
    }
});

test('one of them decides what counts, how much may come, and what is said', () => {
  const facts = (options: Partial<RecordOptions>): readonly unknown[] => {
    const counted = chosen(options);
    if (typeof counted === 'string') throw new Error(counted);
    const names = countingPlugins(counted, OPTIONS).map(({ name }) => name);
    const said = describeCounted(counted, OPTIONS);
    return [counted.events.cpuClock, manyStacks(counted), names, said];
  };
  expect(facts({})).toEqual([true, false, [], 'at 99 Hz']);
  expect(facts({ wall: true })).toEqual([
    ...[false, true, ['off-cpu'], 'off the CPU, and on it at 99 Hz'],
  ]);
  expect(facts({ event: ['page-faults'] })).toEqual([
    ...[false, true, ['perf-events'], 'by page-faults'],
  ]);
  expect(facts({ event: ['cpu-clock', 'page-faults'] })).toEqual([
    ...[true, true, ['perf-events'], 'by cpu-clock, page-faults'],
  ]);
});

test('beside the clocks a frequency is theirs, and faults are counted each', () => {
  const faults = (event: readonly string[]) => {
    const counted = chosen({ event, frequency: 999, frequencyGiven: true });
    return typeof counted === 'string' ? counted : counted.events.perf[0];
  };
  expect(faults(['page-faults'])).toMatchObject({ frequencyHz: 999 });
  expect(faults(['page-faults', 'cpu-clock'])).toMatchObject({ period: 1 });
});
