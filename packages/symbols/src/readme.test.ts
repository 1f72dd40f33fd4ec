import { afterAll, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Workshop } from '../test/compile.ts';
import { ElfImage, KernelSymbols } from './index.ts';

const workshop = new Workshop();
const before = process.env.XDG_CACHE_HOME;
afterAll(() => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  workshop[Symbol.dispose]();
});

test('the example of the README runs and answers', async () => {
  const readme = readFileSync(join(import.meta.dir, '..', 'README.md'), 'utf8');
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  if (example === undefined) throw new Error('the README has no example');
  const entry = JSON.stringify(join(import.meta.dir, 'index.ts'));
  const file = join(workshop.directory, 'example.ts');
  writeFileSync(file, example.replace("'@waggle/symbols'", entry));
  process.env.XDG_CACHE_HOME = join(workshop.directory, 'cache');
  const { nameOf, placesOf, kernelNameOf } = (await import(file)) as {
    nameOf: (path: string, fileOffset: number) => string;
    placesOf: (path: string, vaddr: number) => string[];
    kernelNameOf: (address: bigint) => string;
  };

  const path = workshop.path('debug');
  const main = workshop.nm(path).find(({ name }) => name === 'main')?.address as number;
  using program = ElfImage.open(path);
  const text = program.section('.text');
  if (text === undefined) throw new Error('no .text');
  expect(nameOf(path, main - text.addr + text.offset)).toBe('main');
  expect(nameOf(path, 2 ** 40)).toBe(`[${path}+0x10000000000]`);
  expect(placesOf(path, main)).toEqual([
    expect.stringMatching(/^main .*program\.c:\d+$/) as unknown as string,
  ]);

  expect(kernelNameOf(1n)).toBe('[kernel+0x1]');
  const first = /^([0-9a-f]{16}) T (_stext|_text)$/m.exec(readFileSync('/proc/kallsyms', 'latin1'));
  if (first !== null && !KernelSymbols.read().restricted) {
    expect(kernelNameOf(BigInt(`0x${first[1]}`))).not.toStartWith('[');
  }
});
