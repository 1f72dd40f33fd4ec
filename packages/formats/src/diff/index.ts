/** What changed between two profiles. */

export { type DiffFormat, type DiffPictureOptions, diffFormats } from './diff-formats.ts';
export type { Change, FunctionChange, ProfileDiff, StackChange } from './differences.ts';
export { diffProfiles } from './differences.ts';
export { encodeFoldedDiff } from './folded-diff.ts';
export { shareChange, standardErrors } from './significance.ts';
