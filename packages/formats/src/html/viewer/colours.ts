/**
 * What colour a box has: by its function's kind and name, or, where two profiles are compared, by
 * how its share changed. As in ../../svg/viewer/geometry.ts, the page's script is this function's
 * source text: nothing in it refers to anything outside it but types.
 */
import type { Change, Totals } from '../../diff/differences.ts';
import type { Significance } from '../../diff/significance.ts';
import type { PageData } from '../page-data.ts';
import type { Tree } from './trees.ts';

/** Which of two compared profiles the boxes are sized by. */
export type Side = 'before' | 'after';

export type Comparison = ReturnType<typeof createComparison>;

export function createComparison(samples: Totals, significance: Significance) {
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
      const growth = Math.abs(significance.shareChange(change, samples));
      if (growth > largest && !significance.isChance(change, samples)) largest = growth;
    }
    return largest;
  }

  return { samples, changeOf, nodeChange, largestChange };
}

export type Colours = ReturnType<typeof createColours>;

export function createColours(
  data: PageData,
  significance: Significance,
  comparison: Comparison | undefined,
) {
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
      const level = significance.level(nodeChange(tree, node, side), samples, largest);
      return changePalette[theme][significance.LEVELS + level] ?? '';
    },
  };
}
