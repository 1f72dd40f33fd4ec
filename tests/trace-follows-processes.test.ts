// `waggle trace -p`: everything that these processes and their descendants do is there, and nothing else.
// Runs beside others.

import { describe, expect } from 'bun:test';
import { eventually } from './support/deadline.ts';
import { execIds, idOf, isExec, isExit, isFork, summaryOf } from './support/events.ts';
import { kernelTest } from './support/kernel-test.ts';
import { run, TestProcess } from './support/processes.ts';
import { Waggle } from './support/waggle.ts';
import { workload } from './support/workloads.ts';

/** A process with a child and a grandchild; `act()` makes each of them run a program. */
class Family implements AsyncDisposable {
  readonly #process: TestProcess;
  private constructor(
    process: TestProcess,
    readonly parent: number,
    readonly child: number,
    readonly grandchild: number,
  ) {
    this.#process = process;
  }

  static async start(): Promise<Family> {
    const process = new TestProcess([workload('family'), workload('exit_with')]);
    const line = await eventually('the family', () => /^(\d+) (\d+) (\d+)\n/.exec(process.stdout));
    const [, parent, child, grandchild] = line;
    return new Family(process, Number(parent), Number(child), Number(grandchild));
  }

  async act(): Promise<void> {
    const before = this.#process.stdout.length;
    this.#process.writeLine('go');
    await eventually('the family to act', () => this.#process.stdout.includes('done', before));
  }

  async end(): Promise<void> {
    this.#process.endInput();
    expect(await this.#process.ended()).toBe(0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

async function unrelated(): Promise<void> {
  await run(workload('storm'), '20', '900', workload('exit_with'));
}

describe('trace -p', () => {
  kernelTest('follows a process, its children and grandchildren, old and new', async () => {
    await using family = await Family.start();
    await using waggle = await Waggle.trace(['-p', String(family.parent)]);
    await unrelated();
    await family.act();
    await unrelated();
    await family.end();
    const { events, stderr } = await waggle.stop();
    expect(execIds(events)).toEqual([1, 2, 3, 4]);
    const members = [family.parent, family.child, family.grandchild];
    const exits = events.filter(isExit);
    for (const pid of members) expect(exits.filter((event) => event.pid === pid).length).toBe(1);
    // The three, the four programs, and the parent's new child, which never called execve.
    expect(exits.length).toBe(8);
    expect(exits.every(({ filename }) => filename !== null)).toBe(true);
    expect(summaryOf(stderr).suppressed).toBeGreaterThanOrEqual(80);
  });

  kernelTest('misses nobody who is born while it attaches', async () => {
    for (let round = 0; round < 2; round++) {
      await using brood = new TestProcess([workload('brood')]);
      await eventually('the first', () => brood.stdout.includes('growing'));
      await using waggle = await Waggle.trace(['-p', String(brood.pid), '--events', 'exit']);
      brood.writeLine('enough');
      const [, count] = await eventually('the number', () => /^(\d+)$/m.exec(brood.stdout));
      brood.writeLine('end');
      expect(await brood.ended()).toBe(0);
      const { events } = await waggle.stop();
      expect(events.filter(isExit).length).toBe(Number(count));
    }
  });

  kernelTest('of a child leaves its parent and siblings out', async () => {
    await using family = await Family.start();
    await using waggle = await Waggle.trace(['-p', String(family.child)]);
    await family.act();
    const { events } = await waggle.stop();
    expect(execIds(events)).toEqual([2, 3]);
  });

  kernelTest('takes several processes, apart or with commas', async () => {
    await using one = await Family.start();
    await using two = await Family.start();
    await using three = await Family.start();
    const pids = ['-p', `${one.grandchild},${two.grandchild}`, String(three.child)];
    await using waggle = await Waggle.trace(pids);
    await Promise.all([one.act(), two.act(), three.act()]);
    const { events } = await waggle.stop();
    expect(execIds(events)).toEqual([2, 3, 3, 3]);
  });

  kernelTest('says who forked whom', async () => {
    await using family = await Family.start();
    const args = ['-p', String(family.parent), '--events', 'fork,exec'];
    await using waggle = await Waggle.trace(args);
    await family.act();
    const { events } = await waggle.stop();
    const forks = events.filter(isFork);
    const parentOf = new Map(forks.map((fork) => [fork.childPid, fork]));
    const execs = events.filter(isExec);
    expect(forks.length).toBe(5);
    expect(execs.length).toBe(4);
    for (const exec of execs) {
      expect(parentOf.get(exec.pid)?.pid).toBe(exec.ppid);
      expect(parentOf.get(exec.pid)?.childStartTime).toBe(exec.startTime);
    }
    const expected = { 1: family.parent, 2: family.child, 3: family.grandchild };
    for (const [id, pid] of Object.entries(expected))
      expect(execs.find((exec) => idOf(exec) === Number(id))?.ppid).toBe(pid);
    const newChild = execs.find((exec) => idOf(exec) === 4)?.ppid ?? 0;
    expect(parentOf.get(newChild)?.pid).toBe(family.parent);
  });
});
