// Loops as the verifier of Linux 6.1 takes them: the way back to a loop's head is a jump. Where clang puts an
// instruction in front of the head that runs on into it, that verifier says `back-edge from insn N to N+1` and refuses
// the program (visit_insn() in kernel/bpf/verifier.c; newer ones take it).

import { describe, expect, test } from 'bun:test';
import {
  ARCHITECTURES,
  type Code,
  EXIT,
  GOTO,
  isJump,
  LOAD_OF_16_BYTES,
  OBJECTS,
  objectCode,
} from './testing/object-code.ts';

/** Where control goes from an instruction: straight on first, as the verifier does. */
function successors({ bytes }: Code, at: number): number[] {
  const code = bytes.readUInt8(8 * at);
  const jump = at + 1 + bytes.readInt16LE(8 * at + 2);
  if (code === EXIT) return [];
  if (code === GOTO) return [jump];
  if (code === LOAD_OF_16_BYTES) return [at + 2];
  return isJump(code) ? [at + 1, jump] : [at + 1];
}

/** What runs on into an instruction that is on the way to it. */
function backEdges(code: Code): string[] {
  const found: string[] = [];
  const onTheWay = new Set<number>();
  const seen = new Set<number>([0]);
  const path = [{ at: 0, left: successors(code, 0) }];
  onTheWay.add(0);
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const next = step.left.shift();
    if (next === undefined) {
      onTheWay.delete(step.at);
      path.pop();
    } else if (!seen.has(next)) {
      seen.add(next);
      onTheWay.add(next);
      path.push({ at: next, left: successors(code, next) });
    } else if (onTheWay.has(next) && !isJump(code.bytes.readUInt8(8 * step.at))) {
      found.push(`${code.name}: back-edge from insn ${step.at} to ${next}`);
    }
  }
  return found;
}

const instruction = (code: number, jump = 0) => [
  code,
  0,
  jump & 0xff,
  (jump >> 8) & 0xff,
  0,
  0,
  0,
  0,
];

test('a loop is found that an instruction runs on into', () => {
  const ADD = 0x07;
  const IF = 0x55;
  const [head, latch] = [IF, ADD];
  const refused = [
    instruction(GOTO, 1),
    instruction(latch),
    instruction(head, -2),
    instruction(EXIT),
  ];
  const taken = [instruction(ADD), instruction(IF, -2), instruction(EXIT)];
  const loops = { name: 'loops', section: 1, begin: 0 };
  expect(backEdges({ ...loops, bytes: Buffer.from(refused.flat()) })).toEqual([
    'loops: back-edge from insn 1 to 2',
  ]);
  expect(backEdges({ ...loops, bytes: Buffer.from(taken.flat()) })).toEqual([]);
});

describe.each(ARCHITECTURES)('the objects for %s', (architecture) => {
  test.each(OBJECTS)('%s has no such loop', (name) => {
    const { functions } = objectCode(name, architecture);
    expect(functions.length).toBeGreaterThan(0);
    expect(functions.flatMap(backEdges)).toEqual([]);
  });
});
