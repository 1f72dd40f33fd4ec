// What an exit event says that the process has used is what the kernel tells its parent: wait4(2) of a launcher,
// and /proc/PID/io; of all its threads, and without its children.

import { describe, expect } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { type ExitLine, exitsOf, isLost } from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { run } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { workload } from './support/workloads.ts';

interface Waited {
  readonly pid: number;
  readonly cpuUs: number;
  readonly maxRssBytes: number;
  readonly majorFaults: number;
  readonly voluntary: number;
  readonly involuntary: number;
  readonly readBytes: number;
  readonly writeBytes: number;
}

interface Pair {
  readonly waited: Waited;
  readonly exit: ExitLine;
}

/** Where writing goes to storage: /tmp may be memory. */
const STORAGE = '/var/tmp';
const BLOCK = 4096;
const [major = 0, minor = 0] = release().split('.').map(Number);
/** do_exit() tells of the end before it lets the memory go. */
const letsMemoryGoLater = major > 6 || (major === 6 && minor >= 16);

async function waited(...args: readonly string[]): Promise<Waited[]> {
  const folder = mkdtempSync(join(STORAGE, 'waggle-uses-'));
  try {
    const output = await run('env', `USES_FOLDER=${folder}`, workload('wait4'), ...args);
    return output
      .trim()
      .split('\n')
      .map((line) => {
        const [pid = 0, user = 0, system = 0, kb = 0, majorFaults = 0, ...rest] = line
          .split(' ')
          .map(Number);
        const [voluntary = 0, involuntary = 0, readBytes = 0, writeBytes = 0] = rest;
        return {
          ...{ pid, cpuUs: user + system, maxRssBytes: kb * 1024, majorFaults },
          ...{ voluntary, involuntary, readBytes, writeBytes },
        };
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function traced(...args: readonly string[]): Promise<Pair[]> {
  await using waggle = await Waggle.trace(['--events', 'exit']);
  const all = await waited(...args);
  const { events } = await waggle.stop();
  expect(events.filter(isLost)).toEqual([]);
  return all.map((waited) => {
    const [exit] = exitsOf(events, waited.pid);
    if (exit === undefined) throw new Error(`no exit of ${waited.pid}`);
    return { waited, exit };
  });
}

const cpuUs = ({ userNs, systemNs }: ExitLine) => Number(BigInt(userNs) + BigInt(systemNs)) / 1000;

/** What comes after the end, freeing memory above all, is in wait4's figures alone. */
function expectCpu(pairs: readonly Pair[], tailUs: number): void {
  for (const { waited, exit } of pairs)
    expect(cpuUs(exit)).toBeLessThanOrEqual(waited.cpuUs + 1000);
  const ours = pairs.reduce((sum, { exit }) => sum + cpuUs(exit), 0);
  const theirs = pairs.reduce((sum, { waited }) => sum + waited.cpuUs, 0);
  expect(ours).toBeGreaterThan(theirs - tailUs * pairs.length);
}

function expectStorage(pairs: readonly Pair[]): void {
  for (const { waited, exit } of pairs) {
    expect(Number(exit.readBytes)).toBe(waited.readBytes);
    expect(Number(exit.writeBytes)).toBe(waited.writeBytes);
  }
}

/** What was written, and a few blocks of the file system's own. */
function expectBlocks({ writeBytes }: ExitLine, blocks: number): void {
  expect(Number(writeBytes)).toBeGreaterThanOrEqual(blocks * BLOCK);
  expect(Number(writeBytes)).toBeLessThan((blocks + 50) * BLOCK);
}

describe('an exit says what its process has used', () => {
  kernelTest('of 1,000 processes that use more or less of everything', async () => {
    const pairs = await traced('1000', '--number', workload('uses'), 'mixed');
    expect(pairs.length).toBe(1000);
    expectCpu(pairs, 4000);
    expectStorage(pairs);
    for (const { waited, exit } of pairs) {
      expect(exit.majorFaults).toBe(waited.majorFaults);
      expect(Number(exit.maxRssBytes) / waited.maxRssBytes).toBeCloseTo(1, 1);
      // The last one is that of its end.
      expect(exit.voluntarySwitches).toBeLessThanOrEqual(waited.voluntary);
      expect(exit.involuntarySwitches).toBeLessThanOrEqual(waited.involuntary);
    }
    const near = pairs.filter(
      ({ waited, exit }) => Math.abs(Number(exit.maxRssBytes) / waited.maxRssBytes - 1) <= 0.04,
    );
    expect(near.length).toBe(1000);
  });

  kernelTest('of threads that were joined', async () => {
    const pairs = await traced('5', workload('uses'), 'joined');
    expectCpu(pairs, 4000);
    expectStorage(pairs);
    for (const { exit } of pairs) expectBlocks(exit, 45);
  });

  kernelTest('of a leader that ended before its thread', async () => {
    const pairs = await traced('5', workload('uses'), 'leader');
    expectCpu(pairs, 4000);
    expectStorage(pairs);
    for (const { exit } of pairs) {
      expect(cpuUs(exit)).toBeGreaterThan(12_000);
      expectBlocks(exit, 8);
    }
  });

  kernelTest('of threads that are still there when exit(3) is called', async () => {
    expectCpu(await traced('10', workload('uses'), 'many'), 10_000);
  });

  for (const [way, blocks] of [
    ['child', 9],
    ['parent', 45],
  ] as const)
    kernelTest(`without its children: ${way}`, async () => {
      const pairs = await traced('5', workload('uses'), way);
      for (const { waited, exit } of pairs) {
        expectBlocks(exit, blocks);
        // /proc/PID/io has those of children who were waited for.
        expect(waited.writeBytes).toBeGreaterThanOrEqual((blocks + 100) * BLOCK);
      }
      // The children's time is known in ticks of 10 ms.
      expectCpu(pairs, 20_000);
    });

  kernelTest('of the last program: not what its parent had at vfork', async () => {
    const pairs = await traced('3', '--vfork', workload('uses'), 'mixed', '2');
    for (const { waited, exit } of pairs) {
      expect(waited.maxRssBytes).toBeGreaterThan(60 << 20);
      expect(Number(exit.maxRssBytes)).toBeGreaterThan(2 << 20);
      if (letsMemoryGoLater) expect(Number(exit.maxRssBytes)).toBeLessThan(30 << 20);
    }
  });

  kernelTest('of one that lives for less than a tick of the scheduler', async () => {
    const pairs = await traced('300', workload('exit_with'));
    const used = pairs.filter(({ exit }) => cpuUs(exit) > 0).length;
    expect(used).toBeGreaterThan(290);
    expectCpu(pairs, 1500);
  });
});
