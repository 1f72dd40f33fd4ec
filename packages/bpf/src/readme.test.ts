import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

test('the example of the README runs and prints what it says', () => {
  const readme = readFileSync(join(import.meta.dir, '..', 'README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const code = example.replace("'@waggle/bpf'", JSON.stringify(join(import.meta.dir, 'index.ts')));
  const run = Bun.spawnSync([process.execPath, '-e', code]);
  expect(run.stderr.toString()).toBe('');
  expect(run.stdout.toString()).toBe('4242 ended with 7\n');
});
