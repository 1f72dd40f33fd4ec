/** A shared library that cannot be used. */

/** `code` LIBRARY_NOT_FOUND: no candidate loads, or the one that loads lacks a symbol. */
export class LibraryError extends Error {
  override readonly name = 'LibraryError';
  readonly code = 'LIBRARY_NOT_FOUND';

  constructor(
    readonly libraries: readonly string[],
    readonly failures: readonly string[],
  ) {
    super(
      `${libraries.join(', ')} could not be loaded: ${failures.length > 0 ? failures.join('; ') : 'it is in none of the folders of this system'}. ` +
        'Install libbpf 1.x (Debian and Ubuntu: apt-get install libbpf1; Fedora: dnf install libbpf).',
    );
  }
}
