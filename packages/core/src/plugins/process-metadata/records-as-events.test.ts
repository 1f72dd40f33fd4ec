// However events come to the metadata, and whether anybody asks the cache meanwhile, they are completed
// alike: as bytes of records, as objects, and with the cache told of every event at once, as it is where
// somebody asks between any two.

import { expect, test } from 'bun:test';
import { execRecord, exitRecord, forkRecord, recordFlags, recordType } from '@waggle/bpf';
import { ProcessMetadataCache } from '@waggle/cache';
import { MemoryProcfs } from '@waggle/cache/testing';
import { EventBatch, EventContext, KnownCgroups, type ProcessEvent } from '@waggle/events';
import { type RecordFields, processRecord as recordOf } from '@waggle/events/testing';
import fc from 'fast-check';
import { EventJson } from '../event-output/event-json.ts';
import { CacheFeed } from './cache-feed.ts';

const TICK_NS = 10_000_000n;
const context = new EventContext(new KnownCgroups(() => false), 0n, 'boot');

interface Alive {
  readonly pid: number;
  readonly start: bigint;
  execId: number;
  comm: string;
  readonly parent: Alive | undefined;
}

const headerOf = ({ pid, start, execId, parent }: Alive, time: bigint): RecordFields => ({
  'header.time_ns': time,
  'header.tgid': pid,
  'header.tid': pid,
  'header.start_boottime': start,
  'header.exec_id': execId,
  'header.parent_tgid': parent?.pid ?? 1,
  'header.parent_start_boottime': parent?.start ?? 0n,
  'header.parent_exec_id': parent?.execId ?? 0,
});

/**
 * `cycle`: what has ended is forgotten. `hold`: a cycle in which it may still be asked about. `quiet`: another one, after
 * which nobody does.
 */
const CYCLES = ['cycle', 'hold', 'quiet'] as const;
type Cycle = (typeof CYCLES)[number];

