// The counting maps, in memory: what the sampler's programs would write is drained, decoded and counted,
// each sample once. Keys and values are laid out by the offsets that were generated of the C structs.

import { describe, expect, test } from 'bun:test';
import {
  interpretedOutcome,
  sampleCounters,
  sampleKey,
  sampleValue,
  stackBounds,
  threadState,
  unwindStop,
} from '@waggle/bpf';
import fc from 'fast-check';
import { type SampleMap, SampleMaps } from '../src/sampling/sample-maps.ts';
import type { StackCount, ThreadState } from '../src/sampling/stack-count.ts';
import { sampleOf } from './made-up-host.ts';

const KEY = sampleKey.offset;
const VALUE = sampleValue.offset;
const CPUS = 2;
const LONGEST = stackBounds.STACK_MAX_FRAMES;

/** As a map of the kernel is read: a batch's bytes are overwritten by the next one. */
class MemoryMap implements SampleMap {
  readonly entries: [key: Uint8Array, value: Uint8Array][] = [];
  readonly cpus = CPUS;
  readonly valueStride = sampleCounters.size;
  readonly #batchSize = 2;
  readonly #keys = new Uint8Array(2 * sampleKey.size);
  readonly #values = new Uint8Array(2 * sampleValue.size);
  #only: Uint8Array | undefined;

  get(): Uint8Array | undefined {
    return this.#only;
  }

  set(_key: Uint8Array, value: Uint8Array): void {
    this.#only = value;
  }

