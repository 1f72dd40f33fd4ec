/**
 * What the page's script gets: columns of numbers and tables of texts, as JSON in gzip in base64. Fifty
 * thousand processes of a build are 2 MB so, and are there in less than a second.
 */

/** Times are whole microseconds since the first event; -1 stands for what is not known, but for times. */
export interface PageData {
  /** Milliseconds since the Unix epoch. */
  readonly beganAt: number;
  readonly duration: number;
  /** Names of programs. */
  readonly names: readonly string[];
  /** Paths, signals, errors, containers, variables. */
  readonly texts: readonly string[];
  /** Lists of arguments. */
  readonly commands: readonly (readonly string[])[];
  readonly processes: ProcessColumns;
  readonly images: ImageColumns;
  readonly failures: FailureColumns;
}

/** One place in each column for each process, parents before children. */
interface ProcessColumns {
  readonly pid: readonly number[];
  /** By its place. */
  readonly parent: readonly number[];
  readonly name: readonly number[];
  readonly start: readonly number[];
  /** From `start` on. */
  readonly length: readonly number[];
  readonly lane: readonly number[];
  readonly uid: readonly number[];
  /** Index of a text. */
  readonly container: readonly number[];
  /** Of STATE. */
  readonly state: readonly number[];
  readonly exitCode: readonly number[];
  /** Index of a text. */
  readonly signal: readonly number[];
  readonly user: readonly number[];
  readonly system: readonly number[];
  /** Bytes. */
  readonly memory: readonly number[];
  readonly majorFaults: readonly number[];
  readonly readBytes: readonly number[];
  readonly writeBytes: readonly number[];
  /** On the critical path, without its children's. 0 for those that are not on it. */
  readonly critical: readonly number[];
}

/** Execs, in the order of processes and of time. */
export interface ImageColumns {
  readonly process: readonly number[];
  readonly at: readonly number[];
  readonly name: readonly number[];
  readonly filename: readonly number[];
  readonly command: readonly number[];
  /** 1 where there were more arguments. */
  readonly isCut: readonly number[];
  readonly cwd: readonly number[];
  /** Indices of texts; null where it was not recorded. */
  readonly environ: readonly (readonly number[] | null)[];
  /** The same of standard input, output and error. */
  readonly stdio: readonly (readonly number[] | null)[];
}

export interface FailureColumns {
  readonly process: readonly number[];
  readonly at: readonly number[];
  readonly error: readonly number[];
  readonly filename: readonly number[];
  readonly command: readonly number[];
}

export const STATE = {
  ok: 0,
  failed: 1,
  killed: 2,
  /** It went on when the recording ended. */
  running: 3,
  /** It is only known as a parent. */
  context: 4,
} as const;
