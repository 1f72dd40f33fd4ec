// `record --off-cpu` and `--wall`: threads that wait in known ways, held against what they measured themselves
// and what the scheduler counted of them.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuProfiler, offCpu } from '@waggle/core';
import { openSession } from '@waggle/core/session';
import * as Effect from 'effect/Effect';
import { type FoldedStack, samples } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Recorded } from './support/recorded.ts';
import { stolenTime } from './support/stolen.ts';
import { freshFolder, workload } from './support/workloads.ts';

const STATES = ['[runnable]', '[interruptible]', '[uninterruptible]'];
const SECONDS = 2;
const TO_END = 200_000;

/** A thread of `waits`; times in microseconds. */
interface Waiter {
  readonly name: string;
  readonly tid: number;
  readonly waited: number;
  readonly life: number;
  readonly run: number;
  readonly delay: number;
}

async function recordedWaits(...args: string[]) {
  const file = join(freshFolder(), 'disk');
  const command = [workload('waits'), String(1000 * SECONDS), file];
  const before = stolenTime();
  const recorded = await Recorded.of([...args, '--', ...command]);
  const stolen = stolenTime() - before;
  const waiters = recorded.stdout
    .trim()
    .split('\n')
    .map((line): Waiter => {
      const [name = '', tid, ...ns] = line.split(' ');
      const [waited = 0, life = 0, run = 0, delay = 0] = ns.map((each) => Number(each) / 1000);
      return { name, tid: Number(tid), waited, life, run, delay };
    });
  expect(waiters.length).toBe(7);
  return { recorded, waiters, stolen };
}

const ofThread = (stacks: readonly FoldedStack[], { name, tid }: Waiter) =>
  stacks.filter(({ frames }) => frames[1] === `${name} (${tid})`);

/** What slept, and who woke it. */
function withHalves(stack: FoldedStack) {
  const at = stack.frames.indexOf('[woken by]');
  const end = at < 0 ? stack.frames.length : at;
  return { ...stack, slept: stack.frames.slice(0, end), waker: stack.frames.slice(end + 1) };
}

const commOf = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

function childrenOf(pid: number): number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return listed.trim().split(' ').map(Number);
}

/** Microseconds in each state; `running` has no mark. */
function byState(stacks: readonly FoldedStack[]) {
  const within = (...states: string[]) =>
    samples(stacks.filter(({ frames }) => states.includes(frames.at(-1) ?? '')));
  const [runnable, asleep] = [within('[runnable]'), within('[interruptible]', '[uninterruptible]')];
  return { runnable, asleep, running: samples(stacks) - runnable - asleep };
}

/**
 * @param more that it may be above that: a thread that has said its times may wait for a CPU to end
 * @param less that it may be below that
 */
function expectWithin(
  found: number,
  expected: number,
  tolerance: number,
  what: string,
  { more = 0, less = 0 } = {},
): void {
  const isWithin = found >= expected - tolerance - less && found <= expected + tolerance + more;
  expect(`${what}: ${isWithin || `${found} µs, not ${expected} (-${less}, +${more})`}`).toBe(
    `${what}: true`,
  );
}

