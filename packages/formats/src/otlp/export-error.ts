/** Why a profile did not reach its receiver. */

export type OtlpExportCode =
  /** The receiver answered, and would answer the same again. */
  | 'OTLP_REFUSED'
  /** The receiver answered each time that it cannot take it now. */
  | 'OTLP_UNAVAILABLE'
  /** There was no answer: no connection, or not in time. */
  | 'OTLP_UNREACHABLE';

export class OtlpExportError extends Error {
  override readonly name = 'OtlpExportError';
  readonly code: OtlpExportCode;
  /** Of the last answer, where there was one. */
  readonly status: number | undefined;

  constructor(
    code: OtlpExportCode,
    message: string,
    { status, cause }: { status?: number; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.status = status;
  }
}