  *drain() {
    while (this.entries.length > 0) {
      const batch = this.entries.splice(0, this.#batchSize);
      for (const [index, [key, value]] of batch.entries()) {
        this.#keys.set(key, index * sampleKey.size);
        this.#values.set(value, index * sampleValue.size);
      }
      yield { count: batch.length, keys: this.#keys, values: this.#values };
      this.#keys.fill(0xff);
      this.#values.fill(0xff);
    }
  }
}

class MadeUpSampler {
  readonly #maps = new Map<string, MemoryMap>();

  readonly map = (name: string): MemoryMap => {
    const map = this.#maps.get(name) ?? new MemoryMap();
    this.#maps.set(name, map);
    return map;
  };

  /** As the BPF program does: to the map that is switched on. */
  sample(stack: StackCount): void {
    const [index = 0] = this.map('active_samples').get() ?? [];
    this.map(index === 0 ? 'samples_a' : 'samples_b').entries.push(entryOf(stack));
  }
}

const STATES: Readonly<Record<ThreadState, number>> = {
  running: threadState.THREAD_RUNNING,
  runnable: threadState.THREAD_RUNNABLE,
  interruptible: threadState.THREAD_INTERRUPTIBLE,
  uninterruptible: threadState.THREAD_UNINTERRUPTIBLE,
};

/** @param runnable ns of waiting for a CPU, besides its weight */
function entryOf(stack: StackCount, runnable = 0): [Uint8Array, Uint8Array] {
  const key = new Uint8Array(sampleKey.size);
  const value = new Uint8Array(sampleValue.size);
  const [keys, values] = [new DataView(key.buffer), new DataView(value.buffer)];
  keys.setUint32(KEY.tgid, stack.pid, true);
  keys.setUint32(KEY.tid, stack.tid, true);
  keys.setUint16(KEY.user_depth, stack.user.length, true);
  keys.setUint16(KEY.kernel_depth, stack.kernel.length, true);
  keys.setUint16(KEY.user_stop, stack.userStop, true);
  keys.setUint8(KEY.event, stack.event);
  keys.setUint8(KEY.state, STATES[stack.state]);
  keys.setBigUint64(KEY.start_boottime, stack.startTime, true);
  keys.setBigUint64(KEY.exec_id, BigInt(stack.execId), true);
  for (const [depth, address] of stack.user.entries()) {
    const interrupted = stack.interrupted.includes(depth) ? 1n : 0n;
    const bit = interrupted << BigInt(stackBounds.FRAME_INTERRUPTED_BIT);
    keys.setBigUint64(KEY.user + 8 * depth, BigInt(address) | bit, true);
  }
  for (const [depth, address] of stack.kernel.entries())
    keys.setBigUint64(KEY.kernel + 8 * depth, address, true);
  values.setBigUint64(VALUE.count, BigInt(stack.count), true);
  values.setBigUint64(VALUE.weight, BigInt(stack.weight), true);
  values.setBigUint64(VALUE.runnable, BigInt(runnable), true);
  values.setBigUint64(VALUE.first_ns, stack.firstTime, true);
  values.setBigUint64(VALUE.last_ns, stack.lastTime, true);
  values.setUint32(VALUE.cpu, stack.cpu, true);
  value.set(new TextEncoder().encode(stack.comm), VALUE.comm);
  value.set(new TextEncoder().encode(stack.threadComm), VALUE.thread_comm);
  return [key, value];
}

/** Two rounds: either map may hold what was sampled. */
function drained(sampler: MadeUpSampler): StackCount[] {
  const maps = new SampleMaps(sampler.map);
  return [...maps.nextRound(), ...maps.nextRound()];
}

describe('a stack', () => {
  test('has every field of its key and its value, whatever comes after it', () => {
    const sampler = new MadeUpSampler();
    const first = sampleOf({
      ...{ pid: 4_194_304, startTime: 2n ** 63n, execId: 2 ** 40, comm: 'a name of 15 by' },
      ...{ tid: 4_194_305, threadComm: 'worker', count: 2 ** 40, cpu: 127 },
      ...{ firstTime: 2n ** 62n, lastTime: 2n ** 62n + 1n },
      user: [0x7fff_ffff_f000, 0x55_5555_5555, 0x1000],
      interrupted: [1],
      kernel: [0xffff_ffff_8100_0000n, 0xffff_ffff_8200_0000n],
      ...{ userStop: unwindStop.STOP_END, event: 255, state: 'uninterruptible', weight: 2 ** 52 },
    });
    const others = [1, 2, 3, 4].map((pid) => sampleOf({ pid, user: [pid] }));
    for (const stack of [first, ...others]) sampler.sample(stack);
    expect(drained(sampler)).toEqual([first, ...others]);
  });

  test('of a process without frames is one all the same', () => {
    const sampler = new MadeUpSampler();
    sampler.sample(sampleOf({ pid: 0, comm: 'swapper/0' }));
    expect(drained(sampler)).toEqual([sampleOf({ pid: 0, comm: 'swapper/0' })]);
  });

  test('of a thread that slept and then waited for a CPU is two, and one sample', () => {
    const sampler = new MadeUpSampler();
    const slept = sampleOf({ user: [1], state: 'interruptible', weight: 5000, count: 2 });
    const only = sampleOf({ user: [2], state: 'interruptible', weight: 0, count: 1 });
    sampler.map('samples_a').entries.push(entryOf(slept, 300), entryOf(only, 7));
    expect(drained(sampler)).toEqual([
      slept,
      { ...slept, state: 'runnable', weight: 300, count: 0 },
      { ...only, state: 'runnable', weight: 7 },
    ]);
  });

  const deep = Array.from({ length: LONGEST }, (_, depth) => 0x1000 + depth);
  for (const [what, stack, truncated] of [
    ['as long as the kernel walks', { user: deep, userStop: unwindStop.STOP_NOT_WALKED }, true],
    ['shorter', { user: deep.slice(1), userStop: unwindStop.STOP_NOT_WALKED }, false],
    ['as long, walked to its end', { user: deep, userStop: unwindStop.STOP_END }, false],
    ['that was too deep for the walk', { user: deep, userStop: unwindStop.STOP_TOO_DEEP }, true],
    ['that was cut elsewhere', { user: [1], userStop: unwindStop.STOP_NO_TABLE }, false],
  ] as const)
    test(`${what} is ${truncated ? '' : 'not '}truncated`, () => {
      const sampler = new MadeUpSampler();
      sampler.sample(sampleOf(stack));
      expect(drained(sampler)).toEqual([sampleOf({ ...stack, truncated })]);
    });

  test('of any addresses comes out as it went in', () => {
    const address = fc.maxSafeInteger().map((number) => Math.abs(number) % 2 ** 48);
    const stack = fc
      .record({
        user: fc.array(address, { maxLength: LONGEST }),
        kernel: fc.array(fc.bigInt({ min: 2n ** 63n, max: 2n ** 64n - 1n }), {
          maxLength: LONGEST,
        }),
        signals: fc.infiniteStream(fc.boolean()),
      })
      .map(({ user, kernel, signals }) => {
        const interrupted = [...user.keys()].filter(() => signals.next().value);
        return sampleOf({ user, kernel, interrupted, userStop: unwindStop.STOP_END });
      });
    fc.assert(
      fc.property(fc.array(stack, { maxLength: 5 }), (stacks) => {
        const sampler = new MadeUpSampler();
        for (const each of stacks) sampler.sample(each);
        expect(drained(sampler)).toEqual(stacks);
      }),
      { numRuns: 50 },
    );
  });
});

describe('rounds', () => {
  test('hand out what was sampled before the last switch, and each sample once', () => {
    const sampler = new MadeUpSampler();
    const maps = new SampleMaps(sampler.map);
    const pids = (stacks: Iterable<StackCount>) => [...stacks].map(({ pid }) => pid);
    sampler.sample(sampleOf({ pid: 1 }));
    expect(pids(maps.nextRound())).toEqual([]);
    // Of a program that had fetched the map's number before the switch.
    sampler.map('samples_a').entries.push(entryOf(sampleOf({ pid: 2 })));
    sampler.sample(sampleOf({ pid: 3 }));
    expect(pids(maps.nextRound())).toEqual([1, 2]);
    sampler.sample(sampleOf({ pid: 4 }));
    expect(pids(maps.nextRound())).toEqual([3]);
    sampler.sample(sampleOf({ pid: 5 }));
    expect(pids(maps.rest()).sort()).toEqual([4, 5]);
    expect(pids(maps.rest())).toEqual([]);
  });

  test('switch only when all of a map was taken', () => {
    const sampler = new MadeUpSampler();
    const maps = new SampleMaps(sampler.map);
    for (const pid of [1, 2, 3]) sampler.sample(sampleOf({ pid }));
    [...maps.nextRound()];
    const round = maps.nextRound();
    round.next();
    sampler.sample(sampleOf({ pid: 4 }));
    expect([...round].map(({ pid }) => pid)).toEqual([2, 3]);
    expect(sampler.map('samples_b').entries).toHaveLength(1);
  });
});

test('counters are summed over the CPUs', () => {
  const sampler = new MadeUpSampler();
  const at = sampleCounters.offset;
  const bytes = new Uint8Array(CPUS * sampleCounters.size);
  const view = new DataView(bytes.buffer);
  const fields = [
    ...['stored', 'lost_full', 'lost_busy', 'throttled', 'idle', 'foreign'],
    ...['user_truncated', 'deferred'],
  ] as const;
  for (let cpu = 0; cpu < CPUS; cpu++) {
    const start = cpu * sampleCounters.size;
    for (const [index, field] of fields.entries())
      view.setBigUint64(start + at[field as keyof typeof at], BigInt(10 ** index), true);
    view.setBigUint64(start + at.stops + 8 * unwindStop.STOP_NO_TABLE, 5n, true);
    const unreadable = 8 * interpretedOutcome.INTERPRETED_UNREADABLE;
    view.setBigUint64(start + at.interpreted + unreadable, 3n, true);
  }
  sampler.map('sample_counters').set(new Uint8Array(4), bytes);
  const maps = new SampleMaps(sampler.map);
  const stops = Array(unwindStop.STOP_REASONS).fill(0);
  stops[unwindStop.STOP_NO_TABLE] = 10;
  const interpreted = Array(interpretedOutcome.INTERPRETED_OUTCOMES).fill(0);
  interpreted[interpretedOutcome.INTERPRETED_UNREADABLE] = 6;
  expect(maps.counts()).toEqual({
    stored: 2 * (1 + 10_000_000),
    lost: 2 * (10 + 100 + 1000),
    throttled: 2 * 1000,
    idle: 2 * 10_000,
    foreign: 2 * 100_000,
    userTruncated: 2 * 1_000_000,
    stops,
    interpreted,
  });
});
