/**
 * Profile output formats: from plain data to the bytes of a file. Nothing here reads a file, a
 * clock or the environment, and nothing depends on the rest of waggle.
 */

import { type DiffFormat, diffFormats } from './diff-formats.ts';
import { firefoxFormat } from './firefox/index.ts';
import { foldedFormat } from './folded/index.ts';
import { type OutputFormat, selectFormat } from './format.ts';
import { htmlFormat } from './html/index.ts';
import { otlpFormat } from './otlp/index.ts';
import { pprofFormat } from './pprof/index.ts';
import { speedscopeFormat } from './speedscope/index.ts';
import { svgFormat } from './svg/index.ts';

export type {
  Change,
  ComparableProfiles,
  FunctionChange,
  ProfileDiff,
  StackChange,
  Totals,
} from './diff/index.ts';
export {
  CANNOT_TELL,
  canTell,
  comparableProfiles,
  diffProfiles,
  encodeFoldedDiff,
  shareChange,
  standardErrors,
  totalsText,
} from './diff/index.ts';
export { type DiffFormat, diffFormats } from './diff-formats.ts';
export {
  encodeFirefox,
  FirefoxSyntaxError,
  firefoxFormat,
  parseFirefox,
} from './firefox/index.ts';
export type { DiffPictureOptions } from './flame-graph/diff-picture-options.ts';
export type { FoldedProfile } from './folded/index.ts';
export { encodeFolded, FoldedSyntaxError, foldedFormat, parseFolded } from './folded/index.ts';
export type { OutputFormat, ParsedProfile } from './format.ts';
export { withValue } from './format.ts';
export type { HtmlOptions } from './html/index.ts';
export {
  createHtmlFormat,
  encodeHtml,
  encodeHtmlDiff,
  encodeHtmlUpdate,
  htmlFormat,
} from './html/index.ts';
export { parseProfile, UnknownProfileError } from './input/index.ts';
export { withoutTier, withoutTiers } from './jit-tiers.ts';
export { ProfileTooLargeError } from './memory-budget.ts';
export { codeKey, type MergeOptions, mergedStacks } from './merged-stacks.ts';
export type {
  DraftOf,
  MessageField,
  MessageOf,
  MessageSchema,
  OtlpAttemptOptions,
  OtlpExportOptions,
  OtlpExportResult,
  OtlpOptions,
  OtlpOutcome,
} from './otlp/index.ts';
export {
  attemptOtlp,
  encodeOtlp,
  exportOtlp,
  logAndMetricMessages,
  MessageCodec,
  OtlpExportError,
  OtlpSyntaxError,
  otlpAddress,
  otlpFormat,
  otlpRetryDelay,
  parseOtlp,
} from './otlp/index.ts';
export { encodePprof, PprofSyntaxError, parsePprof, pprofFormat } from './pprof/index.ts';
export type {
  FrameKind,
  Profile,
  ProfileFrame,
  ProfileLabels,
  ProfileMapping,
  ProfileMetadata,
  ProfileStack,
  ProfileValues,
  ValueType,
} from './profile.ts';
export {
  encodeSpeedscope,
  parseSpeedscope,
  SpeedscopeSyntaxError,
  speedscopeFormat,
} from './speedscope/index.ts';
export type { SvgOptions } from './svg/index.ts';
export { createSvgFormat, encodeSvg, encodeSvgDiff, svgFormat } from './svg/index.ts';
export { findValue, sampleCount, shownType, showValue, valueTypesOf } from './values.ts';

/** Every format of this package, each with its default options. */
export const formats: readonly OutputFormat[] = [
  foldedFormat,
  svgFormat,
  htmlFormat,
  pprofFormat,
  speedscopeFormat,
  firefoxFormat,
  otlpFormat,
];

/** The format for a file name, by its longest known extension; `undefined` when there is none. */
export function formatForPath(path: string): OutputFormat | undefined {
  return selectFormat(formats, path);
}

/** The format of a difference for a file name, as `formatForPath`. */
export function diffFormatForPath(path: string): DiffFormat | undefined {
  return selectFormat(diffFormats, path);
}
