import { expect, test } from 'bun:test';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('SKIPPED: the README example of @waggle/core needs root');

test.skipIf(!isRoot)('the example of the README traces a real command (needs root)', () => {
  const readme = readFileSync(join(import.meta.dir, '..', 'README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const file = join(import.meta.dir, `.readme-example-${process.pid}.ts`);
  writeFileSync(file, example.replace("'@waggle/core'", "'./index.ts'"));
  try {
    const run = Bun.spawnSync([process.execPath, file]);
    const output = run.stdout.toString();
    expect(run.stderr.toString()).toBe('');
    expect(output).toMatch(/^start \d+ \/bin\/sh$/m);
    expect(output).toMatch(/^start \d+ \S*ls$/m);
    expect(output.match(/^end {3}\d+ code 0$/gm)).toHaveLength(3);
    expect(output).toEndWith('0 events lost\n');
  } finally {
    rmSync(file);
  }
});
