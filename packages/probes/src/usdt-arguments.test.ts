// Operands as assemblers write them.

import { expect, test } from 'bun:test';
import { EM_AARCH64, EM_X86_64 } from '@waggle/symbols';
import { parseUsdtArgument } from './usdt-arguments.ts';

test.each([
  ['-4@$5', { kind: 'constant', value: 5n }],
  ['8@%rdi', { kind: 'register', register: 5, shift: 0 }],
  ['-4@%eax', { kind: 'register', register: 0, shift: 0 }],
  ['1@%ah', { kind: 'register', register: 0, shift: 8 }],
  ['1@%sil', { kind: 'register', register: 4, shift: 0 }],
  ['4@%r10d', { kind: 'register', register: 10, shift: 0 }],
  ['-8@-24(%rbp)', { kind: 'memory', base: 6, index: undefined, scale: 1, displacement: -24 }],
  ['8@(%rax,%rbx,8)', { kind: 'memory', base: 0, index: 3, scale: 8, displacement: 0 }],
])('%s', (words, operand) => {
  expect(parseUsdtArgument(words, EM_X86_64)).toMatchObject({ operand } as never);
});

test('AArch64', () => {
  expect(parseUsdtArgument('-4@w3', EM_AARCH64)?.operand).toMatchObject({ register: 3 });
  expect(parseUsdtArgument('8@[sp, 16]', EM_AARCH64)?.operand).toMatchObject({
    base: 31,
    displacement: 16,
  });
});

test('what cannot be read is told', () => {
  for (const words of ['8f@%xmm0', '8@symbol(%rip)', '3@%rax', ''])
    expect(parseUsdtArgument(words, EM_X86_64)).toBeUndefined();
});
