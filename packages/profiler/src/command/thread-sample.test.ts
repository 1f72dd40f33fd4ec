// Records as the kernel writes them, by the layout of perf_event.h.

import { expect, test } from 'bun:test';
import { decodeOfCommand, REGISTERS } from './thread-sample.ts';

const KERNEL = 2n ** 64n - 128n;
const USER = 2n ** 64n - 512n;

/** PERF_RECORD_SAMPLE. @param behind what follows the callchain, as 64-bit words */
function sample(chain: readonly bigint[], behind: readonly bigint[] = []): DataView {
  const words = [0n, (42n << 32n) | 41n, 1_000n, 3n, BigInt(chain.length), ...chain, ...behind];
  const view = new DataView(new ArrayBuffer(8 * words.length));
  for (const [index, word] of words.entries()) view.setBigUint64(8 * index, word, true);
  view.setUint32(0, 9, true);
  view.setUint16(6, view.byteLength, true);
  return view;
}

test('a sample has its kernel part and its user part', () => {
  expect(decodeOfCommand(sample([KERNEL, 0xffff_8000n, USER, 0x10n, 0x20n]), 5n)).toEqual({
    type: 'sample',
    time: 1_005n,
    pid: 41,
    cpu: 3,
    kernel: [0xffff_8000n],
    user: [0x10, 0x20],
    thread: undefined,
  });
});

test('registers and as much of the stack as could be read come along', () => {
  const registers = Array.from({ length: REGISTERS.count }, (_, index) => BigInt(100 + index));
  const behind = [2n, ...registers, 24n, 7n, 8n, 9n, 16n];
  const decoded = decodeOfCommand(sample([KERNEL, 0xffffn], behind), 0n);
  if (decoded?.type !== 'sample' || decoded.thread === undefined) throw new Error('no thread');
  const { registers: had, stack } = decoded.thread;
  expect(had.pc).toBe(BigInt(100 + REGISTERS.pc));
  expect(had.sp).toBe(BigInt(100 + REGISTERS.sp));
  expect(had.all).toHaveLength(REGISTERS.byDwarf.length);
  expect(stack.byteLength).toBe(16);
  expect(stack.getBigUint64(8, true)).toBe(8n);
});

test('a thread of the kernel has no registers of user space, and other records are none of these', () => {
  expect(decodeOfCommand(sample([KERNEL, 1n], [0n, 0n]), 0n)).toMatchObject({ thread: undefined });
  const other = sample([]);
  other.setUint32(0, 7, true);
  expect(decodeOfCommand(other, 0n)).toBeUndefined();
});