const step = fc.record({
  act: fc.constantFrom('fork', 'fork', 'exec', 'exec', 'exit', 'exit', ...CYCLES),
  who: fc.nat(1000),
  pid: fc.integer({ min: 2, max: 9 }),
  program: fc.constantFrom('sh', 'cc1', 'naïve', 'long-name-of-a-program'),
  cut: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** The records of a kernel that does these, and the ends of cycles. */
function streamOf(steps: readonly Step[]): (Uint8Array | Cycle)[] {
  const records: (Uint8Array | Cycle)[] = [];
  const alive: Alive[] = [{ pid: 1, start: 0n, execId: 3, comm: 'init', parent: undefined }];
  let now = TICK_NS;
  for (const { act, who, pid, program, cut } of steps) {
    now += TICK_NS;
    const one = alive[who % alive.length];
    if (act === 'cycle' || act === 'hold' || act === 'quiet') records.push(act);
    else if (one === undefined) continue;
    else if (act === 'fork') {
      if (alive.some((other) => other.pid === pid)) continue;
      const child = { pid, start: now, execId: one.execId, comm: one.comm, parent: one };
      const fields = { ...headerOf(one, now), child_tgid: pid, child_start_boottime: now };
      records.push(recordOf(forkRecord, recordType.RECORD_FORK, fields, one.comm));
      alive.push(child);
    } else if (act === 'exec') {
      one.execId++;
      one.comm = program.slice(0, 12);
      const filename = `/bin/${program}`;
      const argv = `${program}\0${now}\0`;
      const fields = {
        ...headerOf(one, now),
        'header.flags': cut ? recordFlags.RECORD_ARGV_TRUNCATED : 0,
        filename_length: Buffer.byteLength(filename),
        argv_length: Buffer.byteLength(argv),
      };
      const payload = filename + argv;
      records.push(recordOf(execRecord, recordType.RECORD_EXEC, fields, one.comm, payload));
    } else if (one.pid !== 1) {
      alive.splice(alive.indexOf(one), 1);
      const fields = { ...headerOf(one, now), user_ns: now, max_rss_bytes: 4096 };
      records.push(recordOf(exitRecord, recordType.RECORD_EXIT, fields, one.comm));
    }
  }
  return records;
}

interface Way {
  /** Events are objects before the metadata sees them. */
  readonly isMade: boolean;
  /** Somebody asks the cache after each. */
  readonly asks: boolean;
}

function run(stream: readonly (Uint8Array | Cycle)[], { isMade, asks }: Way) {
  const cache = new ProcessMetadataCache({
    capacity: 1000,
    procfs: new MemoryProcfs(),
    beforeUse: () => feed.settle(),
  });
  const feed: CacheFeed = new CacheFeed(cache, new MemoryProcfs());
  const json = new EventJson();
  const lines: string[] = [];
  const entries: unknown[] = [];
  let ended: ProcessEvent | undefined;
  for (const bytes of stream) {
    if (typeof bytes === 'string') {
      feed.cycle(bytes === 'cycle' ? Number.POSITIVE_INFINITY : 0);
      if (bytes === 'quiet') continue;
      entries.push([...cache].map((entry) => entry.inspect({ reveal: true })));
      continue;
    }
    const batch = new EventBatch();
    batch.context = context;
    const memory = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
    batch.add(memory.view.getUint16(0, true), memory, 0, bytes.length, { path: '/', version: 2 });
    if (isMade) feed.load(batch.at(0) as ProcessEvent);
    else feed.loadRecord(batch, 0);
    if (asks) cache.stats();
    const event = batch.at(0) as ProcessEvent;
    lines.push(json.line(event));
    if (event.event === 'exit') ended = event;
  }
  const used = ended?.event === 'exit' ? cache.getByIdentity(ended.identity)?.usage : undefined;
  const identities = entries.map((all) =>
    (all as { pid: number; startTime: number; execId?: number; cmdline?: unknown }[])
      .map(({ pid, startTime, execId, cmdline }) =>
        JSON.stringify([pid, startTime, execId, cmdline]),
      )
      .toSorted(),
  );
  return { lines, identities, used };
}

const doing = (acts: readonly (readonly [Step['act'], Partial<Step>?])[]): Step[] =>
  acts.map(([act, more]) => ({ who: 1, pid: 2, program: 'sh', cut: false, ...more, act }));

/** Each was answered otherwise where nobody asked meanwhile. */
const FOUND: readonly Step[][] = [
  // It execs and ends in another cycle than it was born in.
  doing([['fork', { who: 0 }], ['quiet'], ['exec'], ['exit'], ['hold']]),
  // It forks before it execs.
  doing([['fork', { who: 0 }], ['fork', { pid: 3 }], ['exit', { who: 2 }], ['exec'], ['hold']]),
  // Its pid is somebody else's in the same cycle.
  doing([['fork', { who: 0 }], ['exec'], ['exec'], ['exit'], ['fork', { who: 0 }], ['quiet']]),
];

test('as bytes, as objects, and told at once', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const stream = streamOf(steps);
      const told = run(stream, { isMade: true, asks: true });
      for (const way of [
        { isMade: false, asks: false },
        { isMade: true, asks: false },
        { isMade: false, asks: true },
      ])
        expect(run(stream, way)).toEqual(told);
    }),
    { numRuns: 2000, examples: FOUND.map((steps): [Step[]] => [steps]) },
  );
}, 60_000);

test('what an ended process has used is in its entry until the end of the cycle', () => {
  const common = { who: 1, pid: 5, program: 'cc1', cut: false } as const;
  const steps: Step[] = [
    { ...common, act: 'fork' },
    { ...common, act: 'exec' },
    { ...common, act: 'exit' },
  ];
  for (const isMade of [false, true])
    for (const asks of [false, true]) {
      const stream = streamOf(steps);
      expect(run(stream, { isMade, asks }).used).toMatchObject({
        ...{ userNs: 4n * TICK_NS, systemNs: 0n, maxRssBytes: 4096n, readBytes: 0n },
      });
      // However many cycles later, as long as somebody may still ask.
      for (const held of [['hold'], ['quiet'], ['quiet', 'quiet', 'quiet']] as const)
        expect(run([...stream, ...held], { isMade, asks }).used).toMatchObject({
          userNs: 4n * TICK_NS,
        });
      expect(run([...stream, 'cycle', 'cycle'], { isMade, asks }).used).toBeUndefined();
      expect(run([...stream, 'quiet', 'cycle'], { isMade, asks }).used).toBeUndefined();
    }
});
