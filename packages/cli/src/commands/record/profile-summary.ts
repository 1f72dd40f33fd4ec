// What a person wants to know of a profile before opening it: where most time went, and how much of
// it has no name, and why.

import type { Profile, ProfileFrame } from '@waggle/formats';
import { printable } from '../../terminal/text.ts';

const TOP = 5;
const WITHOUT_FILE = 'memory without a file';
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

function reasonOf({ name, object }: ProfileFrame): string {
  if (object?.startsWith('/') && !object.startsWith('//')) return `${object} (no symbols for it)`;
  return name === '[unknown]' ? WITHOUT_MAPPING : WITHOUT_FILE;
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
