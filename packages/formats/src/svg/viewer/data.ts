/**
 * What the encoder leaves in the SVG for its script: JSON in a `<metadata>` element. Names stand in
 * tables, once each, and boxes refer to them by index.
 */
import type { ValueUnit } from '../../value-unit.ts';
import type { EncodedRows } from './geometry.ts';

export interface FlameData {
  /** [name, kind, index into objects or -1]. */
  readonly symbols: readonly (readonly [name: string, kind: string, object: number])[];
  readonly objects: readonly string[];
  readonly rows: EncodedRows;
  /** Of the counts in `rows`. */
  readonly unit: ValueUnit;
  /** Where in the source boxes are: `of` has an index into `texts` or -1, box by box in row order. */
  readonly places?: { readonly texts: readonly string[]; readonly of: readonly number[] };
  /** All in px. */
  readonly layout: FlameMetrics;
  /** Where two profiles are compared. */
  readonly compared?: FlameComparison;
}

export interface FlameComparison {
  /** All samples of each, or what the profiles measure. */
  readonly before: number;
  readonly after: number;
  /** See Totals in ../../diff/differences.ts. */
  readonly taken?: { readonly before: number; readonly after: number } | null;
  /** The profile that the boxes' counts are of. */
  readonly shown: 'before' | 'after';
  /** Samples in the other profile, box by box in row order. */
  readonly others: readonly number[];
}

export interface FlameMetrics {
  /** Left and right of the boxes, and below them. */
  readonly margin: number;
  /** Title, subtitle and legend. */
  readonly header: number;
  /** From one row to the next. */
  readonly row: number;
  /** Baseline of a label below the top of its row. */
  readonly baseline: number;
  /** Expected width of a character of a label. */
  readonly charWidth: number;
  /** What stands below the boxes. */
  readonly footer: number;
}
