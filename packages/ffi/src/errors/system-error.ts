/**
 * A failed system or libbpf call, with the errno name as its code. libbpf 1.x returns -errno
 * or sets errno (libbpf's LIBBPF_STRICT_ALL mode), so one class serves both.
 */

import { linuxErrnoName } from './errno-names.ts';

/** libbpf's own codes start at 4000: enum libbpf_errno in bpf/libbpf.h. */
const LIBBPF_NAMES: Readonly<Record<number, string>> = {
  4000: 'LIBBPF_LIBELF',
  4001: 'LIBBPF_FORMAT',
  4002: 'LIBBPF_KVERSION',
  4003: 'LIBBPF_ENDIAN',
  4004: 'LIBBPF_INTERNAL',
  4005: 'LIBBPF_RELOC',
  4006: 'LIBBPF_LOAD',
  4007: 'LIBBPF_VERIFY',
  4008: 'LIBBPF_PROG2BIG',
  4009: 'LIBBPF_KVER',
  4010: 'LIBBPF_PROGTYPE',
};

/** The symbolic name of an errno value, e.g. 1 → EPERM. */
export function errnoName(errno: number): string {
  return linuxErrnoName(errno) ?? LIBBPF_NAMES[errno] ?? `ERRNO_${errno}`;
}

/**
 * `code` is the errno's name (EPERM, ENOENT, ...). `log` holds what libbpf and the kernel's
 * verifier said during the call, empty when they said nothing; `message` ends with its last
 * lines.
 */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  readonly code: string;

  constructor(
    readonly operation: string,
    readonly errno: number,
    readonly log: string = '',
  ) {
    const lines = log.trimEnd().split('\n').slice(-6).join('\n');
    super(`${operation}: ${errnoName(errno)}${lines === '' ? '' : `\n${lines}`}`);
    this.code = errnoName(errno);
  }
}

/** Use of a handle after it was closed. `code` CLOSED. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
  readonly code = 'CLOSED';

  constructor(readonly handle: string) {
    super(`${handle} was used after it was closed`);
  }
}
