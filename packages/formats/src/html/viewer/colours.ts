/**
 * What colour a box has: by its function's kind and name, or, where two profiles are compared, by
 * how its share changed.
 */

import type { Change, Totals } from '../../diff/differences.ts';
import { changeLevel, isChance, LEVELS, shareChange } from '../../diff/significance.ts';
import type { PageData, Side } from '../page-data.ts';
import type { Tree } from './trees.ts';

export type Comparison = ReturnType<typeof createComparison>;

export function createComparison(samples: Totals) {
  function changeOf(shown: number, other: number, side: Side): Change {
    return side === 'after' ? { before: other, after: shown } : { before: shown, after: other };
  }

  function nodeChange(tree: Tree, node: number, side: Side): Change {
    return changeOf(tree.total[node] as number, tree.otherTotal[node] as number, side);
  }

  /** The largest change of share that chance does not explain. */
  function largestChange(tree: Tree, side: Side): number {
    let largest = 0;
    for (let node = 1; node < tree.depth.length; node++) {
      const change = nodeChange(tree, node, side);
      const growth = Math.abs(shareChange(change, samples));
      if (growth > largest && !isChance(change, samples)) largest = growth;
    }
    return largest;
  }

  return { samples, changeOf, nodeChange, largestChange };
}

export type Colours = ReturnType<typeof createColours>;

export function createColours(data: PageData, comparison: Comparison | undefined) {
  let theme: 'light' | 'dark' = 'light';
  let largest = 0;

  return {
    setTheme(next: 'light' | 'dark'): void {
      theme = next;
    },
    setLargest(change: number): void {
      largest = change;
    },
    largest: () => largest,
    match: () => data.matchColour,
    boxText: () => data.boxText,
    of(tree: Tree, node: number, side: Side): string {
      const { palette, changePalette, shadeOf } = data;
      if (comparison === undefined) {
        return palette[theme][shadeOf[tree.symbol[node] as number] ?? 0] ?? '';
      }
      const { nodeChange, samples } = comparison;
      const level = changeLevel(nodeChange(tree, node, side), samples, largest);
      return changePalette[theme][LEVELS + level] ?? '';
    },
  };
}
