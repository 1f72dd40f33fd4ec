/**
 * Everything that can go wrong in core, as tagged errors. `message` is written for the person
 * who runs the program: what happened, why, what to do next.
 */

import * as Data from 'effect/Data';

/** The process lacks capabilities. `missing` names them as capabilities(7) does. */
export class NotPermitted extends Data.TaggedError('NotPermitted')<{
  readonly missing: readonly string[];
  readonly message: string;
}> {}

/** libbpf or an FFI is not there. */
export class NativeUnavailable extends Data.TaggedError('NativeUnavailable')<{
  readonly message: string;
  readonly cause: unknown;
}> {}

/** The kernel refused something that it should be able to do. `log` is the verifier's. */
export class KernelRefused extends Data.TaggedError('KernelRefused')<{
  readonly code: string;
  readonly log: string;
  readonly message: string;
  readonly cause: unknown;
}> {}

/** /proc is not of the PID namespace that this process runs in: no pid means the same in both. */
export class ForeignProcfs extends Data.TaggedError('ForeignProcfs')<{
  readonly message: string;
}> {}

/** An option of a session or a plugin has a value that it cannot have. */
export class BadOption extends Data.TaggedError('BadOption')<{
  readonly option: string;
  readonly message: string;
}> {}

/** A pid that was asked for is not running. */
export class NoSuchProcess extends Data.TaggedError('NoSuchProcess')<{
  readonly pid: number;
  readonly message: string;
}> {}

/** A cgroup that was asked for cannot be filtered by. */
export class BadCgroup extends Data.TaggedError('BadCgroup')<{
  readonly path: string;
  readonly message: string;
}> {}

/** The command could not be started. `exitCode` is 127 (not found) or 126, as of env(1). */
export class CommandNotStarted extends Data.TaggedError('CommandNotStarted')<{
  readonly command: string;
  readonly exitCode: 126 | 127;
  readonly message: string;
}> {}

/** Plugins that do not go together. `plugins` names them. */
export class InvalidPluginGraph extends Data.TaggedError('InvalidPluginGraph')<{
  readonly plugins: readonly string[];
  readonly message: string;
}> {}

/** A plugin's set-up failed; the session did not start. */
export class PluginNotStarted extends Data.TaggedError('PluginNotStarted')<{
  readonly plugin: string;
  readonly message: string;
  readonly cause: unknown;
}> {}

/** What was asked of a session needs a plugin that it was not given. */
export class PluginMissing extends Data.TaggedError('PluginMissing')<{
  readonly service: string;
  readonly message: string;
}> {}

/** The session, or the agent, has ended: what was asked of it needs its programs in the kernel. */
export class SessionEnded extends Data.TaggedError('SessionEnded')<{
  /** The method that was called. */
  readonly operation: string;
  readonly message: string;
}> {}

export type WaggleError =
  | NotPermitted
  | NativeUnavailable
  | KernelRefused
  | ForeignProcfs
  | BadOption
  | NoSuchProcess
  | BadCgroup
  | CommandNotStarted
  | InvalidPluginGraph
  | PluginNotStarted
  | PluginMissing
  | SessionEnded;
