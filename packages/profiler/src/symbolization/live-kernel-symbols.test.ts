import { expect, test } from 'bun:test';
import { KernelSymbols } from '@waggle/symbols';
import { LiveKernelSymbols } from './live-kernel-symbols.ts';

const CORE = 'ffffffff81000000 T first\nffffffff81000100 D data\n';
const MODULE = 'ffffffffc0201000 t in_module\t[xfs]\n';
const IN_CORE = 0xffffffff81000010n;
const IN_MODULE = 0xffffffffc0201004n;

/** Names of `kernel.text`, which may change, at the time `kernel.ms`. */
function namesOf(kernel: { text: string; ms: number; reads: number; fails?: boolean }) {
  const read = () => {
    kernel.reads++;
    if (kernel.fails) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE', errno: -24 });
    return KernelSymbols.parse(new TextEncoder().encode(kernel.text));
  };
  return new LiveKernelSymbols(read, () => kernel.ms);
}

test('a module that is loaded later gets its names, ten seconds after the last reading', () => {
  const kernel = { text: CORE, ms: 1000, reads: 0 };
  const names = namesOf(kernel);
  expect(kernel.reads).toBe(0);
  expect(names.lookup(IN_MODULE)).toBeUndefined();
  kernel.text = CORE + MODULE;
  kernel.ms += 9999;
  expect(names.lookup(IN_MODULE)).toBeUndefined();
  expect(kernel.reads).toBe(1);
  kernel.ms += 1;
  expect(names.lookup(IN_MODULE)).toEqual({ name: 'in_module', module: 'xfs', offset: 4 });
  expect(kernel.reads).toBe(2);
});

test('what has a name is not read anew, and what has none once in ten seconds', () => {
  const kernel = { text: CORE, ms: 0, reads: 0 };
  const names = namesOf(kernel);
  for (; kernel.ms < 60_000; kernel.ms += 100) expect(names.lookup(IN_CORE)?.name).toBe('first');
  expect(kernel.reads).toBe(1);
  for (; kernel.ms < 120_000; kernel.ms += 100) expect(names.lookup(1n)).toBeUndefined();
  expect(kernel.reads).toBe(7);
});

test('a later reading that fails leaves what is known', () => {
  const kernel = { text: CORE, ms: 0, reads: 0, fails: false };
  const names = namesOf(kernel);
  expect(names.lookup(IN_CORE)?.name).toBe('first');
  kernel.fails = true;
  kernel.ms = 20_000;
  expect(names.lookup(IN_MODULE)).toBeUndefined();
  expect(names.lookup(IN_CORE)?.name).toBe('first');
  expect(kernel.reads).toBe(2);
  expect(() => namesOf({ ...kernel }).lookup(IN_CORE)).toThrow('EMFILE');
});
