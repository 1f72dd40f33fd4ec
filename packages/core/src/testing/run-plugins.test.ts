import { expect, test } from 'bun:test';
import { MemoryProcfs } from '@waggle/cache/testing';
import type { ProcessEvent } from '@waggle/events';
import {
  execEvent,
  exitEvent,
  failedExecEvent,
  forkEvent,
  lostEvent,
} from '@waggle/events/testing';
import { InvalidPluginGraph, PluginNotStarted } from '../errors/errors.ts';
import { definePlugin } from '../plugin/plugin.ts';
import { cpuProfiler } from '../plugins/cpu-profiler/index.ts';
import { ProcessMetadata, processMetadata } from '../plugins/process-metadata/index.ts';
import { SessionService } from '../session/session-service.ts';
import { runPlugins } from './run-plugins.ts';

const options = { procfs: new MemoryProcfs() };

/** Notes what it observes. */
function observer(queue?: { readonly capacity: number }) {
  const seen: ProcessEvent[] = [];
  const plugin = definePlugin({
    name: 'observer',
    queue,
    setup: ({ report, onClose }) => {
      onClose(() => void reports.push(report()));
      return { observe: (event) => void seen.push(event) };
    },
  });
  const reports: unknown[] = [];
  return { plugin, seen, reports };
}

test('events are completed by the plugins before they are observed, and the given ones are not touched', async () => {
  const { plugin, seen } = observer();
  const exec = execEvent({ pid: 7, argv: ['/usr/bin/make', '-j2'] });
  const exit = exitEvent({ pid: 7, exitCode: 2 });
  const { events, problems } = await runPlugins(
    [plugin, processMetadata()],
    [forkEvent({ pid: 6 }), exec, exit],
    options,
  );
  expect(problems).toEqual([]);
  expect(seen).toEqual([...events]);
  expect(seen.map(({ event }) => event)).toEqual(['fork', 'exec', 'exit']);
  expect(seen[2]).toMatchObject({ filename: '/usr/bin/make', argv: ['/usr/bin/make', '-j2'] });
  expect(exit.filename).toBeNull();
});

test('events have what follows from what is given', () => {
  const exec = execEvent({ pid: 7, argv: ['/opt/a-name-that-is-long', 'x'] });
  expect(exec).toMatchObject({
    tid: 7,
    filename: '/opt/a-name-that-is-long',
    comm: 'a-name-that-is-',
  });
  const exit = exitEvent({ ...exec, signal: 'SIGKILL', lifetimeNs: 5n });
  expect(exit).toMatchObject({ pid: 7, startTime: exec.startTime, execId: 1, comm: exec.comm });
  expect(exit.bootTime - exit.startTime).toBe(5n);
  expect(exit.time - exec.time).toBe(5n);
  expect(failedExecEvent({ filename: null })).toMatchObject({ argv: [], filename: null });
  expect(lostEvent({ exec: 2, exit: 1 })).toMatchObject({ count: 3, lost: { fork: 0, exec: 2 } });
});

test('a plugin sees its own drops, and the report tells them', async () => {
  const { plugin, seen, reports } = observer({ capacity: 2 });
  const five = [1, 2, 3, 4, 5].map((pid) => execEvent({ pid }));
  const { plugins, problems } = await runPlugins([plugin], [five], options);
  expect(seen.map((event) => event.event !== 'lost' && event.pid)).toEqual([4, 5]);
  expect(plugins[0]).toMatchObject({ name: 'observer', handled: 2, dropped: 3 });
  expect(reports).toMatchObject([{ name: 'observer', handled: 2, dropped: 3 }]);
  expect(problems.map(({ kind }) => kind)).toEqual(['dropping']);
});

test('what has ended is forgotten with the cycle, and found until then', async () => {
  const found: (string | undefined)[] = [];
  const asking = definePlugin({
    name: 'asking',
    needs: { processes: ProcessMetadata, session: SessionService },
    setup: ({ services: { processes, session } }) => ({
      observe(event) {
        if (event.event === 'lost') session.stop();
        found.push(processes.peek(7)?.comm);
      },
    }),
  });
  const { stopped } = await runPlugins(
    [asking, processMetadata()],
    [execEvent({ pid: 7, comm: 'seven' }), exitEvent({ pid: 7 }), 'cycle', lostEvent({ exec: 1 })],
    options,
  );
  expect(found).toEqual(['seven', 'seven', undefined]);
  expect(stopped).toBe(true);
});

test('failures are the plugin’s own, and what does not go together is refused', async () => {
  const failing = definePlugin({
    name: 'failing',
    failureBudget: 2,
    setup: () => ({
      observe() {
        throw new Error('no');
      },
    }),
  });
  const { plugin, seen } = observer();
  const three = [1, 2, 3].map((pid) => execEvent({ pid }));
  const { plugins, problems } = await runPlugins([failing, plugin], three, options);
  expect(seen.length).toBe(3);
  expect(plugins[0]).toMatchObject({ name: 'failing', state: 'stopped', failures: 2 });
  expect(problems.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'stopped']);
  expect(runPlugins([plugin, plugin], [], options)).rejects.toBeInstanceOf(InvalidPluginGraph);
});

test('what only a kernel can do says so', async () => {
  const impatient = definePlugin({
    name: 'impatient',
    needs: { session: SessionService },
    setup: ({ services: { session } }) => {
      session.setTarget({});
      return {};
    },
  });
  const refused = runPlugins([impatient], [], options);
  expect(refused).rejects.toBeInstanceOf(PluginNotStarted);
  expect(refused).rejects.toThrow(/"session" has no setTarget in runPlugins/);
  expect(runPlugins([cpuProfiler()], [], options)).rejects.toThrow(/"kernel" has no/);
});

test('an environment that an exec brought is the cache’s too', async () => {
  const found: (string | undefined)[] = [];
  const asking = definePlugin({
    name: 'asking',
    needs: { processes: ProcessMetadata },
    setup: ({ services: { processes } }) => ({
      observe: { exec: ({ pid }) => void found.push(processes.peek(pid)?.environVar('STAGE')) },
    }),
  });
  const exec = execEvent({ pid: 7, environ: ['STAGE=test'] });
  await runPlugins([asking, processMetadata()], [exec], options);
  expect(found).toEqual(['test']);
});
