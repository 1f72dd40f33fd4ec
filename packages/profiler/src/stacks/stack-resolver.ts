/**
 * Addresses to (object, file offset), with the mappings that held when they were sampled. Names
 * come later; this has to happen while the mappings are known.
 */

import { unwindStop } from '@waggle/bpf';
import type { ProcessIdentity } from '@waggle/cache';
import type { Frame } from '../frames/frame-table.ts';
import { NO_STACK_FRAME, STATE_FRAMES } from '../frames/synthetic-frames.ts';
import type { CodeNames } from '../interpreters/code-names.ts';
import type { AddressSpaces } from '../mappings/address-spaces.ts';
import type { MappedObject } from '../mappings/image-mappings.ts';
import type { JitMaps } from '../mappings/jit-maps.ts';
import { isGenerated, type ObjectFiles } from '../mappings/object-files.ts';
import { interpretedWord, isInterpreted } from '../sampling/frame-words.ts';
import type { StackCount, ThreadState } from '../sampling/stack-count.ts';
import type { StackOwner } from '../sampling/stack-owner.ts';

export interface ResolvedFrame {
  readonly frame: Frame;
  readonly address: bigint;
}

const NO_STACK: readonly ResolvedFrame[] = [
  { frame: { kind: 'synthetic', name: NO_STACK_FRAME }, address: 0n },
];
const TRUNCATED: ResolvedFrame = { frame: { kind: 'truncated' }, address: 0n };

/** Whose stack it was; the thread too where threads are counted apart, else 0 and empty. */
export interface SampledProcess {
  readonly pid: number;
  /** start_boottime of the process, ns. */
  readonly startTime: bigint;
  readonly execId: number;
  /** The same three as the process cache takes them. */
  readonly identity: ProcessIdentity;
  readonly comm: string;
  readonly tid: number;
  readonly threadComm: string;
  /** Where the thread was. */
  readonly state: ThreadState;
  /** The one of them all where CPUs are counted apart, else of the last. */
  readonly cpu: number;
  /** CLOCK_BOOTTIME in ns: of the sample where each is counted for itself, else of the first of them. */
  readonly time: bigint;
}

export interface ResolvedStack extends SampledProcess {
  /** Whose it is in the profile, if that was asked for already. */
  readonly owner: StackOwner | undefined;
  /** What was counted: its place in the profiler's list of events. */
  readonly event: number;
  readonly count: number;
  readonly weight: number;
  readonly lastTime: bigint;
  /** As of the stack that was counted. */
  readonly about?: number | undefined;
  readonly number?: number | undefined;
  /** Root first. */
  readonly frames: readonly ResolvedFrame[];
}

export class StackResolver {
  readonly #spaces: AddressSpaces;
  readonly #objects: ObjectFiles;
  readonly #jitMaps: JitMaps;
  readonly #codeNames: CodeNames | undefined;

  constructor(
    spaces: AddressSpaces,
    objects: ObjectFiles,
    jitMaps: JitMaps,
    codeNames?: CodeNames | undefined,
  ) {
    this.#codeNames = codeNames;
    this.#spaces = spaces;
    this.#objects = objects;
    this.#jitMaps = jitMaps;
  }

