// What a person wants to know of a profile before opening it: where most time went, and how much of
// it has no name, and why.

import { printable, type UnnamedReason, unnamedReason } from '@waggle/core';
import type { Profile, ProfileFrame } from '@waggle/formats';

const TOP = 5;

/** Of objects that have a path. */
const OF_OBJECT: Readonly<Partial<Record<UnnamedReason, string>>> = {
  'no-symbols': 'no symbols for it',
  gone: 'gone before it could be opened',
  changed: 'changed since it was mapped',
  limit: 'not opened, too many files are open',
};
const OF_MEMORY: Readonly<Partial<Record<UnnamedReason, string>>> = {
  'no-perf-map': 'generated code without a perf map',
  'not-in-perf-map': 'generated code that its perf map does not have',
  'no-file': 'memory without a file',
};
const WITHOUT_MAPPING = 'addresses that nothing was mapped at';

/** Lines for stderr; none for a profile without samples. */
export function summaryLines({ stacks }: Profile): string[] {
  const self = new Map<string, number>();
  const unnamed = new Map<string, number>();
  let total = 0;
  let withoutName = 0;
  for (const { frames, count } of stacks) {
    total += count;
    const leaf = frames.at(-1);
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
  if (self.size > 0) lines.push(`most time in ${listed(self)}`);
  if (withoutName > 0)
    lines.push(`${share(withoutName)} of samples in code without a name: ${listed(unnamed)}`);
  return lines;
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
