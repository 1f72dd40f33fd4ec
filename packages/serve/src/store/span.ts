/**
 * A span of time, as the store is asked about it: from after one moment until and with another, in milliseconds
 * since 1970.
 */

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The part of a slice that lies in a span, from 0 to 1. */
function sharedPart(slice: Span, span: Span): number {
  const length = slice.to - slice.from;
  const shared = Math.min(slice.to, span.to) - Math.max(slice.from, span.from);
  if (length <= 0) return slice.to > span.from && slice.to <= span.to ? 1 : 0;
  return Math.max(0, shared / length);
}

/** Whether most of a slice lies in a span: a stack cannot be cut in two. */
export function isMostlyIn(slice: Span, span: Span): boolean {
  return sharedPart(slice, span) > 0.5;
}
