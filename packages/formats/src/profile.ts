/**
 * A profile as plain data: what every output format reads. It holds no handle and no reference to a
 * process, so it can be made by the profiler, by a parser or by hand in a test.
 */

/** Where a frame's code ran. `process` is the frame of the command itself, under its functions. */
export type FrameKind = 'process' | 'user' | 'kernel' | 'unresolved';

/** A part of an object as it is laid out in memory, in the addresses that its frames have. */
export interface ProfileMapping {
  /** The first address. */
  readonly start: bigint;
  /** Behind the last address. */
  readonly limit: bigint;
  /** Of the byte at `start`, in the object's file. */
  readonly fileOffset: bigint;
  /** The GNU build-id in hex. */
  readonly buildId?: string | undefined;
}

export interface ProfileFrame {
  /** Function or command name, any text: formats escape what they cannot hold. */
  readonly name: string;
  readonly kind: FrameKind;
  /** Path or name of the object file (executable, shared library, kernel module). */
  readonly object?: string | undefined;
  /** Source file of the place in the function, as its compiler was given it: any text. */
  readonly file?: string | undefined;
  /**
   * The place's line, from 1 on: of the instruction that ran in a leaf, of the call in a caller.
   * Absent when it is not known.
   */
  readonly line?: number | undefined;
  /**
   * The compiler put this function's code into that of the frame before it, its caller: both are at
   * one address, and no call was made. Absent in every other frame.
   */
  readonly inlined?: true | undefined;
  /**
   * Of the instruction, or in a caller, of a byte in its call: in the range of `mapping`, or without
   * one as the CPU had it. Says nothing about what the frame is: formats that have no addresses sum
   * over them. Absent where it is not known, and in inlined frames, which are at their caller's.
   */
  readonly address?: bigint | undefined;
  /** Where the object, at `address`, was mapped. */
  readonly mapping?: ProfileMapping | undefined;
}

/**
 * What is said of a stack beside its frames: texts, and whole numbers. `pid`, `tid`, `cpu` (numbers), `comm`,
 * `thread`, `container` and `cgroup` are the profiler's, others are whose they are. Formats without room for
 * them sum over them.
 */
export type ProfileLabels = Readonly<Record<string, string | number>>;

export interface ProfileStack {
  /** Root first, leaf last. */
  readonly frames: readonly ProfileFrame[];
  /**
   * Samples that had exactly this stack: a whole number, zero or more. In a profile that has `values`
   * it is the one that is shown, in that one's unit, and negative where two profiles were subtracted.
   */
  readonly count: number;
  /** All values of this stack, in the order of the profile's `values.types`; whole numbers. */
  readonly values?: readonly number[] | undefined;
  /** Stacks that differ in them are two. */
  readonly labels?: ProfileLabels | undefined;
}

/** What a value is, as pprof says it: `samples` in `count`, `cpu` in `nanoseconds`. */
export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

/** What a profile counts, where that is not samples alone. */
export interface ProfileValues {
  /** One at least. */
  readonly types: readonly ValueType[];
  /** Index of the default: the one that `count` is. */
  readonly shown: number;
  /** How much of what lies between two samples, on the average: 0 where that is not known. */
  readonly period?: (ValueType & { readonly value: number }) | undefined;
}

export interface ProfileMetadata {
  readonly host: string;
  /** The profiled command; absent where it was something else. */
  readonly command?: string | undefined;
  /** What else was profiled, in words: `process 1234`. Absent for a whole host. */
  readonly target?: string | undefined;
  /** The object of the program that the profile is of; absent where nobody said. */
  readonly mainObject?: string | undefined;
  readonly frequencyHz: number;
  readonly startTime: Date;
  readonly durationSeconds: number;
  /** Samples taken: 0 where a file says nothing by which it could be known. */
  readonly samples: number;
  /** Samples that were taken and are not among the stacks. */
  readonly lostSamples: number;
}

export interface Profile {
  readonly stacks: readonly ProfileStack[];
  readonly metadata: ProfileMetadata;
  /** Absent where stacks have nothing but samples. */
  readonly values?: ProfileValues | undefined;
}

/**
 * The sum of all counts.
 *
 * @throws RangeError when a count is negative, fractional or beyond 2^53: such a profile was put
 * together wrongly, or two were subtracted, and each format would show it wrongly in a different way.
 */
export function totalSamples(stacks: readonly ProfileStack[]): number {
  let total = 0;
  for (const { count, frames } of stacks) {
    if (!Number.isSafeInteger(count)) {
      throw new RangeError(`stack count must be a whole number of samples, got ${count}`);
    }
    if (count < 0) {
      const where = frames.at(-1)?.name.toWellFormed() ?? '';
      throw new RangeError(
        `a stack that ends in ${JSON.stringify(where)} counts ${count}, as where profiles were ` +
          'subtracted: only pprof and OTLP have room for it',
      );
    }
    total += count;
  }
  return total;
}
