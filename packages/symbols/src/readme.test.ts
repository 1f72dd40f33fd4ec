import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ElfImage, KernelSymbols } from './index.ts';

const directory = mkdtempSync(join(tmpdir(), 'waggle-symbols-readme-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('the example of the README runs and answers', async () => {
  const readme = readFileSync(join(import.meta.dir, '..', 'README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  if (example === undefined) throw new Error('the README has no example');
  const entry = JSON.stringify(join(import.meta.dir, 'index.ts'));
  const file = join(directory, 'example.ts');
  writeFileSync(file, example.replace("'@waggle/symbols'", entry));
  const { nameOf, kernelNameOf } = (await import(file)) as {
    nameOf: (fileOffset: number) => string;
    kernelNameOf: (address: bigint) => string;
  };

  using self = ElfImage.open('/proc/self/exe');
  const text = self.section('.text');
  if (text === undefined) throw new Error('this runtime has no .text');
  // _start is where the runtime's own code begins to run, and is in no runtime stripped.
  expect(nameOf(2 ** 40)).toBe('[exe+0x10000000000]');
  expect(nameOf(text.offset).length).toBeGreaterThan(0);
  const names = new Set<string>();
  for (let at = text.offset; at < text.offset + text.size; at += 256) names.add(nameOf(at));
  expect([...names].some((name) => !name.startsWith('['))).toBe(true);

  expect(kernelNameOf(1n)).toBe('[kernel+0x1]');
  const first = /^([0-9a-f]{16}) T (_stext|_text)$/m.exec(readFileSync('/proc/kallsyms', 'latin1'));
  if (first !== null && !KernelSymbols.read().restricted) {
    expect(kernelNameOf(BigInt(`0x${first[1]}`))).not.toStartWith('[');
  }
});
