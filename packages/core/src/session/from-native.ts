/** Turns what ffi and kernel throw into core's tagged errors, in one place. */

import {
  explainMissing,
  hasSeccompFilter,
  LibraryError,
  missingCapabilities,
  SystemError,
  UnsupportedRuntime,
} from '@waggle/ffi';
import { CgroupError, ForeignProcfsError } from '@waggle/kernel';
import {
  BadCgroup,
  BadOption,
  CommandNotStarted,
  ForeignProcfs,
  InvalidPluginGraph,
  KernelRefused,
  NativeUnavailable,
  NoSuchProcess,
  NotPermitted,
  PluginMissing,
  PluginNotStarted,
  SessionEnded,
  type WaggleError,
} from '../errors/errors.ts';
import { explainLimit } from '../limits/process-limits.ts';

const TAGGED = [
  NotPermitted,
  NativeUnavailable,
  KernelRefused,
  ForeignProcfs,
  BadOption,
  NoSuchProcess,
  BadCgroup,
  CommandNotStarted,
  InvalidPluginGraph,
  PluginNotStarted,
  PluginMissing,
  SessionEnded,
] as const;

/** @throws unknown: the cause itself when it is a bug and not a failure that we know */
export function toWaggleError(cause: unknown): WaggleError {
  if (TAGGED.some((kind) => cause instanceof kind)) return cause as WaggleError;
  if (cause instanceof LibraryError || cause instanceof UnsupportedRuntime)
    return new NativeUnavailable({ message: cause.message, cause });
  if (cause instanceof ForeignProcfsError) return new ForeignProcfs({ message: cause.message });
  if (cause instanceof CgroupError)
    return new BadCgroup({ path: cause.path, message: cause.message });
  if (cause instanceof SystemError) {
    const limit = explainLimit(cause);
    if (limit !== undefined)
      return new KernelRefused({
        code: cause.code,
        log: cause.log,
        message: `${cause.operation}: ${cause.code}; ${limit}`,
        cause,
      });
    const missing = missingCapabilities();
    if ((cause.code === 'EPERM' || cause.code === 'EACCES') && missing.length > 0)
      return new NotPermitted({ missing, message: explainMissing(missing) });
    return new KernelRefused({
      code: cause.code,
      log: cause.log,
      message: `${cause.message}\n${adviceOn(cause)}`,
      cause,
    });
  }
  throw cause;
}

/** What a filter refuses is EPERM as a rule, and ENOSYS where the kernel shall look older than it is. */
function adviceOn({ code }: SystemError): string {
  const doctor = '`waggle doctor` shows what this kernel allows.';
  if ((code !== 'EPERM' && code !== 'ENOSYS') || !hasSeccompFilter()) return doctor;
  return (
    `This process runs under a seccomp filter, which may be what refuses that: run waggle outside of it\n` +
    `(docker and podman: --security-opt seccomp=unconfined; systemd: SystemCallFilter=). ${doctor}`
  );
}
