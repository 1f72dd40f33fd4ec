/**
 * Servers that fork their workers, or start them of their own program: what a worker does is whole and named, from the
 * beginning of the program to the function that burns, though it was another process that began it.
 */

import { expect } from 'bun:test';
import { join } from 'node:path';
import { type FoldedStack, samples, samplesUnder, samplesWith } from './support/folded.ts';
import { gunicorn } from './support/gunicorn.ts';
import { optionalKernelTest } from './support/kernel-test.ts';
import { nodes } from './support/nodes.ts';
import { freePorts } from './support/real-servers.ts';
import { Recorded } from './support/recorded.ts';

const SCRIPTS = join(import.meta.dir, 'workloads');
const MODULE = '<module>';
const percent = (part: number, whole: number) => (100 * part) / whole;

const server = gunicorn();
const noServer = server === undefined ? 'gunicorn is not to be had' : undefined;

/** Asks the server again and again, four at once, until it is gone. */
async function ask(port: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted)
    try {
      await (await fetch(`http://127.0.0.1:${port}/`, { signal })).text();
    } catch {
      // Not there yet, or gone.
      await Bun.sleep(50);
    }
}

async function recordedServer(...more: readonly string[]): Promise<Recorded> {
  const { port } = await freePorts('port');
  const over = new AbortController();
  const asking = Promise.all(Array.from({ length: 4 }, () => ask(port, over.signal)));
  const recorded = await Recorded.withAnyCode([
    ...more,
    ...['--', 'timeout', '--signal=TERM', '6', server ?? '', '--chdir', SCRIPTS],
    ...['-w', '2', '-b', `127.0.0.1:${port}`, 'wsgi_shares:application'],
  ]);
  over.abort();
  await asking;
  return recorded;
}

optionalKernelTest('workers of gunicorn are whole and named', noServer, async () => {
  const { stacks, stderr } = await recordedServer('--group-by', 'process');
  const burning = stacks.filter(({ frames }) => frames.includes('burn'));
  expect({ enough: samples(burning) > 200, stderr: samples(burning) > 200 ? '' : stderr }).toEqual({
    ...{ enough: true, stderr: '' },
  });
  const isWhole = (stack: FoldedStack) =>
    stack.frames.includes(MODULE) &&
    stack.frames.includes('run') &&
    samplesUnder([stack], 'application', 'answer', 'burn') > 0;
  expect(percent(samples(burning, isWhole), samples(burning))).toBeGreaterThan(99);
  expect(new Set(burning.map(({ frames }) => frames[0])).size).toBe(2);
});

optionalKernelTest('what runs stands on its module where that is wanted', noServer, async () => {
  const { stacks } = await recordedServer('--group-by', 'module');
  const burning = stacks.filter(({ frames }) => frames.at(-1) === 'burn');
  expect(samples(burning)).toBeGreaterThan(200);
  expect(new Set(burning.map(({ frames }) => frames[0]))).toEqual(
    new Set([join(SCRIPTS, 'wsgi_shares.py')]),
  );
  expect(samples(stacks, ({ frames }) => frames[0] === 'gunicorn.http.message')).toBeGreaterThan(0);
});

const node = nodes().findLast(({ path }) => path !== undefined)?.path;
const noNode = node === undefined ? 'no Node.js is to be had' : undefined;

optionalKernelTest("workers of Node's cluster are whole and named", noNode, async () => {
  const { stacks } = await Recorded.of([
    ...['--group-by', 'process', '--', node ?? '', join(SCRIPTS, 'js_cluster.cjs'), '4000'],
  ]);
  const burning = stacks.filter(({ frames }) => frames.includes('burn'));
  expect(samples(burning)).toBeGreaterThan(200);
  const whole = samplesUnder(burning, 'emit', 'answer', 'burn');
  expect(percent(whole, samples(burning))).toBeGreaterThan(99);
  // Generated code without a name.
  const unnamed = samples(stacks, ({ frames }) => frames.some((name) => name.startsWith('[jit')));
  expect(percent(unnamed, samplesWith(stacks, 'burn'))).toBeLessThan(5);
  expect(new Set(burning.map(({ frames }) => frames[0])).size).toBe(2);
});
