/**
 * What a person wants to know of a profile before opening it: where most time went, and how much of
 * it has no name, and why.
 */

import { readFileSync } from 'node:fs';
import type { Profile, ProfileFrame, ProfileValues } from '@waggle/formats';
import { STATE_FRAMES, type UnnamedReason, unnamedReason, WOKEN_BY_FRAME } from '@waggle/profiler';
import { kernelShowsAddresses } from '@waggle/symbols';
import { printable } from '@waggle/text';

const TOP = 5;

/** Of objects that have a path. */
const OF_OBJECT: Readonly<Partial<Record<UnnamedReason, string>>> = {
  'no-symbols': 'no symbols for it',
  gone: 'gone before it could be opened',
  changed: 'changed since it was mapped',
  limit: 'not opened, too many files are open',
  'too-large': 'its symbol tables are more than is read of one file',
  unfinished: 'naming was ended before it was read',
  unanswered: 'its file system did not answer',
};
const OF_MEMORY: Readonly<Partial<Record<UnnamedReason, string>>> = {
  'no-perf-map': 'generated code without a perf map',
  'not-in-perf-map': 'generated code that its perf map does not have',
  'not-yet-in-jitdump': 'generated code that is not in its jitdump yet',
  'no-file': 'memory without a file',
};
const WITHOUT_MAPPING = 'addresses that nothing was mapped at';

/**
 * Lines for stderr; none for a profile without samples.
 *
 * @param showsKernelAddresses whether the kernel shows this process where its functions are
 */
export function summaryLines(
  { stacks, values }: Profile,
  showsKernelAddresses: () => boolean = addressesAreShown,
): string[] {
  const self = new Map<string, number>();
  const unnamed = new Map<string, number>();
  let total = 0;
  let withoutName = 0;
  for (const { frames, count } of stacks) {
    total += count;
    const leaf = leafOf(frames);
    if (leaf === undefined) continue;
    if (leaf.kind !== 'unresolved') {
      add(self, leaf.name, count);
      continue;
    }
    withoutName += count;
    add(unnamed, reasonOf(leaf), count);
  }
  if (total === 0) return [];
  const share = (count: number) => `${((100 * count) / total).toFixed(1)} %`;
  const listed = (counts: ReadonlyMap<string, number>) =>
    [...counts]
      .sort(([, a], [, b]) => b - a)
      .slice(0, TOP)
      .map(([name, count]) => `${printable(name)} ${share(count)}`)
      .join(', ');
  const lines: string[] = [];
  if (self.size > 0) lines.push(`most ${whatIsCounted(values)} in ${listed(self)}`);
  if (withoutName > 0)
    lines.push(`${share(withoutName)} of samples in code without a name: ${listed(unnamed)}`);
  const hidden = hiddenKernelShare(stacks, total);
  if (hidden >= HIDDEN_SHARE)
    lines.push(
      `${(100 * hidden).toFixed(1)} % of samples in kernel functions without a name: ${
        showsKernelAddresses() ? NOT_READ : whyHidden()
      }`,
    );
  return lines;
}

const NOT_READ = 'reading /proc/kallsyms took too long, or was ended by a signal';

function whyHidden(): string {
  return `the kernel hides its symbols (sysctl kernel.kptr_restrict, now ${kptrRestrict()}); record with CAP_SYSLOG, or set it to 0 or 1`;
}

/** Samples at a pace: their number is a time. */
const CLOCKS: readonly string[] = ['cpu-clock', 'task-clock', 'samples'];

function whatIsCounted(values: ProfileValues | undefined): string {
  const { type, unit } = values?.types[values.shown] ?? { type: 'samples', unit: 'count' };
  if (unit === 'bytes') return unit;
  if (unit !== 'count' || CLOCKS.includes(type)) return 'time';
  // Of a probe that may be its hits, or the sum of an argument.
  return type.includes(':') ? `of ${printable(type)}` : type;
}

/** Modules that come and go leave some; where the kernel hides its symbols it is all of them. */
const HIDDEN_SHARE = 0.01;

const OFF_CPU_FRAMES: ReadonlySet<string> = new Set(Object.values(STATE_FRAMES));

/** What ran; of who waited, the last function of user space, which says more than how the kernel waits. */
function leafOf(stack: readonly ProfileFrame[]): ProfileFrame | undefined {
  // Who woke it stands on top of that.
  const woken = stack.findIndex(({ kind, name }) => kind === 'process' && name === WOKEN_BY_FRAME);
  const frames = woken < 0 ? stack : stack.slice(0, woken);
  const leaf = frames.at(-1);
  if (leaf?.kind !== 'process' || !OFF_CPU_FRAMES.has(leaf.name)) return leaf;
  const before = frames.slice(0, -1);
  return before.findLast(({ kind }) => kind === 'user' || kind === 'unresolved') ?? before.at(-1);
}

function hiddenKernelShare(stacks: Profile['stacks'], total: number): number {
  let named = 0;
  let hidden = 0;
  for (const { frames, count } of stacks) {
    const leaf = frames.at(-1);
    if (leaf?.kind !== 'kernel') continue;
    if (leaf.name.startsWith('[kernel+0x')) hidden += count;
    else named += count;
  }
  return named > 0 ? 0 : hidden / total;
}

function addressesAreShown(): boolean {
  try {
    return kernelShowsAddresses();
  } catch {
    return false;
  }
}

function kptrRestrict(): string {
  try {
    return readFileSync('/proc/sys/kernel/kptr_restrict', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function reasonOf(frame: ProfileFrame): string {
  const { object } = frame;
  const reason = unnamedReason(frame) ?? 'unmapped';
  const ofObject = OF_OBJECT[reason];
  if (ofObject !== undefined) return `${object} (${ofObject})`;
  return OF_MEMORY[reason] ?? WITHOUT_MAPPING;
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
