/**
 * One program image of one process, and what is known about it. A field is read when it is first
 * asked for, and is `undefined` if it could not be had from this very image (see FieldReader). So
 * an entry that is kept for long may answer less, and never about someone else.
 */
import { describeEntry, type RevealOptions } from './entry-description.ts';
import type { Environ } from './environ.ts';
import type { FieldReader, LastingReason } from './field-reader.ts';
import {
  checkedFields,
  FIELD_NAMES,
  type FieldName,
  type FieldValues,
  SOURCE_OF,
} from './fields.ts';
import { formatIdentity, type KnownIdentity } from './identity.ts';
import { denoInspect, type InspectFunction, nodeInspect } from './inspect.ts';
import type { ProcessUsage } from './usage.ts';

/** What the cache may do with an entry, and its users may not. */
interface EntryControl {
  create(reader: FieldReader, loadedAt: number): ProcessEntry;
  readerOf(entry: ProcessEntry): FieldReader;
  markExited(entry: ProcessEntry, at: number, usage: ProcessUsage | undefined): void;
}

let control: EntryControl;

/**
 * Pids, uids and inode numbers are those of the namespaces that the cache's /proc is mounted for.
 *
 * @throws `ProcfsError` with the code `no-procfs`, each getter of a field that is not read yet: /proc is not
 *   there. A field that may not or cannot be read is `undefined`.
 */
export class ProcessEntry {
  readonly #reader: FieldReader;
  readonly #loadedAt: number;
  #exitedAt: number | undefined;
  #usage: ProcessUsage | undefined;

  private constructor(reader: FieldReader, loadedAt: number) {
    this.#reader = reader;
    this.#loadedAt = loadedAt;
  }

  static {
    control = {
      create: (reader, loadedAt) => new ProcessEntry(reader, loadedAt),
      readerOf: (entry) => entry.#reader,
      markExited: (entry, at, usage) => {
        entry.#exitedAt ??= at;
        entry.#usage ??= usage;
      },
    };
  }

  get pid(): number {
    return this.#reader.identity.pid;
  }

  /** Clock ticks since boot. */
  get startTime(): number {
    return this.#reader.identity.startTime;
  }

  get execId(): number | undefined {
    return this.#reader.identity.execId;
  }

  /** Of this image, as far as it is known; every part of the cache takes it. */
  get identity(): KnownIdentity {
    return this.#reader.identity;
  }

  /** `task->start_boottime`, where a kernel record gave it: /proc has only ticks. */
  get startBoottimeNs(): bigint | undefined {
    return this.#reader.identity.startBoottimeNs;
  }

  /** When this image came into the cache: milliseconds since 1970. */
  get loadedAt(): number {
    return this.#loadedAt;
  }

  /** When its exit was marked, or `undefined`: milliseconds since 1970. */
  get exitedAt(): number | undefined {
    return this.#exitedAt;
  }

  /** What its process has used by its end, where whoever marked its exit said so. */
  get usage(): ProcessUsage | undefined {
    return this.#usage;
  }

  /** All arguments. They can hold secrets, and an array prints what it holds. */
  get cmdline(): readonly string[] | undefined {
    return this.#get('cmdline') ?? this.#reader.knownCmdline;
  }

  /** Whether `cmdline` lacks its end; `undefined` where there is no command line. */
  get cmdlineTruncated(): boolean | undefined {
    if (this.cmdline === undefined) return undefined;
    const { cmdline, cmdlineTruncated } = this.#reader.values;
    return cmdline === undefined || (cmdlineTruncated ?? false);
  }

  get environ(): Environ | undefined {
    return this.#get('environ');
  }

  /** Whether `environ` lacks its end, so that a variable that is not in it may be set. */
  get environTruncated(): boolean | undefined {
    this.#get('environ');
    return this.#reader.values.environTruncated;
  }

  get cwd(): string | undefined {
    return this.#get('cwd');
  }

  /** Path in the process's own mount namespace. */
  get exe(): string | undefined {
    return this.#get('exe');
  }

  get exeDeleted(): boolean | undefined {
    this.#get('exe');
    return this.#reader.values.exeDeleted;
  }

  get comm(): string | undefined {
    return this.#get('comm');
  }

  get ppid(): number | undefined {
    return this.#get('ppid');
  }

  /** Real user id. */
  get uid(): number | undefined {
    return this.#get('uid');
  }

  /** Real group id. */
  get gid(): number | undefined {
    if (this.#reader.values.gid === undefined) this.#reader.read('status');
    return this.#reader.values.gid;
  }

  get cgroup(): string | undefined {
    return this.#get('cgroup');
  }

  get containerId(): string | undefined {
    return this.#get('containerId');
  }

  /** Inode number of the mount namespace. */
  get nsMnt(): number | undefined {
    return this.#get('nsMnt');
  }

  /** Inode number of the pid namespace. */
  get nsPid(): number | undefined {
    return this.#get('nsPid');
  }

  /** What exec was called with, if a kernel record said it. */
  get filename(): string | undefined {
    return this.#reader.values.filename;
  }

  /** One variable of the environment. */
  environVar(name: string): string | undefined {
    return this.environ?.get(name);
  }

  /**
   * Why a field is not known: its process was gone or ran another image when it was first asked
   * for, or it may not be read. `undefined` if it is known, was never asked for, or may be had
   * by asking again (an I/O error is not remembered).
   * @throws `RangeError`, with a `code`, for a field that there is not.
   */
  missing(field: FieldName): LastingReason | undefined {
    return this.#reader.missing(field);
  }

  /**
   * Reads several fields (default: all) between one pair of checks. A failed read is no error.
   * @throws `TypeError` or `RangeError`, with a `code`, for fields that are none; `ProcfsError` as the
   *   getters.
   */
  load(fields: readonly FieldName[] = FIELD_NAMES): this {
    this.#reader.load(checkedFields(fields));
    return this;
  }

  /**
   * The same with `cmdline` and `environ` read off the main thread: they can wait for as long as
   * the process's mmap lock is held.
   * @throws ProcfsError as load(), by rejecting.
   */
  async loadAsync(fields: readonly FieldName[] = FIELD_NAMES): Promise<this> {
    await this.#reader.loadAsync(checkedFields(fields));
    return this;
  }

  /** What has been read so far, as plain data: redacted unless `reveal` is set. Reads nothing. */
  inspect(options: RevealOptions = {}): Record<string, unknown> {
    const { identity, values, knownCmdline } = this.#reader;
    const known = { ...values, cmdline: knownCmdline };
    const life = { loadedAt: this.#loadedAt, exitedAt: this.#exitedAt, usage: this.#usage };
    return describeEntry(identity, known, life, options);
  }

  toJSON(): Record<string, unknown> {
    return this.inspect();
  }

  /** Identity and name, for messages. */
  toString(): string {
    const { comm } = this.#reader.values;
    const name = comm === undefined ? '' : ` ${JSON.stringify(comm)}`;
    return `[ProcessEntry ${formatIdentity(this.identity)}${name}]`;
  }

  [nodeInspect](_depth: number, options: object, inspect: InspectFunction): string {
    return `ProcessEntry ${inspect(this.inspect(), options)}`;
  }

  [denoInspect](inspect: InspectFunction, options: object): string {
    return `ProcessEntry ${inspect(this.inspect(), options)}`;
  }

  #get<F extends FieldName>(field: F): FieldValues[F] {
    if (this.#reader.values[field] === undefined) this.#reader.read(SOURCE_OF[field]);
    return this.#reader.values[field];
  }
}

export { control as entryControl };
