// `record -o FILE.pftrace`: what ran and, beside it, every sample with its moment, thread and stack; and other outputs
// of the same recording are what they are without it.

import { afterAll, expect } from 'bun:test';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parsePprof } from '@waggle/formats';
import protobuf from 'protobufjs';
import { parseFolded, samples, samplesWith } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const root = freshFolder();
afterAll(() => rmSync(root, { recursive: true, force: true }));
const schema = join(import.meta.dir, '../packages/timeline/test/fixtures/perfetto/schema.json');
const Trace = protobuf.Root.fromJSON(await Bun.file(schema).json()).lookupType('Trace');

interface Packet {
  readonly timestamp: string;
  readonly track_descriptor?: { readonly uuid: string; readonly process: { readonly pid: number } };
  readonly track_event?: { readonly type: number; readonly track_uuid: string };
  readonly process_tree?: {
    readonly threads?: readonly { tid: number; name: string; tgid: number }[];
  };
  readonly interned_data?: {
    readonly function_names?: readonly { readonly iid: string; readonly str?: Uint8Array }[];
    readonly frames?: readonly { readonly iid: string; readonly function_name_id: string }[];
    readonly callstacks?: readonly {
      readonly iid: string;
      readonly frame_ids: readonly string[];
    }[];
  };
  readonly perf_sample?: {
    readonly pid: number;
    readonly tid: number;
    readonly callstack_iid: string;
  };
}

function read(path: string) {
  const { packet } = Trace.toObject(Trace.decode(readFileSync(path)), { longs: String });
  const packets = packet as readonly Packet[];
  const names = new Map<string, string>();
  const frames = new Map<string, string>();
  const stacks = new Map<string, readonly string[]>();
  const threads = new Map<number, string>();
  const tracks = new Map<string, number>();
  const lives = new Map<number, [from: bigint, to: bigint]>();
  const found: { time: bigint; pid: number; tid: number; frames: readonly string[] }[] = [];
  for (const { timestamp, ...each } of packets) {
    const time = BigInt(timestamp);
    const { interned_data: data = {}, track_descriptor: track, track_event: event } = each;
    for (const { iid, str } of data.function_names ?? [])
      names.set(iid, new TextDecoder().decode(str ?? new Uint8Array()));
    for (const { iid, function_name_id: id } of data.frames ?? [])
      frames.set(iid, names.get(id) ?? '?');
    for (const { iid, frame_ids: ids } of data.callstacks ?? [])
      stacks.set(
        iid,
        ids.map((id) => frames.get(id) ?? '?'),
      );
    for (const thread of each.process_tree?.threads ?? []) threads.set(thread.tid, thread.name);
    if (track !== undefined) tracks.set(track.uuid, track.process.pid);
    if (event !== undefined) {
      const pid = tracks.get(event.track_uuid) ?? 0;
      lives.set(pid, [lives.get(pid)?.[0] ?? time, time]);
    }
    if (each.perf_sample === undefined) continue;
    const { pid, tid, callstack_iid: id } = each.perf_sample;
    found.push({ time, pid, tid, frames: stacks.get(id) ?? [] });
  }
  return { samples: found, threads, lives };
}

kernelTest('every sample is there once, at its moment in the life of its process', async () => {
  const [trace, folded, pprof] = ['t.pftrace', 't.folded', 't.pb.gz'].map((name) =>
    join(root, name),
  );
  const { code, stderr } = await Waggle.run([
    ...['record', '-F', '199', '-o', trace!, '-o', folded!, '-o', pprof!],
    ...['--', 'sh', '-c', `${workload('call_tree')} 1200; ${workload('call_tree')} 600`],
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(trace!) });
  const stacks = parseFolded(readFileSync(folded!, 'utf8'));
  const { samples: all, lives } = read(trace!);
  expect(all.length).toBe(samples(stacks));
  expect(all.length).toBeGreaterThan(100);
  // No two at one moment of one CPU: they are moments, and not counts.
  expect(new Set(all.map(({ time, tid }) => `${time} ${tid}`)).size).toBe(all.length);
  const MARGIN = 10_000_000n;
  for (const { time, pid } of all) {
    const [from = 0n, to = 0n] = lives.get(pid) ?? [];
    expect(time).toBeGreaterThan(from - MARGIN);
    expect(time).toBeLessThan(to + MARGIN);
  }
  // The second one burned for half as long as the first.
  const burned = [...lives.keys()].map((pid) => all.filter((each) => each.pid === pid).length);
  const [most = 0, second = 0] = burned.sort((a, b) => b - a);
  expect(second / most).toBeGreaterThan(0.3);
  expect(second / most).toBeLessThan(0.7);
  for (const name of ['sixty', 'twenty_five', 'main'])
    expect(all.filter(({ frames }) => frames.includes(name)).length).toBe(
      samplesWith(stacks, name),
    );
  // Moments and CPUs are no labels of other formats.
  const { stacks: labelled } = parsePprof(readFileSync(pprof!));
  expect(labelled.length).toBeLessThan(all.length);
  expect(new Set(labelled.flatMap(({ labels = {} }) => Object.keys(labels)))).toEqual(
    new Set(['pid', 'comm', ...('cgroup' in (labelled[0]?.labels ?? {}) ? ['cgroup'] : [])]),
  );
  expect(readdirSync(root).some((name) => name.includes('partial'))).toBe(false);
});

kernelTest('threads are apart, by the names that they gave themselves', async () => {
  const trace = join(root, 'threads.pftrace');
  const { code } = await Waggle.run([
    ...['record', '-F', '199', '-o', trace, '--', workload('named_threads'), '800', '400'],
  ]);
  expect(code).toBe(0);
  const { samples: all, threads } = read(trace);
  const tids = new Set(all.map(({ tid }) => tid));
  expect(tids.size).toBeGreaterThan(1);
  for (const tid of tids) expect(threads.get(tid)).toBeTruthy();
  const names = [...tids].map((tid) => threads.get(tid));
  for (const name of ['heavy', 'light']) expect(names).toContain(name);
});

kernelTest('what has no place in it is refused, and so is what cannot be written', async () => {
  const mark = join(root, 'ran');
  for (const [args, expected, why] of [
    [['--off-cpu', '-o', join(root, 'x.pftrace')], 2, /samples of CPUs/],
    [['-e', 'page-faults', '-o', join(root, 'x.pftrace')], 2, /samples of CPUs/],
    [['-o', join(root, 'no/x.pftrace')], 1, /there is no directory/],
  ] as const) {
    const { code, stderr } = await Waggle.run(['record', ...args, '--', 'touch', mark]);
    expect({ code, stderr }).toEqual({ code: expected, stderr: expect.stringMatching(why) });
  }
  expect(readdirSync(root)).not.toContain('ran');
});
