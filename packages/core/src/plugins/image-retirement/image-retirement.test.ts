// Who ends, and how, reaches the profiler at the moment of the event.

import { expect, test } from 'bun:test';
import { execRecord, exitRecord, forkRecord, recordType } from '@waggle/bpf';
import { MemoryProcfs } from '@waggle/cache/testing';
import { EventBatch, EventContext, KnownCgroups } from '@waggle/events';
import { execEvent, exitEvent, forkEvent, processRecord } from '@waggle/events/testing';
import { Dispatcher } from '../../dispatch/dispatcher.ts';
import { RunningPlugin } from '../../dispatch/running-plugin.ts';
import { definePlugin, type ErasedSetup, type PluginContext } from '../../plugin/plugin.ts';
import { runPlugins } from '../../testing/run-plugins.ts';
import { Profiler } from '../cpu-profiler/index.ts';
import { imageRetirement } from './index.ts';

test('execs and exits retire an image, forks do not', async () => {
  const retired: unknown[] = [];
  const profiler = definePlugin({
    name: 'made-up-profiler',
    provides: Profiler,
    setup: () => ({
      service: {
        retire: (...image: unknown[]) => void retired.push(image),
        addSource: () => {},
        addInterpreter: () => {},
        counts: () => ({}) as never,
        stop: () => {},
        setPaused: () => {},
        endNaming: () => {},
        preload: async () => {},
        interpretersKnown: async () => {},
        endAfter: () => {},
        collect: async () => ({}) as never,
        collectRaw: async () => [],
      },
    }),
  });
  const exec = execEvent({ pid: 7, bootTime: 50n });
  const exit = exitEvent({ ...exec });
  await runPlugins([imageRetirement(), profiler], [forkEvent({ pid: 6 }), exec, exit], {
    procfs: new MemoryProcfs(),
  });
  expect(retired).toEqual([
    [7, 50n, false],
    [7, exit.bootTime, true],
  ]);
});

test('of records too, and none of them becomes an object for that', () => {
  const retired: unknown[] = [];
  const services = { profiler: { retire: (...image: unknown[]) => void retired.push(image) } };
  const plugin = imageRetirement();
  const handlers = plugin.spec.setup({ services } as unknown as PluginContext) as ErasedSetup;
  const running = new RunningPlugin(plugin, () => {});
  const batch = new EventBatch();
  batch.context = new EventContext(new KnownCgroups(() => false), 5n, 'boot');
  for (const [type, layout] of [
    [recordType.RECORD_FORK, forkRecord],
    [recordType.RECORD_EXEC, execRecord],
    [recordType.RECORD_EXIT, exitRecord],
  ] as const) {
    const fields = { 'header.tgid': 7, 'header.time_ns': 50n + BigInt(type) };
    const bytes = processRecord(layout, type, fields, 'sh');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    batch.add(type, { bytes, view }, 0, bytes.length, undefined);
  }
  new Dispatcher([{ running, handlers, queue: plugin.spec.queue }]).push(batch);
  expect(running.report().lastFailure).toBeUndefined();
  expect(retired).toEqual([
    [7, 50n + BigInt(recordType.RECORD_EXEC), false],
    [7, 50n + BigInt(recordType.RECORD_EXIT), true],
  ]);
  expect([0, 1, 2].map((at) => batch.isMade(at))).toEqual([false, false, false]);
});
