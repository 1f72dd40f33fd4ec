/** What is counted at a probe: hits, or the sum of something that is known at each. */

import type { ResolvedEvent, UsdtArgument } from '@waggle/probes';
import { BadOption } from '../../errors/errors.ts';

/** A number of so many bits: `u64`, `s32`. */
export interface NumberType {
  readonly bytes: 1 | 2 | 4 | 8;
  readonly signed: boolean;
}

export type ProbeWeight =
  /** From 1 on. Its type says how a register is read. */
  | { readonly kind: 'argument'; readonly number: number; readonly type?: NumberType | undefined }
  | { readonly kind: 'returned'; readonly type?: NumberType | undefined }
  /** From entry to return. */
  | { readonly kind: 'duration' };

export interface CountedProbe {
  /** Of its value in profiles. */
  readonly name: string;
  /** Where it stands: `resolveEvent` of @waggle/probes. */
  readonly event: Extract<ResolvedEvent, { kind: 'user' | 'kernel' | 'tracepoint' }>;
  /** Summed in place of hits. */
  readonly weight?: ProbeWeight | undefined;
  /** What the sum of a weight is in: `bytes`. Default `count`; durations are microseconds. */
  readonly unit?: string | undefined;
}

const SIZE: NumberType = { bytes: 8, signed: true };

/** DWARF numbers of what functions are given and return. System V ABI, AMD64; AAPCS64. */
const REGISTERS =
  process.arch === 'arm64'
    ? { arguments: [0, 1, 2, 3, 4, 5], returned: 0 }
    : { arguments: [5, 4, 1, 2, 8, 9], returned: 0 };
export const MAX_ARGUMENTS = REGISTERS.arguments.length;

/**
 * Where a weight's argument is at each place of a probe; undefined for weights that are in no register.
 * @throws BadOption for an argument that a place does not have, or that is not known there
 */
export function argumentsOf({ name, event, weight }: CountedProbe): readonly UsdtArgument[] {
  const bad = (why: string) => new BadOption({ option: 'weight', message: `${name}: ${why}` });
  if (event.kind === 'tracepoint') {
    if (weight === undefined) return [];
    throw bad(
      'a tracepoint is counted: arguments, what is returned and durations are of functions',
    );
  }
  const count = event.kind === 'user' ? event.places.length : event.functions.length;
  const isUsdt = event.kind === 'user' && event.request.kind === 'usdt';
  if (weight === undefined || weight.kind === 'duration') {
    if (weight !== undefined && isUsdt) throw bad('a USDT probe is a moment: it has no duration');
    return [];
  }
  const { type = SIZE } = weight;
  if (weight.kind === 'returned') {
    if (isUsdt) throw bad('a USDT probe returns nothing: sum one of its arguments (arg1)');
    const operand = { kind: 'register', register: REGISTERS.returned, shift: 0 } as const;
    return Array.from({ length: count }, () => ({ ...type, operand }));
  }
  if (event.atReturn)
    throw bad('arguments are known where a function begins, not where it returns: probe its entry');
  if (event.kind === 'user' && isUsdt)
    return event.places.map(({ arguments: known = [] }) => {
      const found = known[weight.number - 1];
      if (found === undefined)
        throw bad(`it has ${known.length} arguments, and no arg${weight.number}`);
      if (found.read === undefined)
        throw bad(`arg${weight.number} is where it cannot be read (${found.text})`);
      return found.read;
    });
  const register = REGISTERS.arguments[weight.number - 1];
  if (register === undefined) throw bad(`at most ${MAX_ARGUMENTS} arguments are in registers`);
  const operand = { kind: 'register', register, shift: 0 } as const;
  return Array.from({ length: count }, () => ({ ...type, operand }));
}
