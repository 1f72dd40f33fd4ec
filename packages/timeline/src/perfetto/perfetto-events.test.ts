// Decoded by Perfetto's own schema: tracks, slices and instants are what the events say.

import { expect, test } from 'bun:test';
import protobuf from 'protobufjs';
import {
  execLine,
  exitLine,
  failureLine,
  forkLine,
  lostLine,
  timeAt,
} from '../../test/recordings.ts';
import { nanosecondsOf, parseEvent, type RecordedEvent } from '../events/recorded-event.ts';
import { PerfettoEvents } from './perfetto-events.ts';

const schema = await Bun.file(
  new URL('../../test/fixtures/perfetto/schema.json', import.meta.url),
).json();
const Trace = protobuf.Root.fromJSON(schema).lookupType('Trace');

interface Packet {
  readonly timestamp: string;
  readonly track_descriptor?: {
    readonly uuid: string;
    readonly parent_uuid?: string;
    readonly process: {
      readonly pid: number;
      readonly process_name: string;
      readonly cmdline?: readonly string[];
    };
  };
  readonly track_event?: {
    readonly type: number;
    readonly track_uuid: string;
    readonly name?: string;
    readonly debug_annotations?: readonly Readonly<Record<string, unknown>>[];
  };
  readonly process_tree?: { readonly processes: readonly Readonly<Record<string, unknown>>[] };
  readonly clock_snapshot?: object;
}

function packetsOf(...lines: string[]): Packet[] {
  const events = new PerfettoEvents();
  // Written piece by piece, as while recording.
  const pieces = lines.map((line) => {
    events.add(parseEvent(line) as RecordedEvent);
    return events.take();
  });
  const decoded = Trace.toObject(Trace.decode(Buffer.concat(pieces)), { longs: String });
  return decoded.packet;
}

const at = (nanoseconds: number) => String(nanosecondsOf(timeAt(nanoseconds)));
const annotationsOf = ({ track_event }: Packet) =>
  Object.fromEntries(
    (track_event?.debug_annotations ?? []).map(({ name, ...value }) => [
      name,
      Object.values(value)[0],
    ]),
  );

test('a track for each process under its parent, images as slices, failures as instants', () => {
  const make = { pid: 7, start: 7, comm: 'make' };
  const cc = { pid: 8, start: 80, ppid: 7, parentStart: 7, comm: 'cc' };
  const packets = packetsOf(
    execLine({ ...make, at: 10 }, { argv: ['make', 'a b'] }),
    forkLine({ ...make, at: 80 }, 8),
    failureLine({ ...cc, at: 85, comm: 'make' }),
    execLine({ ...cc, at: 90 }, { argv: ['cc', '-c'], cwd: '/src' }),
    exitLine(
      { ...cc, at: 580 },
      { exitCode: 1, userNs: '300', maxRssBytes: '18446744073709551615' },
    ),
    lostLine(3),
    exitLine({ ...make, at: 900 }, { signal: 'SIGKILL' }),
  );
  const tracks = packets.flatMap(({ track_descriptor }) => track_descriptor ?? []);
  const [parent] = tracks;
  const child = tracks.find(({ process }) => process.pid === 8);
  expect(parent?.process).toMatchObject({ pid: 7, process_name: 'make', cmdline: ['make', 'a b'] });
  expect(child?.parent_uuid).toBe(parent?.uuid);
  expect(tracks.filter(({ uuid }) => uuid === child?.uuid).at(-1)?.process.process_name).toBe('cc');

  const events = packets.filter(({ track_event }) => track_event !== undefined);
  const shown = events.map(({ timestamp, track_event }) => [
    timestamp,
    track_event?.track_uuid === parent?.uuid ? 'make' : 'cc',
    track_event?.type,
    track_event?.name,
  ]);
  expect(shown).toEqual([
    [at(10), 'make', 1, 'make'],
    [at(80), 'cc', 1, 'make'],
    [at(85), 'cc', 3, 'ENOENT: /nowhere'],
    [at(90), 'cc', 2, undefined],
    [at(90), 'cc', 1, 'cc'],
    [at(580), 'cc', 2, undefined],
    [at(900), 'make', 2, undefined],
  ]);
  expect(annotationsOf(events[0] as Packet)).toMatchObject({
    argv: "make 'a b'",
    filename: '/bin/make',
  });
  expect(annotationsOf(events[2] as Packet)).toMatchObject({ argv: "nowhere 'x y'" });
  expect(annotationsOf(events[4] as Packet)).toMatchObject({ cwd: '/src' });
  expect(annotationsOf(events[5] as Packet)).toMatchObject({
    exitCode: '1',
    lifetimeNs: '500',
    userNs: '300',
  });
  expect(annotationsOf(events[6] as Packet)).toMatchObject({ signal: 'SIGKILL' });
  const tree = packets.flatMap(({ process_tree }) => process_tree?.processes ?? []);
  expect(tree.find(({ pid }) => pid === 8)).toMatchObject({ ppid: 7 });
  expect(packets[0]?.clock_snapshot).toBeDefined();
});

test('every slice that begins ends, also of a process whose beginning was not recorded', () => {
  const packets = packetsOf(exitLine({ pid: 9, at: 509, comm: 'ls' }));
  const events = packets.flatMap(({ timestamp, track_event }) =>
    track_event === undefined ? [] : [[timestamp, track_event.type]],
  );
  expect(events).toEqual([
    [at(9), 1],
    [at(509), 2],
  ]);
});

const HOUR = 3600e9;

test.each([HOUR, -HOUR])('no slice ends before it begins when the clock is set by %p ns', (set) => {
  const packets = packetsOf(
    exitLine({ pid: 1, start: 0, at: 10 }),
    execLine({ pid: 2, start: 20, at: 21 }),
    execLine({ pid: 3, start: 30, at: 31 + set }),
    exitLine({ pid: 3, start: 30, at: 50 + set }, { lifetimeNs: '20' }),
    execLine({ pid: 2, start: 20, execId: 3, at: 55 + set }),
    exitLine({ pid: 2, start: 20, at: 60 + set }, { lifetimeNs: '40' }),
  );
  const open = new Map<string, bigint>();
  const lasted: bigint[] = [];
  for (const { timestamp, track_event: event } of packets) {
    if (event === undefined) continue;
    if (event.type === 1) open.set(event.track_uuid, BigInt(timestamp));
    else lasted.push(BigInt(timestamp) - (open.get(event.track_uuid) ?? 0n));
  }
  // The third's beginning is placed by the clock that was set, or at its start.
  expect(lasted).toEqual([10n, set < 0 ? 20n : 0n, 34n, 5n]);
});

test('a pid that is used again has another track', () => {
  const tracks = packetsOf(
    exitLine({ pid: 9, start: 1, at: 50 }),
    exitLine({ pid: 9, start: 60, at: 90 }),
  ).flatMap(({ track_descriptor }) => track_descriptor?.uuid ?? []);
  expect(new Set(tracks).size).toBe(2);
});

test('a long argument is whole', () => {
  const long = 'é'.repeat(100_000);
  const [event] = packetsOf(execLine({ pid: 9 }, { argv: [long] })).filter(
    ({ track_event }) => track_event !== undefined,
  );
  expect(annotationsOf(event as Packet).argv).toBe(`'${long}'`);
});
