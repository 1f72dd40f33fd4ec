import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('SKIPPED: the README example of @waggle/profiler needs root');

test.skipIf(!isRoot)('the example of the README samples a shell (needs root)', () => {
  const readme = readFileSync(join(import.meta.dir, '..', 'README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const entry = JSON.stringify(join(import.meta.dir, 'index.ts'));
  const code = example.replace("'@waggle/profiler'", entry);
  const run = Bun.spawnSync([process.execPath, '-e', code], { cwd: import.meta.dir });
  expect(run.stderr.toString()).toBe('');
  const lines = run.stdout.toString().trimEnd().split('\n');
  const [, samples, lost] = /^(\d+) samples, (\d+) lost$/.exec(lines.at(-1) ?? '') ?? [];
  // Where others have the CPUs, what the kernel keeps for us is full before it is read.
  expect(Number(samples)).toBeGreaterThan(Number(lost));
  const stacks = lines.slice(0, -1);
  expect(stacks.length).toBeGreaterThan(0);
  for (const stack of stacks) expect(stack).toMatch(/^\d+ sh;./);
});
