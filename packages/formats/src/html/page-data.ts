/** What the encoder leaves in the page for its script, as JSON in a script element of another type. */
import type { Totals } from '../diff/differences.ts';
import type { ValueUnit } from '../value-unit.ts';
import type { PackedTree } from './pack.ts';

/** Which of two compared profiles the boxes are sized by. */
export type Side = 'before' | 'after';

interface Themes {
  readonly light: readonly string[];
  readonly dark: readonly string[];
}

export interface PageData extends PackedTree {
  /** Colours of boxes, by `shadeOf`. */
  readonly palette: Themes;
  /** From the most shrunk to the most grown. */
  readonly changePalette: Themes;
  readonly matchColour: string;
  /** Colour of the labels on boxes. */
  readonly boxText: string;
  /** Of the tree's numbers. */
  readonly unit: ValueUnit;
  /** Root at the bottom when the page opens. */
  readonly isUpward: boolean;
  /** All of two profiles that are compared: the tree's own numbers are those after. */
  readonly compared?: Totals & { readonly sizeBy: Side };
}
