/**
 * A span of time, as the store is asked about it: from after one moment until and with another, in milliseconds
 * since 1970.
 */

export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Whether most of a slice lies in a span, or most of the span in the slice where that is longer: a stack cannot be cut in
 * two, and what is old is kept in slices that may be longer than what is asked for.
 */
export function isMostlyIn(slice: Span, span: Span): boolean {
  const [length, asked] = [slice.to - slice.from, span.to - span.from];
  if (length <= 0) return slice.to > span.from && slice.to <= span.to;
  const shared = Math.min(slice.to, span.to) - Math.max(slice.from, span.from);
  return shared > Math.min(length, asked) / 2;
}
