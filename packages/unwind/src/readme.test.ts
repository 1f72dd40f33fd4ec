import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BASE, buildElf, TEXT_OFFSET } from '../test/build-elf.ts';
import { FrameAssembler } from '../test/frame-assembler.ts';
import { layout } from './index.ts';
import type { UnwoundStack } from './unwinder/unwinder.ts';

const directory = mkdtempSync(join(tmpdir(), 'waggle-unwind-readme-'));
afterAll(() => rmSync(directory, { recursive: true }));
const readme = readFileSync(join(import.meta.dir, '..', 'README.md'), 'utf8');

function program(): string {
  const frames = new FrameAssembler();
  const cie = frames.cie();
  const start = BASE + TEXT_OFFSET;
  frames.function(cie, start, 0x40, [['def_cfa_offset', 24]]);
  frames.function(cie, start + 0x40, 0x40, [['undefined', 16]]);
  const path = join(directory, 'program');
  writeFileSync(path, buildElf({ sections: [{ name: '.eh_frame', bytes: frames.bytes() }] }));
  return path;
}

test('the example of the README runs and answers', async () => {
  const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  if (example === undefined) throw new Error('the README has no example');
  const file = join(directory, 'example.ts');
  const symbols = JSON.stringify(Bun.resolveSync('@waggle/symbols', import.meta.dir));
  const entry = JSON.stringify(join(import.meta.dir, 'index.ts'));
  const source = example.replace("'@waggle/symbols'", symbols).replace("'@waggle/unwind'", entry);
  writeFileSync(file, source);
  const { describe, walk } = (await import(file)) as {
    describe: (path: string) => string;
    walk: (path: string, pc: bigint, sp: bigint, fp: bigint, stack: BigUint64Array) => UnwoundStack;
  };
  expect(describe(program())).toBe('2 functions, 2 rows, 4096 bytes');
  const caller = BigInt(TEXT_OFFSET + 0x50);
  const stack = BigUint64Array.of(1n, 2n, caller);
  const { pcs, stop } = walk(program(), BigInt(TEXT_OFFSET + 8), 0x1000n, 0n, stack);
  expect(pcs).toEqual([BigInt(TEXT_OFFSET + 8), caller]);
  expect(stop).toBe('end');
});

test('the numbers of the specification are those of the code', () => {
  for (const text of [
    `\`0x${layout.TABLE_MAGIC.toString(16)}\``,
    `Format version ${layout.FORMAT_VERSION}.`,
    `${layout.BLOCK_BYTES.toLocaleString('en')}-byte **blocks**`,
    `at byte ${layout.HEADER.root} of block 0: ${layout.ROOT_FANOUT} u32 keys`,
    `${layout.DIRECTORY_FANOUT} u32 keys`,
    `${layout.ROWS_PER_BLOCK} u16 distances (byte 0), then ${layout.ROWS_PER_BLOCK} u16 rule numbers (byte ${layout.ROW_RULES})`,
    `${layout.RULES_PER_BLOCK} to a block`,
  ]) {
    expect(readme).toContain(text);
  }
});
