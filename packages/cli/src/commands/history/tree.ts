/** Who was there at a moment: below each process its children. */

import type { HistoryEntry } from '@waggle/store';
import { durationText } from '@waggle/text';
import { cut } from '@waggle/text/columns';
import { isTerminal } from '../../terminal/is-terminal.ts';
import { palette } from '../../terminal/text.ts';
import { commandOf, outcomeOf, userName } from './table.ts';

type Process = Extract<HistoryEntry, { readonly event: 'process' }>;

const STDOUT = 1;
/** Deeper ones are drawn as deep as this: a chain of thousands would be gigabytes of lines. */
const DEEPEST = 50;

/** @param atNs the moment, in ns since 1970 */
export function treeText(processes: readonly Process[], atNs: bigint): string {
  const there = new Set(processes.map(({ id }) => id));
  const children = new Map<number, Process[]>();
  const roots: Process[] = [];
  for (const process of processes) {
    const above = process.parent;
    // Parents are older than their children, in this store as in life: no circles.
    if (above === null || !there.has(above) || above >= process.id) roots.push(process);
    else {
      const siblings = children.get(above);
      if (siblings === undefined) children.set(above, [process]);
      else siblings.push(process);
    }
  }
  const { dim } = palette(isTerminal(STDOUT));
  const room = isTerminal(STDOUT) ? process.stdout.columns : Number.POSITIVE_INFINITY;
  const lines: string[] = [];
  const open = roots.toReversed().map((process) => ({ process, branch: '', below: '' }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { process, branch, below } = next;
    const { pid, uid, startNs } = process;
    const command = commandOf(process);
    const facts = `${userName(uid)}, for ${durationText(atNs - startNs)}, ended: ${outcomeOf(process)}`;
    const text = cut(`${branch}${pid} ${command}`, Math.max(room - facts.length - 2, 20));
    lines.push(`${text}  ${dim(facts)}`);
    const under = children.get(process.id) ?? [];
    for (const [index, child] of under.toReversed().entries()) {
      const isLast = index === 0;
      open.push({
        process: child,
        branch: `${below}${isLast ? '└─ ' : '├─ '}`,
        below: below.length < 3 * DEEPEST ? `${below}${isLast ? '   ' : '│  '}` : below,
      });
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
