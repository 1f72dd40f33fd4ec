// Turns what ffi throws into core's tagged errors, in one place.

import { LibraryError, SystemError, UnsupportedRuntime } from '@waggle/ffi';
import { explainMissing, missingCapabilities } from '../kernel/capabilities.ts';
import { explainLimit } from '../kernel/limits.ts';
import {
  BadCgroup,
  BadComposition,
  BadOption,
  CommandNotStarted,
  ForeignProcfs,
  KernelRefused,
  NativeUnavailable,
  NoSuchProcess,
  NotInComposition,
  NotPermitted,
  PluginNotStarted,
  SessionEnded,
  type WaggleError,
} from './errors.ts';

const TAGGED = [
  NotPermitted,
  NativeUnavailable,
  KernelRefused,
  ForeignProcfs,
  BadOption,
  NoSuchProcess,
  BadCgroup,
  CommandNotStarted,
  BadComposition,
  PluginNotStarted,
  NotInComposition,
  SessionEnded,
] as const;

/** @throws the cause itself when it is a bug and not a failure that we know. */
export function toWaggleError(cause: unknown): WaggleError {
  if (TAGGED.some((kind) => cause instanceof kind)) return cause as WaggleError;
  if (cause instanceof LibraryError || cause instanceof UnsupportedRuntime)
    return new NativeUnavailable({ message: cause.message, cause });
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
      message: `${cause.message}\n\`waggle doctor\` shows what this kernel allows.`,
      cause,
    });
  }
  throw cause;
}
