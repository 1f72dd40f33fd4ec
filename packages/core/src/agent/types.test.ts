// What the compiler knows of agents; checked by tsc, run so that it counts.

import { expect, expectTypeOf, test } from 'bun:test';
import type { ProcessMetadataCache } from '@waggle/cache';
import type { EventDraft, ExecEvent, ExitEvent, ProcessEvent } from '@waggle/events';
import { definePlugin, type Plugin } from '../plugin/plugin.ts';
import { defineService, type ShapeOf } from '../plugin/service.ts';
import { cpuProfiler, Profiler, type ProfilerService } from '../plugins/cpu-profiler/index.ts';
import { ProcessMetadata } from '../plugins/process-metadata/index.ts';
import { type Agent, createAgent } from './create-agent.ts';
import { defineAgent } from './define-agent.ts';

interface Clock {
  now(): number;
}
const Clock = defineService<Clock>()('clock');

const clock = definePlugin({
  name: 'clock',
  provides: Clock,
  setup: () => ({ service: { now: () => 1 } }),
});
const needsClock = definePlugin({
  name: 'needs-clock',
  needs: { time: Clock, processes: ProcessMetadata, profiler: Profiler },
  setup({ services }) {
    expectTypeOf(services.time).toEqualTypeOf<Clock>();
    expectTypeOf(services.processes).toEqualTypeOf<ProcessMetadataCache>();
    expectTypeOf(services.profiler).toEqualTypeOf<ProfilerService>();
    // @ts-expect-error: it did not ask for it.
    services.kernel?.settings;
    return {};
  },
});

test('plugins know their names, needs and services by type', () => {
  expectTypeOf(clock).toEqualTypeOf<Plugin<'clock', never, 'clock'>>();
  expectTypeOf(needsClock).toEqualTypeOf<
    Plugin<'needs-clock', 'clock' | 'process-metadata' | 'profiler', never>
  >();
  expectTypeOf<ShapeOf<typeof Clock>>().toEqualTypeOf<Clock>();
  expectTypeOf(cpuProfiler()).toEqualTypeOf<Plugin<'cpu-profiler', 'kernel', 'profiler'>>();
  expect(needsClock.needs).toEqual(['clock', 'process-metadata', 'profiler']);
});

test('a list that fits together compiles, in any order; one that does not does not', () => {
  expect(defineAgent({ plugins: [needsClock, clock] }).plugins.length).toBe(2);
  // @ts-expect-error: no plugin provides the service "clock"
  expect(defineAgent({ plugins: [needsClock] }).plugins.length).toBe(1);
  // @ts-expect-error: two plugins have the name "clock"
  expect(defineAgent({ plugins: [clock, clock] }).plugins.length).toBe(2);
  const plain: Plugin[] = [clock];
  expect(defineAgent({ plugins: plain }).plugins).toBe(plain);
});

test('root frames get the services that a profiler is told to need', () => {
  const profiler = cpuProfiler({
    needs: { time: Clock, processes: ProcessMetadata },
    rootFrames(owner, services) {
      expectTypeOf(services.time).toEqualTypeOf<Clock>();
      expectTypeOf(services.processes).toEqualTypeOf<ProcessMetadataCache>();
      // @ts-expect-error: it did not ask for it.
      services.kernel?.settings;
      return [owner.comm];
    },
  });
  expectTypeOf(profiler).toEqualTypeOf<
    Plugin<'cpu-profiler', 'kernel' | 'clock' | 'process-metadata', 'profiler'>
  >();
  expect(profiler.needs.toSorted()).toEqual(['clock', 'kernel', 'process-metadata']);
  // @ts-expect-error: no plugin provides the service "clock"
  expect(defineAgent({ plugins: [profiler] }).plugins.length).toBe(1);
});

test('a set-up has to give the service that it promises', () => {
  definePlugin({
    name: 'liar',
    provides: Clock,
    // @ts-expect-error: the service is missing
    setup: () => ({}),
  });
  definePlugin({
    name: 'wrong',
    provides: Clock,
    // @ts-expect-error: now() has to return a number
    setup: () => ({ service: { now: () => 'noon' } }),
  });
});

test('handlers get the event of their kind', () => {
  definePlugin({
    name: 'kinds',
    setup: () => ({
      observe: {
        exec(event) {
          expectTypeOf(event).toEqualTypeOf<ExecEvent>();
        },
        exit(event) {
          expectTypeOf(event).toEqualTypeOf<ExitEvent>();
        },
      },
      load(event) {
        expectTypeOf(event).toEqualTypeOf<EventDraft<ProcessEvent>>();
        if (event.event === 'exec') event.containerId = 'completed';
      },
      flush(event) {
        expectTypeOf(event).toEqualTypeOf<ProcessEvent>();
      },
    }),
  });
});

test('nothing at the border of an agent is any', () => {
  expectTypeOf(createAgent).returns.toEqualTypeOf<Promise<Agent>>();
  expectTypeOf<Agent['processMetadata']>().toEqualTypeOf<ProcessMetadataCache | undefined>();
  for (const key of ['events', 'collect', 'collectRaw', 'report', 'service'] as const)
    expectTypeOf<Agent[typeof key]>().not.toBeAny();
  expectTypeOf<
    Awaited<ReturnType<Agent['collectRaw']>>[number]['frames'][number]['symbol']
  >().toEqualTypeOf<string>();
});
