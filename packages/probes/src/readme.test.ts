import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

test('the example of the README finds a function of the C library', async () => {
  const readme = readFileSync(join(import.meta.dir, '..', 'README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'waggle-probes-'));
  try {
    const file = join(folder, 'example.ts');
    const entry = JSON.stringify(join(import.meta.dir, 'index.ts'));
    writeFileSync(file, example.replace("'@waggle/probes'", entry));
    const { placesOf } = (await import(file)) as { placesOf: (event: string) => string[] };
    expect(placesOf('uprobe:libc:malloc')).toEqual([expect.stringMatching(/libc\S* malloc \d+$/)]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
