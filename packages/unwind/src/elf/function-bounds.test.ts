import { expect, test } from 'bun:test';
import { ElfImage, SymbolTable } from '@waggle/symbols';
import { FunctionBounds } from './function-bounds.ts';

/** Its functions are exported, for what is loaded into it. */
const BASH = '/bin/bash';

test('every sized function of a program begins where its call frame information does', () => {
  using elf = ElfImage.open(BASH);
  const symbols = SymbolTable.fromElf(elf);
  const bounds = FunctionBounds.fromElf(elf);
  const text = elf.section('.text');
  const shift = (text?.offset ?? 0) - (text?.addr ?? 0);
  expect(bounds.size).toBeGreaterThan(1000);
  let looked = 0;
  let same = 0;
  for (let at = 0; at < (text?.size ?? 0); at += 401) {
    const hit = symbols.lookup((text?.addr ?? 0) + at);
    if (hit === undefined || hit.size === 0) continue;
    looked++;
    if (bounds.startOf((text?.addr ?? 0) + at + shift) === hit.start + shift) same++;
  }
  // Assembly without information, and parts that a function was split into.
  expect(looked).toBeGreaterThan(1000);
  expect(same).toBeGreaterThan(0.9 * looked);
});

test('nothing is known of what is in no function', () => {
  using elf = ElfImage.open(BASH);
  const bounds = FunctionBounds.fromElf(elf);
  expect(bounds.startOf(0)).toBeUndefined();
  expect(bounds.startOf(2 ** 50)).toBeUndefined();
  expect(FunctionBounds.empty().startOf(1)).toBeUndefined();
});
