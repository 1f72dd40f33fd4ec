/** `--off-cpu` and `--wall`: what they ask for, the plugin that does it, and what is said of it at the end. */

import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { canProbeSwitches, type OffCpuCounts, offCpu } from '@waggle/core/plugins/off-cpu';
import type { ThreadState } from '@waggle/profiler';
import { readKallsyms } from '@waggle/symbols';
import { counted } from '../../terminal/counted.ts';
import type { RecordOptions } from './options.ts';

export interface OffCpuRequest {
  /** Of the profile's value. */
  readonly name: 'off-cpu' | 'wall';
  readonly minBlockNs: number;
  readonly states: readonly ThreadState[];
  readonly wakers: boolean;
}

const OFF_STATES = ['runnable', 'interruptible', 'uninterruptible'] as const;
const ALL_STATES = ['running', ...OFF_STATES] as const;
type OffCpuOptions = Pick<RecordOptions, 'offCpu' | 'wall' | 'minBlock' | 'state' | 'wakers'>;

/** What is asked for, undefined where it is neither, or what is wrong with it. */
export function offCpuRequest({
  offCpu = false,
  wall = false,
  minBlock,
  state,
  wakers = false,
}: OffCpuOptions): OffCpuRequest | undefined | string {
  if (offCpu && wall) return '--wall has time off the CPU too: leave out --off-cpu';
  if (!offCpu && !wall) {
    if (minBlock !== undefined) return '--min-block is about --off-cpu: add it';
    if (wakers) return '--wakers is about --off-cpu or --wall: add one of them';
    if (state !== undefined) return '--state is about --off-cpu or --wall: add one of them';
    return undefined;
  }
  if (wall && minBlock !== undefined)
    return '--min-block leaves time out, and --wall has all of it: use --off-cpu';
  const known: readonly ThreadState[] = wall ? ALL_STATES : OFF_STATES;
  const states: ThreadState[] = [];
  for (const name of state ?? known) {
    const found = known.find((each) => each === name);
    if (found === undefined) return `--state ${name}: it is one of ${known.join(', ')}`;
    if (!states.includes(found)) states.push(found);
  }
  return { name: wall ? 'wall' : 'off-cpu', minBlockNs: minBlock ?? 0, states, wakers };
}

/** What the kernel says of its types. */
const KERNEL_TYPES = '/sys/kernel/btf/vmlinux';
/** Where a thread is back on its CPU (ADR 15). */
const TRACEPOINT = 'btf_trace_sched_exit_tp';

/** Why this kernel cannot; undefined where it can, or where that is not to be known. */
export function whyNoOffCpu(
  kernelTypes = KERNEL_TYPES,
  kernelSymbols?: string,
): string | undefined {
  let types: Buffer;
  let symbols: string;
  try {
    types = readFileSync(kernelTypes);
    symbols = readKallsyms(kernelSymbols);
  } catch {
    return undefined;
  }
  if (types.includes(TRACEPOINT) || canProbeSwitches(symbols)) return undefined;
  return (
    '--off-cpu and --wall need Linux 6.16, which says when a thread is back on its CPU, or kprobes ' +
    `(CONFIG_KPROBES), and this is ${release()} without them`
  );
}

export function offCpuPlugin(
  { name, minBlockNs, states, wakers }: OffCpuRequest,
  { frequency: frequencyHz, unwind }: Pick<RecordOptions, 'frequency' | 'unwind'>,
) {
  return offCpu({ onCpu: name === 'wall', frequencyHz, minBlockNs, states, unwind, wakers });
}

/** What was measured, and what is estimated. Lines for stderr. */
export function offCpuLines(counts: OffCpuCounts): string[] {
  const { whole, wholeNs, summed, summedNs, stacksForSums } = counts;
  const { leftOut, leftOutNs, unfinished, untracked } = counts;
  const lines = [`off the CPU: ${counted(whole, 'wait')} with a stack each, ${seconds(wholeNs)}`];
  if (summed > 0)
    lines.push(
      `${counted(summed, 'wait')} shorter than 1 ms, ${seconds(summedNs)} in all, came too often for a stack each: ` +
        `${counted(stacksForSums, 'stack')} stand for them, chosen by their time (--min-block takes all above it)`,
    );
  if (leftOut > 0)
    lines.push(
      `${counted(leftOut, 'wait')} shorter than asked for left out, ${seconds(leftOutNs)}`,
    );
  if (unfinished > 0)
    lines.push(`${counted(unfinished, 'wait')} went on at the end, and were counted until then`);
  if (untracked > 0)
    lines.push(
      `${untracked} times a thread could not be followed: the kernel had no memory for it`,
    );
  return lines;
}

function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(3)} s`;
}
