// A shared library that cannot be used.

/** `code` LIBRARY_NOT_FOUND: no candidate loads, or the one that loads lacks a symbol. */
export class LibraryError extends Error {
  override readonly name = 'LibraryError';
  readonly code = 'LIBRARY_NOT_FOUND';

  constructor(
    readonly libraries: readonly string[],
    readonly failures: readonly string[],
  ) {
    super(
      `none of ${libraries.join(', ')} could be loaded: ${failures.join('; ')}. ` +
        'Install libbpf 1.x (Debian and Ubuntu: apt-get install libbpf1; Fedora: dnf install libbpf).',
    );
  }
}
