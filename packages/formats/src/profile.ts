/**
 * A CPU profile as plain data: what every output format reads. It holds no handle, no address and
 * no reference to a process, so it can be made by the profiler, by a parser or by hand in a test.
 */

/** Where a frame's code ran. `process` is the frame of the command itself, under its functions. */
export type FrameKind = 'process' | 'user' | 'kernel' | 'unresolved';

export interface ProfileFrame {
  /** Function or command name, any text: formats escape what they cannot hold. */
  readonly name: string;
  readonly kind: FrameKind;
  /** Path or name of the object file (executable, shared library, kernel module). */
  readonly object?: string;
  /** Source file of the place in the function, as its compiler was given it: any text. */
  readonly file?: string;
  /**
   * The place's line, from 1 on: of the instruction that ran in a leaf, of the call in a caller.
   * Absent when it is not known.
   */
  readonly line?: number;
  /**
   * The compiler put this function's code into that of the frame before it, its caller: both are at
   * one address, and no call was made. Absent in every other frame.
   */
  readonly inlined?: true;
}

export interface ProfileStack {
  /** Root first, leaf last. */
  readonly frames: readonly ProfileFrame[];
  /** Samples that had exactly this stack: a whole number, zero or more. */
  readonly count: number;
}

export interface ProfileMetadata {
  readonly host: string;
  /** The profiled command; absent for a system-wide profile. */
  readonly command?: string;
  readonly frequencyHz: number;
  readonly startTime: Date;
  readonly durationSeconds: number;
  readonly samples: number;
  readonly lostSamples: number;
}

export interface Profile {
  readonly stacks: readonly ProfileStack[];
  readonly metadata: ProfileMetadata;
}

/**
 * The sum of all counts.
 *
 * @throws RangeError when a count is negative, fractional or beyond 2^53: such a profile was put
 * together wrongly, and each format would show it wrongly in a different way.
 */
export function totalSamples(stacks: readonly ProfileStack[]): number {
  let total = 0;
  for (const { count } of stacks) {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new RangeError(`stack count must be a whole number of samples, got ${count}`);
    }
    total += count;
  }
  return total;
}