describe('record --off-cpu', () => {
  kernelTest(
    'has each way of waiting as long as it took, whole without frame pointers',
    async () => {
      const { recorded, waiters, stolen } = await recordedWaits(
        ...['--off-cpu', '--group-by', 'thread'],
      );
      const functions = {
        ...{ asleep: 'wait_asleep', napping: 'wait_napping', pipe: 'wait_for_pipe' },
        ...{ lock: 'wait_for_lock', disk: 'fsync' },
        ...{ 'spin-a': 'spin_and_wait', 'spin-b': 'spin_and_wait' },
      };
      for (const [name, called] of Object.entries(functions)) {
        const waiter = waiters.find((each) => each.name === name) as Waiter;
        const inIt = ofThread(recorded.stacks, waiter).filter(
          ({ frames }) =>
            frames.includes(called) &&
            // It waits for its turn to lock too, by a pipe.
            (name !== 'lock' || frames.some((frame) => frame.includes('futex'))),
        );
        // What a nap runs is in its own time too. Who measures by clocks has waited as well while it ran, and an
        // interrupt or a hypervisor had the CPU: waiting for a disk is full of them.
        const { waited, run, delay } = waiter;
        const expected = name.startsWith('spin') ? delay : waited - (name === 'napping' ? run : 0);
        expectWithin(samples(inIt), expected, 0.03 * waiter.waited, called, { less: stolen });
      }
      expect(recorded.complete()).toBeGreaterThanOrEqual(99);
      expect(recorded.stderr).toMatch(/off the CPU: \d+ waits with a stack each/);
      for (const { frames } of recorded.stacks) expect(STATES).toContain(frames.at(-1) ?? '');
    },
  );

  kernelTest('has whole stacks of processes that have ended, from the first wait on', async () => {
    const script = 'for i in 1 2 3 4 5 6 7 8 9 10; do "$0" 20 "$1"; done';
    const recorded = await Recorded.of([
      ...['--off-cpu', '--', 'sh', '-c', script, workload('waits'), join(freshFolder(), 'disk')],
    ]);
    const asleep = recorded.stacks.filter(({ frames }) => frames.includes('wait_asleep'));
    expect(samples(asleep)).toBeGreaterThan(10 * 18_000);
    for (const { frames } of asleep) expect(frames).toContain('run_job');
    expect(recorded.complete()).toBeGreaterThanOrEqual(99);
    // Tables of what the command starts with are there before it is.
    expect(recorded.stderr).not.toContain('table was not there yet');
  });

  kernelTest('says who woke a thread, stack under stack', async () => {
    const { recorded, waiters } = await recordedWaits(
      ...['--off-cpu', '--wakers', '--group-by', 'thread'],
    );
    const woken = (name: string, called: string) => {
      const waiter = waiters.find((each) => each.name === name) as Waiter;
      const stacks = ofThread(recorded.stacks, waiter).filter(({ frames }) =>
        frames.includes(called),
      );
      return { all: samples(stacks), stacks: stacks.map(withHalves) };
    };
    const share = ({ all, stacks }: ReturnType<typeof woken>, isIt: (waker: string[]) => boolean) =>
      samples(stacks.filter(({ waker }) => isIt(waker))) / all;
    // The main thread writes to the pipe, and lets go of the lock.
    const byMain =
      (...names: string[]) =>
      (waker: string[]) =>
        ['main', '__libc_start_call_main', ...names].every((name) => waker.includes(name));
    expect(share(woken('pipe', 'wait_for_pipe'), byMain('write'))).toBeGreaterThan(0.95);
    const unlocks = (waker: string[]) =>
      byMain()(waker) && waker.some((name) => name.includes('mutex_unlock'));
    expect(share(woken('lock', 'pthread_mutex_lock'), unlocks)).toBeGreaterThan(0.95);
    // Who is nearest to the wait stands first; of an interrupt nothing of what it has interrupted.
    const asleep = woken('asleep', 'wait_asleep');
    const byTimer = (waker: string[]) =>
      waker[0] === 'try_to_wake_up_[k]' &&
      waker.includes('hrtimer_wakeup_[k]') &&
      waker.every((name) => name.endsWith('_[k]'));
    expect(share(asleep, byTimer)).toBeGreaterThan(0.95);
    for (const { slept } of asleep.stacks) expect(STATES).toContain(slept.at(-1) ?? '');
    expect(recorded.stderr).toMatch(/most time in .*clock_nanosleep/);
  });

  kernelTest('names who woke it though only the sleeper is recorded', async () => {
    // A session of its own: all of it is to end.
    const loop = 'while sleep 0.02; do echo; done | cat >/dev/null';
    const pipe = Bun.spawn(['setsid', 'sh', '-c', loop]);
    try {
      await Bun.sleep(300);
      const cat = childrenOf(pipe.pid).find((pid) => commOf(pid) === 'cat');
      const { stacks } = await Recorded.of([
        ...['--off-cpu', '--wakers', '-d', '1', '-p', String(cat)],
      ]);
      const woken = stacks.map(withHalves);
      const bySh = woken.filter(({ waker }) => waker.at(-1) === 'sh' && waker.includes('write'));
      expect(samples(bySh)).toBeGreaterThan(0.8 * samples(stacks));
    } finally {
      process.kill(-pipe.pid, 'SIGKILL');
      await pipe.exited;
    }
  });

  kernelTest('agrees with the scheduler on who waited for a CPU, and who slept', async () => {
    const { recorded, waiters, stolen } = await recordedWaits('--off-cpu', '--group-by', 'thread');
    for (const waiter of waiters) {
      const { runnable, asleep } = byState(ofThread(recorded.stacks, waiter));
      const { name, life, run, delay } = waiter;
      expectWithin(runnable, delay, 0.02 * life, `${name} runnable`, { more: TO_END });
      // The scheduler leaves out of a run what a hypervisor and interrupts took: then it is in the rest.
      expectWithin(life - run - delay, asleep, 0.02 * life, `${name} asleep`, { more: stolen });
    }
  });

  kernelTest('has only the states and the lengths that were asked for', async () => {
    const { recorded } = await recordedWaits(
      ...['--off-cpu', '--state', 'interruptible', '--min-block', '10ms'],
    );
    const leaves = new Set(recorded.stacks.map(({ frames }) => frames.at(-1)));
    expect([...leaves]).toEqual(['[interruptible]']);
    expect(recorded.stacks.some(({ frames }) => frames.includes('wait_asleep'))).toBe(true);
    expect(recorded.stderr).toMatch(/\d+ waits shorter than asked for left out/);
    expect(recorded.stderr).not.toContain('came too often');
  });

  kernelTest('counts who sleeps all the time until the end, with its stack', async () => {
    const sleeper = Bun.spawn(['sleep', '1000']);
    try {
      await Bun.sleep(200);
      const { stacks } = await Recorded.of(['--off-cpu', '-d', '1', '-p', String(sleeper.pid)]);
      const asleep = stacks.filter(({ frames }) => frames.at(-1) === '[interruptible]');
      expect(samples(asleep)).toBeGreaterThan(970_000);
      const [stack] = asleep;
      expect(stack?.frames[0]).toBe('sleep');
      expect(stack?.frames.some((name) => /nanosleep.*_\[k\]$/.test(name))).toBe(true);
      expect(
        stack?.frames.slice(1).filter((name) => !name.endsWith('_[k]')).length,
      ).toBeGreaterThan(3);
    } finally {
      sleeper.kill();
      await sleeper.exited;
    }
  });
});

