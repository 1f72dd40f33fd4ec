import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as events from './index.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('SKIPPED: the README example of @waggle/events needs root');

test.skipIf(!isRoot)('the example of the README shows the exec that it makes (needs root)', () => {
  const readme = readFileSync(join(import.meta.dir, '..', 'README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const code = example.replace(
    "'@waggle/events'",
    JSON.stringify(join(import.meta.dir, 'index.ts')),
  );
  const run = Bun.spawnSync([process.execPath, '-e', code], { cwd: import.meta.dir });
  expect(run.stderr.toString()).toBe('');
  expect(run.stdout.toString()).toMatch(/^\d+ runs echo hello$/m);
});

test('the README names every export', () => {
  const readme = readFileSync(join(import.meta.dir, '..', 'README.md'), 'utf8');
  for (const exported of Object.keys(events)) expect(readme).toContain(`\`${exported}`);
});
