// The stack of a BPF program with all that it calls has 512 bytes (MAX_BPF_STACK), which the verifier adds up along each
// way of calls, callbacks of bpf_loop() among them, in steps of 32 bytes up to Linux 6.6 (check_max_stack_depth() in
// kernel/bpf/verifier.c). Since 6.13 a program may have a stack of its own for each call, so a program that is refused
// elsewhere loads there.

import { describe, expect, test } from 'bun:test';
import {
  ARCHITECTURES,
  CALL,
  type Code,
  LOAD_OF_16_BYTES,
  OBJECTS,
  type ObjectCode,
  objectCode,
} from './testing/object-code.ts';

const MAX_STACK = 512;
const STEP = 32;
const MAX_CALL_FRAMES = 8;
const FRAME_POINTER = 10;
const MOVE = 0xbf;
const ADD = 0x07;

/** How far below its frame pointer a function goes, in bytes: as the verifier would round it. */
function stackOf({ bytes }: Code): number {
  let lowest = 0;
  /** Registers that are the frame pointer, since the last instruction that said so. */
  const copies = new Set<number>();
  for (let at = 0; at < bytes.length; at += 8) {
    const code = bytes.readUInt8(at);
    const [to, from] = [bytes.readUInt8(at + 1) & 0xf, bytes.readUInt8(at + 1) >> 4];
    const isMemory = [1, 2, 3].includes(code & 7);
    // A load's base is the one that it reads from, a store's the one that it writes to.
    if (
      isMemory &&
      (((code & 7) === 1 ? from : to) === FRAME_POINTER || copies.has((code & 7) === 1 ? from : to))
    )
      lowest = Math.min(lowest, bytes.readInt16LE(at + 2));
    if (code === ADD && copies.has(to)) lowest = Math.min(lowest, bytes.readInt32LE(at + 4));
    if (code === MOVE && from === FRAME_POINTER) copies.add(to);
    else if (code === CALL) for (const register of [0, 1, 2, 3, 4, 5]) copies.delete(register);
    else if (!isMemory || (code & 7) === 1) copies.delete(to);
    if (code === LOAD_OF_16_BYTES) at += 8;
  }
  return STEP * Math.ceil(Math.max(-lowest, 1) / STEP);
}

interface Way {
  readonly bytes: number;
  readonly through: readonly string[];
}

/** The way of calls that takes most of the stack. */
function deepest({ calls }: ObjectCode, from: Code): Way {
  const below = (calls.get(from) ?? []).map((to) => deepest({ calls, functions: [] }, to));
  const most = below.reduce<Way>((a, b) => (b.bytes > a.bytes ? b : a), { bytes: 0, through: [] });
  const own = stackOf(from);
  return { bytes: own + most.bytes, through: [`${from.name} ${own}`, ...most.through] };
}

describe.each(ARCHITECTURES)('the objects for %s', (architecture) => {
  test.each(OBJECTS)('%s has programs whose stacks suffice on every kernel', (name) => {
    const object = objectCode(name, architecture);
    const ways = object.functions.map((code) => deepest(object, code));
    expect(ways.length).toBeGreaterThan(0);
    expect(ways.filter(({ bytes }) => bytes > MAX_STACK)).toEqual([]);
    expect(ways.filter(({ through }) => through.length > MAX_CALL_FRAMES)).toEqual([]);
  });
});
