/**
 * OpenTelemetry's profiles signal: a request as a file that any OTLP receiver takes as it is, and a
 * sender that delivers it. The signal is still called "v1development", and receivers have to be of the
 * same age; schema.test.ts says of which.
 */
import type { OutputFormat } from '../format.ts';
import { encodeOtlp } from './encode.ts';
import { parseOtlp } from './parse.ts';

export type { OtlpAttemptOptions, OtlpOutcome } from './attempt.ts';
export { attemptOtlp } from './attempt.ts';
export type { OtlpOptions } from './encode.ts';
export { encodeOtlp } from './encode.ts';
export type { OtlpExportOptions, OtlpExportResult } from './export.ts';
export { exportOtlp } from './export.ts';
export { OtlpExportError } from './export-error.ts';
export type { DraftOf, MessageField, MessageOf, MessageSchema } from './message.ts';
export { MessageCodec } from './message-codec.ts';
export { OtlpSyntaxError, parseOtlp } from './parse.ts';
export { otlpAddress, otlpRetryDelay } from './retry.ts';
export { logAndMetricMessages } from './schema.ts';

export const otlpFormat: OutputFormat = {
  name: 'otlp',
  extensions: ['.otlp'],
  mediaType: 'application/x-protobuf',
  signed: true,
  allValues: true,
  labels: true,
  // Not the function itself: its options are not the caller's of a format to give.
  encode: (profile) => encodeOtlp(profile),
  parse: parseOtlp,
};
