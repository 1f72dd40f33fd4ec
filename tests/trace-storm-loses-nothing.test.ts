// At the rate at which this machine can start programs, nothing is lost, nothing comes twice, and
// every event says the truth about its process.

import { describe, expect } from 'bun:test';
import {
  type ExecLine,
  execsOf,
  exitsOf,
  idOf,
  isExit,
  isLost,
  processOf,
  summaryOf,
  type TraceEvent,
} from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { run } from './support/processes.ts';
import { Waggle, type WaggleResult } from './support/waggle.ts';
import { workload } from './support/workloads.ts';

/** Every id from `first` on was executed once, as given, and its process ended once, as it should. */
function expectWholeStorm(events: readonly TraceEvent[], first: number, count: number): void {
  const program = workload('exit_with');
  const execs = execsOf(events, program).filter(
    (event) => idOf(event) >= first && idOf(event) < first + count,
  );
  expect(execs.map(idOf).sort((a, b) => a - b)).toEqual(
    Array.from({ length: count }, (_, index) => first + index),
  );
  const exits = new Map<string, number>();
  const codes = new Map<string, number>();
  const programs = new Map<string, string>();
  for (const exit of events.filter(isExit)) {
    exits.set(processOf(exit), (exits.get(processOf(exit)) ?? 0) + 1);
    codes.set(processOf(exit), exit.exitCode);
    programs.set(processOf(exit), JSON.stringify([exit.filename, exit.argv]));
  }
  const wrong = execs.filter((exec: ExecLine) => {
    const process = processOf(exec);
    return (
      exec.argv.length !== 2 ||
      exec.argv[0] !== program ||
      exec.argvTruncated ||
      exits.get(process) !== 1 ||
      codes.get(process) !== idOf(exec) % 251 ||
      // What only the cache can know of a process that lived for less than a millisecond.
      programs.get(process) !== JSON.stringify([program, exec.argv]) ||
      exec.parentComm === null
    );
  });
  expect(wrong).toEqual([]);
  expect(new Set(execs.map(processOf)).size).toBe(count);
}

function expectNoLoss(result: WaggleResult): void {
  expect(result.code).toBe(0);
  expect(result.events.filter(isLost)).toEqual([]);
  const summary = summaryOf(result.stderr);
  expect(summary.lost).toBe(0);
  expect(summary.events).toBe(result.events.length);
}

describe('trace', () => {
  kernelTest('loses nothing of a storm of 6,000 programs', async () => {
    await using waggle = await Waggle.trace();
    await run(workload('storm'), '6000', '0', workload('exit_with'));
    const result = await waggle.stop();
    expectNoLoss(result);
    expectWholeStorm(result.events, 0, 6000);
  });

  kernelTest('loses nothing of two storms at once, one on each CPU', async () => {
    const cpus = navigator.hardwareConcurrency;
    const storm = (first: number, cpu: number) =>
      run(workload('storm'), '3000', String(first), workload('exit_with'), `cpu=${cpu % cpus}`);
    await using waggle = await Waggle.trace();
    await Promise.all([storm(0, 0), storm(3000, 1)]);
    const result = await waggle.stop();
    expectNoLoss(result);
    expectWholeStorm(result.events, 0, 3000);
    expectWholeStorm(result.events, 3000, 3000);
  });

  kernelTest('follows programs whose parent ended before them', async () => {
    await using waggle = await Waggle.trace();
    await run(workload('storm'), '500', '0', workload('exit_with'), 'orphans');
    const result = await waggle.stop();
    expectNoLoss(result);
    expectWholeStorm(result.events, 0, 500);
  });

  kernelTest('keeps exec before exit for every process', async () => {
    await using waggle = await Waggle.trace();
    await run(workload('storm'), '1000', '0', workload('exit_with'));
    const { events } = await waggle.stop();
    const execs = execsOf(events, workload('exit_with'));
    expect(execs.length).toBe(1000);
    const late = execs.filter((exec) => {
      const exit = exitsOf(events, exec.pid).find((one) => processOf(one) === processOf(exec));
      return (
        exit === undefined || exit.time < exec.time || events.indexOf(exit) < events.indexOf(exec)
      );
    });
    expect(late).toEqual([]);
  });
});
