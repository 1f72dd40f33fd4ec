// Loops as the verifier of Linux 6.1 takes them: the way back to a loop's head is a jump. Where clang puts an
// instruction in front of the head that runs on into it, that verifier says `back-edge from insn N to N+1` and refuses
// the program (visit_insn() in kernel/bpf/verifier.c; newer ones take it).

import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import * as skeletons from './generated/skeletons.ts';
import { objectPath } from './object.ts';

interface Code {
  readonly name: string;
  /** Its instructions, eight bytes each. */
  readonly bytes: Buffer;
}

const LOAD_OF_16_BYTES = 0x18;
const GOTO = 0x05;
const CALL = 0x85;
const EXIT = 0x95;
const STT_FUNC = 2;

/** The functions of an ELF64 object. */
function functionsOf(file: Buffer): Code[] {
  const sectionsAt = Number(file.readBigUInt64LE(40));
  const sections = Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const at = sectionsAt + 64 * index;
    return {
      type: file.readUInt32LE(at + 4),
      offset: Number(file.readBigUInt64LE(at + 24)),
      size: Number(file.readBigUInt64LE(at + 32)),
      link: file.readUInt32LE(at + 40),
    };
  });
  const symbols = sections.find(({ type }) => type === 2);
  const names = sections[symbols?.link ?? -1];
  if (symbols === undefined || names === undefined) return [];
  return Array.from({ length: symbols.size / 24 }, (_, index) => symbols.offset + 24 * index)
    .filter((at) => (file.readUInt8(at + 4) & 0xf) === STT_FUNC)
    .map((at) => {
      const nameAt = names.offset + file.readUInt32LE(at);
      const begin =
        (sections[file.readUInt16LE(at + 6)]?.offset ?? 0) + Number(file.readBigUInt64LE(at + 8));
      const size = Number(file.readBigUInt64LE(at + 16));
      return {
        name: file.toString('latin1', nameAt, file.indexOf(0, nameAt)),
        bytes: file.subarray(begin, begin + size),
      };
    });
}

/** Where control goes from an instruction: straight on first, as the verifier does. */
function successors({ bytes }: Code, at: number): number[] {
  const code = bytes.readUInt8(8 * at);
  const jump = at + 1 + bytes.readInt16LE(8 * at + 2);
  if (code === EXIT) return [];
  if (code === GOTO) return [jump];
  if (code === LOAD_OF_16_BYTES) return [at + 2];
  return isJump(code) ? [at + 1, jump] : [at + 1];
}

/** BPF_JMP and BPF_JMP32. */
const isJump = (code: number) => [5, 6].includes(code & 7) && code !== CALL && code !== EXIT;

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
  expect(backEdges({ name: 'loops', bytes: Buffer.from(refused.flat()) })).toEqual([
    'loops: back-edge from insn 1 to 2',
  ]);
  expect(backEdges({ name: 'loops', bytes: Buffer.from(taken.flat()) })).toEqual([]);
});

describe.each(['x64', 'arm64'])('the objects for %s', (architecture) => {
  test.each(Object.values(skeletons).map(({ name }) => name))('%s has no such loop', (name) => {
    const functions = functionsOf(readFileSync(objectPath(name, architecture)));
    expect(functions.length).toBeGreaterThan(0);
    expect(functions.flatMap(backEdges)).toEqual([]);
  });
});
