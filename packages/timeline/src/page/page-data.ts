/**
 * What the page's script gets: columns of numbers and tables of texts. Fifty thousand processes of a build are there in
 * less than a second. How they lie in bytes is in page-bytes.ts.
 */

/** As they were packed, or as they were read: where they lie in the bytes. */
export type Column = ArrayLike<number>;

/** Times are whole microseconds since the first event; -1 stands for what is not known, but for times. */
export interface PageData<Numbers extends Column = Column> {
  /** Milliseconds since the Unix epoch. */
  readonly beganAt: number;
  readonly duration: number;
  /** Names of programs. */
  readonly names: readonly string[];
  /** Paths, signals, errors, containers, variables. */
  readonly texts: readonly string[];
  /** Lists of arguments. */
  readonly commands: readonly (readonly string[])[];
  /** Lists of texts, by their indices: environments, standard files. */
  readonly lists: readonly (readonly number[])[];
  readonly processes: Columns<'processes', Numbers>;
  readonly images: Columns<'images', Numbers>;
  readonly failures: Columns<'failures', Numbers>;
}

export type Columns<Of extends keyof typeof COLUMNS, Numbers extends Column = Column> = {
  readonly [Name in (typeof COLUMNS)[Of][number]]: Numbers;
};

/** In the order in which they are written. */
export const COLUMNS = {
  /** One place in each for each process, parents before children. */
  processes: [
    'pid',
    /** By its place. */
    'parent',
    'name',
    'start',
    /** From `start` on. */
    'length',
    'lane',
    'uid',
    /** Index of a text. */
    'container',
    /** Of STATE. */
    'state',
    'exitCode',
    /** Index of a text. */
    'signal',
    'user',
    'system',
    /** Bytes. */
    'memory',
    'majorFaults',
    'readBytes',
    'writeBytes',
    /** On the critical path, without its children's. 0 for those that are not on it. */
    'critical',
  ],
  /** Execs, in the order of processes and of time. */
  images: [
    'process',
    'at',
    'name',
    'filename',
    'command',
    /** 1 where there were more arguments. */
    'isCut',
    'cwd',
    /** Index of a list. */
    'environ',
    /** The same of standard input, output and error. */
    'stdio',
  ],
  failures: ['process', 'at', 'error', 'filename', 'command'],
} as const;

export const TABLES = ['names', 'texts', 'commands', 'lists'] as const;

export const STATE = {
  ok: 0,
  failed: 1,
  killed: 2,
  /** It went on when the recording ended. */
  running: 3,
  /** It is only known as a parent. */
  context: 4,
} as const;

/** What stands above the bars. */
export interface PageAbout {
  readonly title: string;
  readonly facts: readonly PageFact[];
  /** There is no process to show. */
  readonly isEmpty: boolean;
}

export type PageFact = readonly [name: string, value: string, isBad?: boolean];
