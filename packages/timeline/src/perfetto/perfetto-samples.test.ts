// Decoded by Perfetto's own schema: each sample with its moment, thread, CPU and whole stack, whatever was
// written once for many of them.

import { expect, test } from 'bun:test';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { PerfettoSamples, type TimedSample } from './perfetto-samples.ts';

const schema = await Bun.file(
  new URL('../../test/fixtures/perfetto/schema.json', import.meta.url),
).json();
const Trace = protobuf.Root.fromJSON(schema).lookupType('Trace');

interface Interned {
  readonly iid: string;
}

interface Packet {
  readonly timestamp?: string;
  readonly trusted_packet_sequence_id: number;
  readonly sequence_flags: number;
  readonly trace_packet_defaults?: object;
  readonly process_tree?: { readonly threads: readonly object[] };
  readonly interned_data?: {
    readonly function_names?: readonly (Interned & { readonly str?: Uint8Array })[];
    readonly mapping_paths?: readonly (Interned & { readonly str?: Uint8Array })[];
    readonly mappings?: readonly (Interned & { readonly path_string_ids: readonly string[] })[];
    readonly frames?: readonly (Interned & {
      readonly function_name_id: string;
      readonly mapping_id: string;
      readonly rel_pc: string;
    })[];
    readonly callstacks?: readonly (Interned & { readonly frame_ids: readonly string[] })[];
  };
  readonly perf_sample?: {
    readonly cpu?: number;
    readonly pid: number;
    readonly tid: number;
    readonly cpu_mode: number;
    readonly callstack_iid: string;
  };
}

/** As a reader of the trace puts the samples together again. */
function readBack(bytes: Uint8Array) {
  const packets: Packet[] = Trace.toObject(Trace.decode(bytes), { longs: String }).packet ?? [];
  const text = new Map<string, string>();
  const mapping = new Map<string, string>();
  const frame = new Map<string, readonly [name: string, path: string]>();
  const places = new Map<string, string>();
  const stack = new Map<string, (readonly [string, string])[]>();
  // What is 0 or empty is left out by the decoder.
  const decode = (value: Uint8Array = new Uint8Array()) => new TextDecoder().decode(value);
  const samples = [];
  const threads: object[] = [];
  for (const packet of packets) {
    expect(packet.trusted_packet_sequence_id).toBe(2);
    const { interned_data: data = {}, perf_sample: sample } = packet;
    threads.push(...(packet.process_tree?.threads ?? []));
    for (const each of [...(data.function_names ?? []), ...(data.mapping_paths ?? [])])
      text.set(each.iid, decode(each.str));
    for (const each of data.mappings ?? [])
      mapping.set(each.iid, text.get(each.path_string_ids[0] ?? '') ?? '?');
    for (const each of data.frames ?? []) {
      const known = [text.get(each.function_name_id) ?? '?', mapping.get(each.mapping_id) ?? '?'];
      frame.set(each.iid, known as [string, string]);
      // No two functions of a mapping at one place: readers would take them for one.
      const place = `${each.mapping_id} ${each.rel_pc}`;
      expect(places.get(place) ?? known[0]).toBe(known[0] ?? '');
      places.set(place, known[0] ?? '');
    }
    for (const each of data.callstacks ?? [])
      stack.set(
        each.iid,
        each.frame_ids.map((id) => frame.get(id) ?? ['?', '?']),
      );
    if (sample === undefined) continue;
    const { pid, tid, cpu = 0, cpu_mode } = sample;
    const frames = stack.get(sample.callstack_iid);
    samples.push({ time: packet.timestamp ?? '0', pid, tid, cpu, cpu_mode, frames });
  }
  return { packets, samples, threads };
}

const name = fc.constantFrom('main', 'work', 'read', '[kernel]', '', 'a::b<c>', '\u{1f41d}');
const frame = fc.record({
  name,
  isKernel: fc.boolean(),
  object: fc.constantFrom(undefined, '/bin/a', '/lib/libc.so', 'main', 'kernel'),
});
const sample: fc.Arbitrary<TimedSample> = fc.record({
  time: fc.bigInt(0n, 2n ** 62n),
  pid: fc.integer({ min: 1, max: 3 }),
  tid: fc.integer({ min: 1, max: 3 }),
  threadName: name,
  cpu: fc.nat(7),
  frames: fc.array(frame, { minLength: 1, maxLength: 6 }),
});

test('every sample comes back whole', () => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 20 }), (given) => {
      const samples = new PerfettoSamples(99);
      const pieces = given.map((each) => {
        samples.add(each);
        return samples.take();
      });
      const read = readBack(Buffer.concat(pieces));
      expect(read.samples).toEqual(
        given.map(({ time, pid, tid, cpu, frames }) => ({
          time: String(time),
          ...{ pid, tid, cpu },
          cpu_mode: frames.at(-1)?.isKernel ? 1 : 2,
          frames: frames.map((each) => [each.name, each.object ?? '']),
        })),
      );
    }),
  );
});

test('the first packet says what is sampled and clears what was before; a thread is named once', () => {
  const samples = new PerfettoSamples(199);
  const frames = [{ name: 'main', isKernel: false, object: '/bin/a' }];
  const one = { time: 5n, pid: 7, tid: 8, threadName: 'worker', cpu: 1, frames };
  samples.add(one);
  samples.add({ ...one, time: 6n });
  const { packets, threads } = readBack(samples.take());
  expect(packets[0]).toMatchObject({
    sequence_flags: 3,
    trace_packet_defaults: {
      perf_sample_defaults: { timebase: { frequency: '199', counter: 1, name: 'cpu-clock' } },
    },
  });
  expect(threads).toEqual([{ tid: 8, name: 'worker', tgid: 7 }]);
  expect(packets.filter(({ interned_data: data }) => data?.callstacks)).toHaveLength(1);
});