describe('record --wall', () => {
  for (const unwind of ['dwarf', 'fp'])
    kernelTest(`adds up to the life of each thread (--unwind ${unwind})`, async () => {
      const { recorded, waiters, stolen } = await recordedWaits(
        ...['--wall', '--group-by', 'thread', '--unwind', unwind],
      );
      for (const waiter of waiters) {
        const own = ofThread(recorded.stacks, waiter);
        const { name, life, run, delay } = waiter;
        expectWithin(samples(own), life, 0.02 * life, `${name} life`, { more: TO_END });
        const { running, runnable } = byState(own);
        // The scheduler leaves out interrupts, and what a hypervisor took: of the clock's time it is less.
        expectWithin(running, run, 0.02 * life, `${name} running`, { more: stolen });
        expectWithin(runnable, delay, 0.02 * life, `${name} runnable`, { more: TO_END });
      }
      const spinning = recorded.stacks.filter(({ frames }) => frames.at(-1) === 'spin_and_wait');
      expect(samples(spinning)).toBeGreaterThan(0);
    });

  kernelTest('stands on the state where that is asked for', async () => {
    const { recorded } = await recordedWaits('--wall', '--group-by', 'state');
    const roots = new Set(recorded.stacks.map(({ frames }) => frames[0] ?? ''));
    for (const state of ['running', 'runnable', 'interruptible'])
      expect([...roots]).toContain(state);
  });
});

describe('two events', () => {
  kernelTest('are two values of one profile, and said of each stack', async () => {
    const plugins = [cpuProfiler({ raw: true }), offCpu()] as const;
    const { profile, raw } = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* openSession({ plugins, pids: [process.pid] });
          yield* Effect.forkScoped(session.run);
          const end = performance.now() + 1000;
          while (performance.now() < end) yield* Effect.sleep('5 millis');
          return { profile: yield* session.collect, raw: yield* session.collectRaw };
        }),
      ),
    );
    expect(profile.values).toEqual({
      types: [
        { type: 'cpu-clock', unit: 'count' },
        { type: 'off-cpu', unit: 'microseconds' },
      ],
      shown: 0,
    });
    const waited = profile.stacks.reduce((sum, { values }) => sum + (values?.[1] ?? 0), 0);
    expect(waited).toBeGreaterThan(500_000);
    const off = raw.filter(({ event }) => event === 'off-cpu');
    const inRaw = off.reduce((sum, { value }) => sum + value, 0);
    expect(inRaw).toBeGreaterThan(500_000);
    expect(off.every(({ state }) => state !== 'running')).toBe(true);
  });
});
