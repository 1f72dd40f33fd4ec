// Records of an agent's author: read in place, or as events with types in `agent.events` and for the plugins
// that name their source.

import { describe, expect, expectTypeOf, test } from 'bun:test';
import {
  createAgent,
  definePlugin,
  defineSource,
  type ExecEvent,
  type ExitEvent,
} from '@waggle/core';
import fileOpens from '../examples/file-opens.bpf.ts';
import kills from '../examples/kills.bpf.ts';
import { kernelTest } from './support/kernel-test.ts';
import { run } from './support/processes.ts';
import { workload } from './support/workloads.ts';

const OPENS = defineSource(fileOpens, {
  hooks: { 'open-enter': ['enter_open'], 'open-exit': ['leave_open'] },
  events: { 'file-open': 'file_open' },
});
const KILLS = defineSource(kills, {
  hooks: { signal: ['signal_generated'] },
  events: { signal: 'signal_sent' },
});

const openWatcher = (seen: (path: string) => void) =>
  definePlugin({
    name: 'open-watcher',
    sources: [OPENS],
    setup: () => ({
      observe: {
        'file-open'(event) {
          expectTypeOf(event.path).toEqualTypeOf<string>();
          expectTypeOf(event.event).toEqualTypeOf<'file-open'>();
          expectTypeOf(event.containerId).toEqualTypeOf<string | null>();
          // @ts-expect-error: a file has none
          void event.signal;
          seen(event.path);
        },
        exec(event) {
          expectTypeOf(event).toEqualTypeOf<ExecEvent>();
        },
      },
    }),
  });

describe('events of a plugin of its own', () => {
  kernelTest(
    'are in agent.events, in order with the others, and of the types of its source',
    async () => {
      const paths: string[] = [];
      const agent = await createAgent({
        plugins: [openWatcher((path) => paths.push(path))],
        command: [workload('open_files'), '3', '2'],
        stopOn: [],
      });
      const inOrder: string[] = [];
      for await (const event of agent.events) {
        if (event.event === 'file-open') {
          expectTypeOf(event.durationNs).toEqualTypeOf<number>();
          expectTypeOf(event.startTime).toEqualTypeOf<bigint>();
          expect(event.durationNs).toBeGreaterThan(0);
          expect(event.comm).toBe('open_files');
        } else if (event.event === 'exit') expectTypeOf(event).toEqualTypeOf<ExitEvent>();
        if (event.event !== 'fork' && event.event !== 'lost') inOrder.push(event.event);
      }
      await agent.finished;
      const first = inOrder.indexOf('exec');
      expect(inOrder.slice(first)).toContain('file-open');
      expect(inOrder.at(-1)).toBe('exit');
      expect(inOrder.filter((event) => event === 'file-open').length).toBe(paths.length);
      expect(paths.length).toBeGreaterThanOrEqual(5);
    },
  );

  kernelTest('are of all plugins of the composition', async () => {
    const other = definePlugin({ name: 'kill-watcher', sources: [KILLS], setup: () => ({}) });
    const agent = await createAgent({
      plugins: [openWatcher(() => {}), other],
      command: ['sh', '-c', 'sleep 60 & kill -USR1 $!; wait'],
      stopOn: [],
    });
    const signals: number[] = [];
    for await (const event of agent.events) {
      if (event.event === 'signal') {
        expectTypeOf(event.toPid).toEqualTypeOf<number>();
        signals.push(event.signal);
      }
      // @ts-expect-error: no plugin makes such events
      if (event.event === 'file-opened') throw new Error('unknown');
    }
    expect(signals).toContain(10);
  });

  kernelTest('go to plugins that name their source, whole batches too', async () => {
    const seen: string[] = [];
    const batches: string[] = [];
    const agent = await createAgent({
      plugins: [
        openWatcher((path) => seen.push(path)),
        definePlugin({
          name: 'batches',
          sources: [OPENS],
          setup: () => ({
            observeBatch(events) {
              for (const event of events) if (event.event === 'file-open') batches.push(event.path);
            },
          }),
        }),
        definePlugin({
          name: 'others',
          setup: () => ({
            observe(event) {
              if ((event.event as string) === 'file-open') throw new Error('not its own');
            },
          }),
        }),
      ],
      command: [workload('open_files'), '20', '0'],
      stopOn: [],
    });
    const { plugins } = await agent.finished;
    expect(batches).toEqual(seen);
    expect(seen.length).toBeGreaterThanOrEqual(20);
    expect(plugins.find(({ name }) => name === 'others')).toMatchObject({ failures: 0 });
  });

  test('cannot have names that others have', async () => {
    const named = (event: string) =>
      definePlugin({
        name: event,
        sources: [{ ...OPENS, events: { [event]: 'file_open' } }],
        setup: () => ({}),
      });
    await expect(createAgent({ plugins: [named('exec')], stopOn: [] })).rejects.toThrow(
      'calls its events "exec", as others are called already',
    );
  });
});

kernelTest(
  'records are read in place, and a reader that throws is its own plugin alone',
  async () => {
    const results: number[] = [];
    let calls = 0;
    const reading = (name: string, read: (path: string, result: number) => void) =>
      definePlugin({
        name,
        sources: [OPENS],
        setup({ source }) {
          source(OPENS).readRecords({
            file_open(record) {
              expectTypeOf(record.path).toEqualTypeOf<string>();
              read(record.path, record.result);
            },
          });
          return {};
        },
      });
    const agent = await createAgent({
      plugins: [
        reading('in-place', (_, result) => results.push(result)),
        reading('fails', () => {
          calls++;
          throw new Error('on purpose');
        }),
      ],
      onPluginProblem: () => {},
      command: [workload('open_files'), '100', '3'],
      stopOn: [],
    });
    const { plugins } = await agent.finished;
    expect(results.length).toBeGreaterThanOrEqual(103);
    expect(results.filter((result) => result === -2).length).toBeGreaterThanOrEqual(3);
    expect(calls).toBeGreaterThan(0);
    expect(plugins.find(({ name }) => name === 'fails')?.failures).toBeGreaterThan(0);
    expect(plugins.find(({ name }) => name === 'in-place')).toMatchObject({ failures: 0 });
  },
);

kernelTest('settings are those that a source is given', async () => {
  const paths: string[] = [];
  const slow = defineSource(fileOpens, {
    hooks: { 'open-enter': ['enter_open'], 'open-exit': ['leave_open'] },
    settings: { min_duration_ns: 2n ** 62n },
    events: { 'file-open': 'file_open' },
  });
  const agent = await createAgent({
    plugins: [
      definePlugin({
        name: 'slow',
        sources: [slow],
        setup: () => ({ observe: { 'file-open': ({ path }) => void paths.push(path) } }),
      }),
    ],
    stopOn: [],
  });
  await run(workload('open_files'), '10', '0');
  await agent.stop();
  expect(paths).toEqual([]);
});
