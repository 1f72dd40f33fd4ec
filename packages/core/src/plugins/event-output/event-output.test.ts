// Lines are whole, in order, of the kinds that were asked for, and none is dropped for a slow writer.

import { expect, test } from 'bun:test';
import { MemoryProcfs } from '@waggle/cache/testing';
import { execEvent, exitEvent, forkEvent, lostEvent } from '@waggle/events/testing';
import { runPlugins } from '../../testing/run-plugins.ts';
import { processMetadata } from '../process-metadata/index.ts';
import { processTree } from '../process-tree/index.ts';
import { type EventOutputOptions, jsonLines, jsonLinesWithAncestors, lineOutput } from './index.ts';

const inMemory = { procfs: new MemoryProcfs() };

/** A writer that has to be waited for. */
function written(options: Omit<EventOutputOptions, 'write'> = {}) {
  const chunks: { readonly text: string; readonly others: readonly number[] }[] = [];
  const write = async (text: string, others: readonly number[]) => {
    await Bun.sleep(1);
    chunks.push({ text, others });
  };
  return { chunks, options: { ...options, write } };
}

const linesOf = (chunks: readonly { readonly text: string }[]) =>
  chunks.flatMap(({ text }) => text.trimEnd().split('\n')).map((line) => JSON.parse(line));

test('lines of the kinds that were asked for, in order, batch by batch', async () => {
  const { chunks, options } = written();
  const exec = execEvent({ pid: 7, argv: ['/bin/a', 'one\ntwo'] });
  const batches = [[forkEvent({ pid: 6 }), exec], [exitEvent({ pid: 7, exitCode: 3 })]];
  await runPlugins([jsonLines(options), processMetadata()], batches, inMemory);
  expect(linesOf(chunks)).toMatchObject([
    { event: 'exec', pid: 7, argv: ['/bin/a', 'one\ntwo'] },
    { event: 'exit', pid: 7, exitCode: 3, argv: ['/bin/a', 'one\ntwo'] },
  ]);
});

test('losses of these kinds are lines, and are told apart from those of events', async () => {
  const { chunks, options } = written({ events: ['exec'] });
  const steps = [[execEvent({ pid: 7 }), lostEvent({ exec: 2, exit: 5 }), lostEvent({ exit: 1 })]];
  await runPlugins([jsonLines(options)], steps, inMemory);
  expect(linesOf(chunks)).toMatchObject([{ event: 'exec' }, { event: 'lost', count: 2 }]);
  expect(chunks.map(({ others }) => others)).toEqual([[1]]);
});

test('a writer that is slow gets everything', async () => {
  const { chunks, options } = written({ where: (event) => event.event === 'exec' });
  const steps = Array.from({ length: 50 }, (_, pid) => [execEvent({ pid: pid + 1 })]);
  await runPlugins([jsonLines(options)], steps, inMemory);
  expect(linesOf(chunks).map(({ pid }) => pid)).toEqual(steps.map((_, index) => index + 1));
});

test('ancestors come along, and lines may have any form', async () => {
  const { chunks, options } = written({ events: ['exec'] });
  const names = written();
  const procfs = new MemoryProcfs();
  procfs.spawn(1, { comm: 'init', ppid: 0 });
  const shell = procfs.spawn(7, { comm: 'sh', ppid: 1 });
  const exec = execEvent({ pid: 8, ppid: 7, parentStartTime: shell.startBoottimeNs, comm: 'ls' });
  const line = lineOutput({ ...names.options, name: 'names', line: () => 'a line\n' });
  const plugins = [jsonLinesWithAncestors(options), line, processTree(), processMetadata()];
  await runPlugins(plugins, [exec], { procfs });
  expect(linesOf(chunks)[0].ancestors.map(({ comm }: { comm: string }) => comm)).toEqual([
    'sh',
    'init',
  ]);
  expect(names.chunks).toEqual([{ text: 'a line\n', others: [] }]);
});
