/** A shared library that cannot be used. */

/** `code` LIBRARY_NOT_FOUND: it is not there, is not to be trusted, or does not load. */
export class LibraryError extends Error {
  override readonly name = 'LibraryError';
  readonly code = 'LIBRARY_NOT_FOUND';

  constructor(
    readonly library: string,
    readonly failures: readonly string[],
  ) {
    super(
      `${library} could not be loaded: ${failures.join('; ')}. In a clone of waggle, ./scripts/setup builds it; ` +
        'elsewhere it comes with @waggle/ffi as an optional package: install that again, without leaving those out.',
    );
  }
}
