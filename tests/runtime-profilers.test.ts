// The runtime's own profiler and waggle get along: neither waits for the other for ever.

import { expect } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { objectPath } from '@waggle/bpf';
import { within } from './support/deadline.ts';
import { kernelTest } from './support/kernel-test.ts';
import { freshFolder, workload } from './support/workloads.ts';

const root = join(import.meta.dir, '..');
const BUN = join(root, 'node_modules/.bin/bun');
const LOADER = join(root, 'packages/ffi/test/support/load-while-profiled.ts');
const AGENT = join(import.meta.dir, 'agents/profile.ts');
const WITHIN_MS = 40_000;

async function outputOf(...command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], { cwd: root, stdin: 'ignore', stdout: 'pipe' });
  try {
    const output = await within('its output', new Response(child.stdout).text(), WITHIN_MS);
    expect(await within('its end', child.exited, WITHIN_MS)).toBe(0);
    return output;
  } finally {
    child.kill('SIGKILL');
  }
}

kernelTest('objects are loaded while JavaScriptCore samples this thread', async () => {
  expect(await outputOf(BUN, LOADER, objectPath('lifecycle'))).toBe('loaded\n');
});

kernelTest('bun --cpu-prof on an agent ends and writes its profile', async () => {
  const folder = freshFolder();
  const profiled = [BUN, '--cpu-prof', `--cpu-prof-dir=${folder}`];
  await outputOf(...profiled, AGENT, workload('call_tree_nofp'), '300');
  expect(readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))).toHaveLength(1);
});
