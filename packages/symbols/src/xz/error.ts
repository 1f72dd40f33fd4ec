/**
 * The one error that compressed bytes can cause: they are damaged, need what is not supported, or
 * would grow beyond the limit that the caller set.
 */
export type XzErrorCode = 'damaged' | 'unsupported' | 'too-large';

export class XzError extends Error {
  override readonly name = 'XzError';
  readonly code: XzErrorCode;

  constructor(code: XzErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
