/** Why a frame has no name, for who has to tell a person. */

import type { ProfileFrame } from '@waggle/formats';
import type { NoContent } from '../mappings/object-file.ts';
import type { RuntimeName } from '../mappings/runtimes.ts';

/**
 * Why an object was not read, or not to its end: it would have cost more than an object may, naming was ended
 * before, or its file system did not answer.
 */
export type LeftOut = 'too-large' | 'unfinished' | 'unanswered';

/**
 * `too-large`: its symbol tables are more than is read of one object; `unfinished`: naming was ended
 * before it was read; `unanswered`: its file system did not answer; `no-symbols`: its file says nothing about that address; `no-perf-map`: generated code of a process
 * that writes none; `not-in-perf-map`: of one that does, but not about that address; `not-yet-in-jitdump`: of
 * one that has a jitdump and still runs: it writes what it has in its buffer later; `no-file`: other memory
 * without a file; `no-code-name`: an interpreted function whose name had no room on its way; `unmapped`: nothing was mapped there, as far as the kernel told us.
 */
export type UnnamedReason =
  | NoContent
  | LeftOut
  | 'no-symbols'
  | 'no-perf-map'
  | 'not-in-perf-map'
  | 'not-yet-in-jitdump'
  | 'no-file'
  | 'no-code-name'
  | 'unmapped';

/** A frame of a profile that knows why it has no name. */
export interface UnresolvedFrame extends ProfileFrame {
  readonly kind: 'unresolved';
  readonly reason: UnnamedReason;
  /** Of generated code: what has generated it, where that is known. */
  readonly runtime?: RuntimeName | undefined;
}

/** undefined for a frame that has a name, or comes from elsewhere. */
export function unnamedReason(frame: ProfileFrame | UnresolvedFrame): UnnamedReason | undefined {
  return 'reason' in frame ? frame.reason : undefined;
}

/** undefined for a frame that has a name, and where it is not known. */
export function runtimeOfFrame(frame: ProfileFrame | UnresolvedFrame): RuntimeName | undefined {
  return 'runtime' in frame ? frame.runtime : undefined;
}
