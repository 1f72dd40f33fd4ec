/** What changed between two profiles. */

export { type ComparableProfiles, comparableProfiles } from './comparable.ts';
export type { Change, FunctionChange, ProfileDiff, StackChange, Totals } from './differences.ts';
export { diffProfiles } from './differences.ts';
export { encodeFoldedDiff } from './folded-diff.ts';
export { canTell, shareChange, standardErrors } from './significance.ts';
export { CANNOT_TELL, totalsText } from './totals-text.ts';
