/**
 * Collected stacks as plain data for agents: every frame with its address, object and name, and
 * whose it was. For those who ship profiles to a backend of their own, or group them their way.
 */

import type { ProcessIdentity } from '@waggle/cache';
import { FrameTable } from '../frames/frame-table.ts';
import { sourceOf } from '../frames/inlined-frames.ts';
import { upToTracepoint, withoutTracing } from '../frames/synthetic-frames.ts';
import type { ThreadState } from '../sampling/stack-count.ts';
import { addedValue, type StackEvent } from '../sampling/stack-source.ts';
import type { Functions, Symbolizer } from '../symbolization/symbolizer.ts';
import type { ResolvedStack } from './stack-resolver.ts';

export interface StackFrameInfo {
  readonly pid: number;
  /** Name of the process. */
  readonly comm: string;
  /** The same, as profile-bee calls it. */
  readonly cmd: string;
  /** Instruction pointer, or return address in callers. Inlined functions have their caller's. */
  readonly address: bigint;
  /** Path of the executable, library or kernel module; null in the kernel proper and in JIT code. */
  readonly objectPath: string | null;
  /** Function, or `[object+0xoffset]`. */
  readonly symbol: string;
  /** `file:line` where line numbers are on, and debug information has it. */
  readonly source: string | null;
  /** The compiler put it into the code of the frame before it. Only where line numbers are on. */
  readonly inlined: boolean;
  /** CPU of the last sample of this stack. */
  readonly cpuId: number;
  /** Time of that sample: CLOCK_BOOTTIME. */
  readonly ns: bigint;
}

export interface FrameCount {
  /** Root first, leaf last. */
  readonly frames: readonly StackFrameInfo[];
  /** How often it was met. */
  readonly count: number;
  /** What was counted (`cpu-clock`, `off-cpu`, ...), and how much in its unit: samples, microseconds, bytes. */
  readonly event: string;
  readonly value: number;
  /** Where the thread was. */
  readonly state: ThreadState;
  /** Whose it was: `processMetadata.getByIdentity(stack.identity)`. */
  readonly identity: ProcessIdentity;
  /** Of that process: nanoseconds since boot. */
  readonly startTime: bigint;
  readonly execId: number;
}

/** Each stack with names, looked up once for all of them. */
export async function toFrameCounts(
  stacks: readonly ResolvedStack[],
  symbolizer: Symbolizer,
  events: readonly StackEvent[],
): Promise<readonly FrameCount[]> {
  const table = new FrameTable();
  const ids = stacks.map(({ frames }) => frames.map(({ frame }) => table.id(frame)));
  const functions = await symbolizer.functionsOf(table.frames);
  return stacks.map((stack, at) =>
    toFrameCount(
      stack,
      (ids[at] ?? []).map((id) => functions[id] ?? []),
      events[stack.event],
    ),
  );
}

/** @param functions of each frame of the stack */
function toFrameCount(
  stack: ResolvedStack,
  functions: readonly Functions[],
  event: StackEvent | undefined,
): FrameCount {
  const trimmed = event?.atTracepoint === true ? upToTracepoint : withoutTracing;
  const depths = trimmed([...stack.frames.keys()], (depth: number) => functions[depth] ?? []);
  const frames = depths.flatMap((depth) =>
    (functions[depth] ?? []).map(
      (named): StackFrameInfo => ({
        pid: stack.pid,
        comm: stack.comm,
        cmd: stack.comm,
        address: stack.frames[depth]?.address ?? 0n,
        objectPath: named.object ?? null,
        symbol: named.name,
        source: sourceOf(named),
        inlined: named.inlined === true,
        cpuId: stack.cpu,
        ns: stack.lastTime,
      }),
    ),
  );
  const { count, state, identity, startTime, execId } = stack;
  const value = addedValue(event, stack);
  const name = event?.name ?? '';
  return { frames, count, event: name, value, state, identity, startTime, execId };
}

/** Sums by whatever text a formatter makes of a stack, for example `pid;function;function`. */
export function collapseRawWith(
  raw: readonly FrameCount[],
  formatter: (stack: FrameCount) => string,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const stack of raw) {
    const key = formatter(stack);
    sums.set(key, (sums.get(key) ?? 0) + stack.value);
  }
  return sums;
}

/** Folded stacks, `comm;root;…;leaf`, as flame graph tools take them. */
export function collapseRaw(raw: readonly FrameCount[]): Map<string, number> {
  return collapseRawWith(raw, ({ frames }) =>
    [frames[0]?.comm ?? '[unknown]', ...frames.map(({ symbol }) => symbol)]
      .map((name) => name.replaceAll(/[;\n]/g, ':'))
      .join(';'),
  );
}
