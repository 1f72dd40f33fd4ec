/**
 * The functions of a profile in an order that the reader chose.
 */

import { shareChange } from '../../diff/significance.ts';
import type { PageData, Side } from '../page-data.ts';
import type { Comparison } from './colours.ts';
import type { FunctionSamples } from './trees.ts';

/** A column of the table, by what it shows. */
export type SortKey = 'self' | 'selfChange' | 'total' | 'totalChange' | 'name';
/** `size` is largest first whatever the sign. */
type SortOrder = 'size' | 'descending' | 'ascending';

export type FunctionRows = ReturnType<typeof createFunctionRows>;

export function createFunctionRows(
  data: Pick<PageData, 'names'>,
  comparison: Comparison | undefined,
) {
  let [key, order]: [SortKey, SortOrder] =
    comparison === undefined ? ['self', 'descending'] : ['selfChange', 'size'];

  function changesOf(samples: FunctionSamples, symbol: number, side: Side) {
    const [self = 0, otherSelf = 0] = [samples.self[symbol], samples.otherSelf[symbol]];
    const [total = 0, otherTotal = 0] = [samples.total[symbol], samples.otherTotal[symbol]];
    return comparison === undefined
      ? { self: { before: 0, after: self }, total: { before: 0, after: total } }
      : {
          self: comparison.changeOf(self, otherSelf, side),
          total: comparison.changeOf(total, otherTotal, side),
        };
  }

  function sortValue(samples: FunctionSamples, symbol: number, side: Side): number {
    const changes = changesOf(samples, symbol, side);
    const change = key === 'self' || key === 'selfChange' ? changes.self : changes.total;
    if (key === 'self' || key === 'total' || comparison === undefined) return change.after;
    const growth = shareChange(change, comparison.samples);
    return order === 'size' ? Math.abs(growth) : growth;
  }

  return {
    changesOf,
    key: () => key,
    order: () => order,

    /** As a click on a column's head does: it first, then the other way round. */
    sortBy(next: SortKey): void {
      const orders: Record<SortKey, readonly SortOrder[]> = {
        self: ['descending', 'ascending'],
        total: ['descending', 'ascending'],
        name: ['ascending', 'descending'],
        selfChange: ['size', 'descending', 'ascending'],
        totalChange: ['size', 'descending', 'ascending'],
      };
      const choices = orders[next];
      const place = next === key ? choices.indexOf(order) + 1 : 0;
      [key, order] = [next, choices[place % choices.length] as SortOrder];
    },

    /** Symbols that have samples, and of them those that match. @param names of the data that the samples are of */
    rows(
      samples: FunctionSamples,
      matched: Uint8Array | undefined,
      side: Side,
      names: readonly string[] = data.names,
    ): Int32Array {
      const found: number[] = [];
      for (let symbol = 1; symbol < names.length; symbol++) {
        const all = (samples.total[symbol] as number) + (samples.otherTotal[symbol] as number);
        if (all > 0 && (matched === undefined || matched[symbol] === 1)) found.push(symbol);
      }
      const turn = order === 'ascending' ? 1 : -1;
      const byName = (a: number, b: number): number => {
        const [left = '', right = ''] = [names[a], names[b]];
        return left < right ? -1 : left > right ? 1 : a - b;
      };
      if (key === 'name') return Int32Array.from(found.sort((a, b) => turn * byName(a, b)));
      const values = new Float64Array(names.length);
      for (const symbol of found) values[symbol] = sortValue(samples, symbol, side);
      const value = (symbol: number): number => values[symbol] as number;
      return Int32Array.from(found.sort((a, b) => turn * (value(a) - value(b)) || byName(a, b)));
    },
  };
}
