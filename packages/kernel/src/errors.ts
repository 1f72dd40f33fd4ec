/**
 * What can be wrong with what a session asks of the kernel, beside the kernel's own refusals, which are
 * SystemError of @waggle/ffi.
 */

/** A cgroup cannot be followed: `path` is as it was given. `code` BAD_CGROUP. */
export class CgroupError extends Error {
  override readonly name = 'CgroupError';
  readonly code = 'BAD_CGROUP';

  constructor(
    readonly path: string,
    message: string,
  ) {
    super(message);
  }
}

/** /proc is not of the PID namespace that this process runs in: no pid means the same in both. `code` FOREIGN_PROCFS. */
export class ForeignProcfsError extends Error {
  override readonly name = 'ForeignProcfsError';
  readonly code = 'FOREIGN_PROCFS';
}
