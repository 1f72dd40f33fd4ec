// An agent that profiles gives frames their names on both runtimes, and while it is being profiled itself.

import { expect } from 'bun:test';
import { join } from 'node:path';
import { within } from './support/deadline.ts';
import { parseFolded, samples, samplesWith } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { workload } from './support/workloads.ts';

const root = join(import.meta.dir, '..');
const AGENT = join(import.meta.dir, 'agents/profile.ts');
const BUN = join(root, 'node_modules/.bin/bun');
const DENO = join(root, 'node_modules/.bin/deno');
const WITHIN_MS = 100_000;

async function expectNames(...runtime: readonly string[]): Promise<void> {
  // Without frame pointers: names and unwind tables are read by the same thread.
  const command = [...runtime, AGENT, workload('call_tree_nofp'), '1000'];
  const agent = Bun.spawn([...command], { cwd: root, stdin: 'ignore', stdout: 'pipe' });
  try {
    const output = await within('the agent', new Response(agent.stdout).text(), WITHIN_MS);
    const stacks = parseFolded(output);
    expect(samples(stacks)).toBeGreaterThan(100);
    expect(samplesWith(stacks, 'main')).toBeGreaterThan(0.95 * samples(stacks));
    expect(await within('its end', agent.exited, WITHIN_MS)).toBe(0);
  } finally {
    agent.kill('SIGKILL');
  }
}

kernelTest('under Bun', () => expectNames(BUN, 'run'));

kernelTest('under Deno', () =>
  expectNames(DENO, 'run', '-A', '--no-check', '--no-lock', '--conditions=bun'),
);