  resolve(stack: StackCount): ResolvedStack {
    return {
      ...processOf(stack),
      owner: stack.owner,
      event: stack.event,
      count: stack.count,
      weight: stack.weight,
      lastTime: stack.lastTime,
      about: stack.about,
      number: stack.number,
      frames: [...this.#userFrames(stack), ...kernelFrames(stack), ...stateFrames(stack)],
    };
  }

  #userFrames(stack: StackCount): ResolvedFrame[] {
    const { user, interrupted } = stack;
    const hidden = user.some(isInterpreted) ? stack.ofInterpreter : undefined;
    const frames: ResolvedFrame[] = [];
    for (const [depth, address] of user.entries()) {
      if (hidden?.includes(depth) === true) continue;
      if (isInterpreted(address)) {
        frames.push(...this.#interpretedFrames(address));
        continue;
      }
      const isReturn = depth > 0 && !interrupted.includes(depth);
      const isSignalReturn = interrupted.includes(depth + 1);
      const frame = this.#userFrame(stack, address, isReturn, isSignalReturn);
      frames.push({ frame, address: BigInt(address) });
    }
    // Code without frame pointers at the root leaves a word there that was never an address.
    const root = frames.findLastIndex(({ frame }) => isCode(frame));
    const whole = (root < 0 ? frames.slice(0, 1) : frames.slice(0, root + 1)).reverse();
    return stack.truncated ? [TRUNCATED, ...whole] : whole;
  }

  /** Innermost first: several where functions were inlined. */
  #interpretedFrames(word: number): ResolvedFrame[] {
    const { number, instruction } = interpretedWord(word);
    const places = this.#codeNames?.at(number, instruction) ?? [undefined];
    return places.map((place) => {
      const frame: Frame =
        place === undefined ? { kind: 'uninterpreted' } : { kind: 'interpreted', ...place };
      return { frame, address: 0n };
    });
  }

  #userFrame(
    stack: StackCount,
    address: number,
    isReturn: boolean,
    isSignalReturn: boolean,
  ): Frame {
    const mapping = this.#spaces.find(stack.pid, address, stack.lastTime);
    const object = mapping && (mapping.object ?? this.#objects.of(stack.pid, mapping));
    if (mapping === undefined || object === undefined || isGenerated(object))
      return this.#generatedFrame(stack, address, isReturn, mapping);
    return {
      kind: 'user',
      object,
      offset: address - mapping.start + mapping.fileOffset,
      isReturn,
      isSignalReturn,
    };
  }

  /** Named when the recording ends, unless what is said of it now cannot change any more. */
  #generatedFrame(
    stack: StackCount,
    address: number,
    isReturn: boolean,
    mapping: MappedObject | undefined,
  ): Frame {
    const code = this.#jitMaps.of(stack);
    // Of code that was replaced in between, what most of its samples had.
    const time = this.#jitMaps.timeOf((stack.firstTime + stack.lastTime) / 2n);
    const isInherited = mapping === undefined || code.isInherited(mapping);
    const at = isReturn ? address - 1 : address;
    const found = code.lookup(at, time, isInherited);
    const isMapped = mapping !== undefined;
    // A word that was never an address.
    if (!isMapped && found === undefined && !code.isAsked(at, time, isInherited))
      return { kind: 'unmapped', address };
    const name = code.isSettled(at, time, isInherited) ? found?.name : undefined;
    return { kind: 'jit', code, address, time, name, isReturn, isMapped, isInherited };
  }
}

export function processOf(stack: StackCount): SampledProcess {
  const { pid, startTime, execId, comm, tid, threadComm, state, cpu } = stack;
  const identity = { pid, startBoottimeNs: startTime, execId };
  const { firstTime: time } = stack;
  return { pid, startTime, execId, identity, comm, tid, threadComm, state, cpu, time };
}

function isCode(frame: Frame): boolean {
  if (frame.kind === 'interpreted' || frame.kind === 'uninterpreted') return true;
  if (frame.kind !== 'jit') return frame.kind === 'user';
  return frame.isMapped || frame.name !== undefined || frame.code.isUnfollowed;
}

function stateFrames({ userStop, state }: StackCount): readonly ResolvedFrame[] {
  const name = STATE_FRAMES[state];
  const frames: ResolvedFrame[] =
    name === undefined ? [] : [{ frame: { kind: 'synthetic', name }, address: 0n }];
  return userStop === unwindStop.STOP_NOT_TAKEN ? [...NO_STACK, ...frames] : frames;
}

function kernelFrames(stack: StackCount): ResolvedFrame[] {
  return stack.kernel
    .map((address, depth): ResolvedFrame => {
      return { frame: { kind: 'kernel', address, isReturn: depth > 0 }, address };
    })
    .reverse();
}
