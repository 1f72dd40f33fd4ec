// What is fuzzed: one parser, with the inputs that it starts from and the errors that it may end in.

export interface FuzzTarget {
  /** As `--target` has it; the files of its corpus are in the folder corpus/NAME. */
  readonly name: string;
  /**
   * Gives the input to the parser and asks it everything that its users would.
   *
   * @throws only what `refuses` knows
   */
  run(input: Uint8Array, random: Random): void;
  /** Whether the error is one that the parser documents. */
  refuses(error: unknown): boolean;
  /** In place of the general damage. */
  readonly mutate?: (seed: Uint8Array, random: Random) => Uint8Array;
  /** For an input that runs a program or reads a file. Default: 2,000 ms, ten times more where the machine is busy. */
  readonly slowMs?: number;
}

/** From 0 to below 1. */
export type Random = () => number;

/** The errors of these classes. */
export const errorsOf =
  (...classes: readonly (new (...args: never[]) => Error)[]) =>
  (error: unknown): boolean =>
    classes.some((each) => error instanceof each);

/** A parser that takes anything. */
export const never = (): boolean => false;
