// The metadata plugin against a model of processes, with the disorders of real streams: records of
// different CPUs out of order, records lost, records twice. What an event says of its process must
// never be another's, and when all have ended nothing is left.

import { expect, test } from 'bun:test';
import type { ProcessMetadataCache } from '@waggle/cache';
import { MemoryProcfs } from '@waggle/cache/testing';
import type { ExecEvent, ExitEvent, ForkEvent, ProcessEvent } from '@waggle/events';
import { execEvent } from '@waggle/events/testing';
import fc from 'fast-check';
import type { ErasedSetup, PluginContext } from '../../plugin/plugin.ts';
import { processMetadata } from './index.ts';

const TICK_NS = 10_000_000n;

function plugin(procfs: MemoryProcfs) {
  const context = {
    name: 'process-metadata',
    services: { kernel: { procfs } },
    signal: new AbortController().signal,
    onClose() {},
    warn() {},
  } as unknown as PluginContext;
  const setup = processMetadata({ capacity: 1000 }).spec.setup(context) as ErasedSetup;
  const load = setup.load as (event: ProcessEvent) => void;
  return { cache: setup.service as ProcessMetadataCache, load, cycle: setup.cycle! };
}

interface Alive {
  readonly pid: number;
  readonly startTime: bigint;
  execId: number;
  program: string;
  parent: Alive | undefined;
}

const base = (process: Alive, time: bigint) => ({
  time,
  bootTime: time,
  processId: '',
  parentProcessId: '',
  eventId: '',
  pid: process.pid,
  tid: process.pid,
  ppid: process.parent?.pid ?? 0,
  startTime: process.startTime,
  execId: process.execId,
  identity: { pid: process.pid, startBoottimeNs: process.startTime, execId: process.execId },
  parentStartTime: process.parent?.startTime ?? 0n,
  comm: process.program.slice(0, 15),
  parentComm: null,
  cgroup: '/',
  containerId: null,
});

const forkOf = (parent: Alive, child: Alive, time: bigint): ForkEvent => ({
  ...base(parent, time),
  event: 'fork',
  childPid: child.pid,
  childStartTime: child.startTime,
  uid: 0,
  childCgroup: '/',
  childContainerId: null,
});
const execOf = (process: Alive, time: bigint): ExecEvent =>
  execEvent({
    ...base(process, time),
    filename: process.program,
    argv: [process.program, String(process.startTime)],
  });
const exitOf = (process: Alive, time: bigint): ExitEvent => ({
  ...base(process, time),
  event: 'exit',
  uid: 0,
  cgroupId: 1n,
  filename: null,
  argv: null,
  argvTruncated: false,
  exitCode: 0,
  signal: null,
  coreDumped: false,
  lifetimeNs: time - process.startTime,
  userNs: 0n,
  systemNs: 0n,
  maxRssBytes: 0n,
  majorFaults: 0,
  readBytes: 0n,
  writeBytes: 0n,
  voluntarySwitches: 0,
  involuntarySwitches: 0,
});

const step = fc.record({
  act: fc.constantFrom('fork', 'fork', 'exec', 'exit', 'cycle'),
  who: fc.nat(1000),
  pid: fc.integer({ min: 2, max: 9 }),
  fate: fc.constantFrom('on time', 'on time', 'on time', 'late', 'twice', 'lost'),
});

/** What a process ran, image by image, so that an event can be checked whenever it comes. */
type History = Map<string, Map<number, string>>;
const keyOf = ({ pid, startTime }: { pid: number; startTime: bigint }) => `${pid}@${startTime}`;

function checkTruth(event: ProcessEvent, history: History): void {
  if (event.event !== 'exit') return;
  if (event.filename === null) return;
  const truth = history.get(keyOf(event))?.get(event.execId);
  expect(event.filename).toBe(truth ?? 'unknown image');
}

function play(
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
  disorder: boolean,
) {
  const procfs = new MemoryProcfs();
  const { cache, load, cycle } = plugin(procfs);
  const history: History = new Map();
  const note = (process: Alive) => {
    const images = history.get(keyOf(process)) ?? new Map<number, string>();
    history.set(keyOf(process), images.set(process.execId, process.program));
  };
  const root: Alive = {
    pid: 1,
    startTime: TICK_NS,
    execId: 1,
    program: '/init',
    parent: undefined,
  };
  note(root);
  load(execOf(root, 0n));
  const living: Alive[] = [root];
  const late: ProcessEvent[] = [];
  let complete = true;
  let time = 2n * TICK_NS;
  const send = (event: ProcessEvent, fate: string) => {
    if (disorder && fate === 'lost') {
      complete = false;
      return;
    }
    if (disorder && fate === 'late') {
      late.push(event);
      return;
    }
    load(event);
    checkTruth(event, history);
    if (disorder && fate === 'twice') load(structuredClone(event));
    for (const waiting of late.splice(0)) {
      load(waiting);
      checkTruth(waiting, history);
    }
  };
  for (const { act, who, pid, fate } of steps) {
    time += TICK_NS;
    const one = living[who % living.length]!;
    if (act === 'fork' && !living.some((other) => other.pid === pid)) {
      const child = { pid, startTime: time, execId: one.execId, program: one.program, parent: one };
      note(child);
      living.push(child);
      send(forkOf(one, child, time), fate);
    } else if (act === 'exec') {
      one.execId++;
      one.program = `/bin/p${one.pid}-${time}`;
      note(one);
      send(execOf(one, time), fate);
    } else if (act === 'exit' && one !== root) {
      living.splice(living.indexOf(one), 1);
      // Orphans are adopted.
      for (const other of living) if (other.parent === one) other.parent = root;
      send(exitOf(one, time), fate);
    } else if (act === 'cycle') cycle(Number.POSITIVE_INFINITY);
  }
  return { cache, load, cycle, history, living, root, procfs, complete, time, late };
}

test('in order, every exit says what its process ran, however it came to run it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { load, living, root, history, time, cache, cycle } = play(steps, false);
      for (const process of living) {
        if (process === root) continue;
        const event = exitOf(process, time + TICK_NS);
        load(event);
        // Never null here: the chain of forks leads to an image that was seen.
        expect(event.filename).toBe(history.get(keyOf(process))!.get(process.execId)!);
        expect(event.parentComm).not.toBeNull();
      }
      cycle(Number.POSITIVE_INFINITY);
      expect([...cache].map(({ pid }) => pid)).toEqual([1]);
    }),
    { numRuns: 300 },
  );
});

test('out of order, lost or twice: never another process or image, and nothing stays behind', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { load, living, history, time, cache, cycle, late } = play(steps, true);
      for (const event of late) {
        load(event);
        checkTruth(event, history);
      }
      for (const process of living) {
        const event = exitOf(process, time + TICK_NS);
        load(event);
        checkTruth(event, history);
      }
      // The gap is announced, and /proc, where nobody is left, settles the rest.
      load({
        event: 'lost',
        time,
        count: 1,
        lost: { fork: 0, exec: 1, exit: 0, 'failed-exec': 0 },
      });
      cycle(Number.POSITIVE_INFINITY);
      cycle(Number.POSITIVE_INFINITY);
      cache.prune();
      expect([...cache].map(({ pid }) => pid)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
