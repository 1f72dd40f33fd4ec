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
  /** Where threads were, of a recording of time off the CPU: the symbol that says so, -1 for those that ran. */
  readonly states?: readonly { readonly name: string; readonly symbol: number }[];
  /** Root at the bottom when the page opens. */
  readonly isUpward: boolean;
  /** All of two profiles that are compared: the tree's own numbers are those after. */
  readonly compared?: (Totals & { readonly sizeBy: Side }) | undefined;
}

/** Something known of a profile. `className` marks it in the style sheet. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly className?: string;
}

/** What a page in a frame is brought up to date with: the same profile, some moments later. */
export interface PageUpdate {
  readonly facts: readonly Fact[];
  /** Of the legend. */
  readonly shares: readonly { readonly kind: string; readonly share: string }[];
  /** `undefined` without samples. */
  readonly data?: PageData | undefined;
}
