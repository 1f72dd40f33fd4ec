/**
 * Reads the fields of one process image, each source once, between two checks that the pid still
 * has the same owner and the owner still runs the same image. If a check fails, what was read is
 * thrown away and the field stays unknown for good.
 *
 * Why two: the one after proves whose the data is. The one before keeps us from opening the files
 * of a stranger, and notes which image is there if a kernel record did not say.
 */
import {
  type FieldName,
  type FieldValues,
  KERNEL_THREAD,
  readSource,
  readSourceAsync,
  type Source,
  sourceOf,
  survivingExec,
} from './fields.ts';
import type { KnownIdentity } from './identity.ts';
import { ProcfsError, type ProcfsErrorCode } from './procfs/error.ts';
import { EXEC_IN_PROGRESS, type Procfs, type ProcProbe } from './procfs/procfs.ts';

/** Reasons that last. An I/O error is not among them: the next ask tries again. */
export type LastingReason = Exclude<ProcfsErrorCode, 'io' | 'no-procfs'>;

export interface FieldReaderInit {
  readonly procfs: Procfs;
  readonly identity: KnownIdentity;
  /** `ProcProbe.layoutFingerprint`, or 0: then the first check adopts what it finds. */
  readonly layoutFingerprint: number;
  /** The one layout fingerprint that is not adopted: that of an image which was there before. */
  readonly notLayoutFingerprint?: number | undefined;
  /** `ProcStat.instance`: where it is not 0, every check asks for it. */
  readonly instance?: number | undefined;
  /** Taken over, not copied. */
  readonly values: FieldValues;
  /** An incomplete command line from a kernel record, for when /proc cannot give the whole. */
  readonly partialCmdline?: readonly string[] | undefined;
}

/**
 * `gone` is ended, or the pid has another owner, or the owner runs another image. The last two
 * look alike when a pid is reused within a clock tick, so they are treated alike.
 */
type Owner = 'same' | 'gone' | 'unknown';

type Attempt =
  | { readonly source: Source; readonly values: Partial<FieldValues> }
  | { readonly source: Source; readonly error: unknown };

export class FieldReader {
  identity: KnownIdentity;
  readonly values: FieldValues;
  readonly #procfs: Procfs;
  #settledSources: Map<Source, 'read' | LastingReason> | undefined;
  #reading: Map<Source, Promise<void>> | undefined;
  #partialCmdline: readonly string[] | undefined;
  #layoutFingerprint: number;
  readonly #notLayoutFingerprint: number;
  readonly #instance: number;
  #superseded = false;
  /** By the last check. */
  #isKernelThread = false;

  constructor(init: FieldReaderInit) {
    this.#procfs = init.procfs;
    this.identity = init.identity;
    this.#layoutFingerprint = init.layoutFingerprint;
    this.#notLayoutFingerprint = init.notLayoutFingerprint ?? 0;
    this.#instance = init.instance ?? 0;
    this.values = init.values;
    this.#partialCmdline = init.partialCmdline;
  }

  /** Made when first needed: most seeded entries are never read any further. */
  get #settled(): Map<Source, 'read' | LastingReason> {
    this.#settledSources ??= new Map();
    return this.#settledSources;
  }

  /** The command line as far as it is known. */
  get knownCmdline(): readonly string[] | undefined {
    return this.values.cmdline ?? this.#partialCmdline;
  }

  /** The process runs another image now: nothing of this one can be read any more. */
  supersede(): void {
    this.#superseded = true;
  }

  /** The same where only a guess says so: an image whose fingerprint is known will be told apart by it. */
  supersedeUnlessMarked(): void {
    if (this.#layoutFingerprint === 0) this.#superseded = true;
  }

  /** What the image after an announced exec starts with: all that exec does not change. */
  successor(execId: number | undefined): FieldReaderInit {
    return {
      procfs: this.#procfs,
      identity: { ...this.identity, execId },
      layoutFingerprint: 0,
      instance: this.#instance,
      values: survivingExec(this.values),
    };
  }

  /** Of its image, as far as it is known; 0 otherwise. */
  get layoutFingerprint(): number {
    return this.#layoutFingerprint;
  }

  /** What /proc says of the process that has its pid now. @throws `ProcfsError` */
  probe(): ProcProbe {
    // One argument less is one system call less.
    const { pid } = this.identity;
    return this.#instance === 0 ? this.#procfs.probe(pid) : this.#procfs.probe(pid, true);
  }

  /** Whether a probe made here shows this very process, whatever it runs. */
  matchesProcess(probe: ProcProbe): boolean {
    if (probe.startTimeTicks !== this.identity.startTime) return false;
    const instance = probe.instance ?? 0;
    return this.#instance === 0 || instance === 0 || instance === this.#instance;
  }

  /** Adds what a kernel record knows to what was read before it arrived. */
  fill(
    identity: KnownIdentity,
    values: Partial<FieldValues>,
    partialCmdline: readonly string[] | undefined,
  ): void {
    this.identity = {
      ...this.identity,
      startBoottimeNs: this.identity.startBoottimeNs ?? identity.startBoottimeNs,
      execId: this.identity.execId ?? identity.execId,
    };
    this.#adopt(values);
    this.#partialCmdline ??= partialCmdline;
  }

  /** Whether a probe shows this very image; once it does not, it never will again. */
  matchesImage(layoutFingerprint: number): boolean {
    if (this.#superseded) return false;
    if (layoutFingerprint === 0) return true; // hidden from us: nothing can be told
    if (this.#layoutFingerprint === 0 && layoutFingerprint !== this.#notLayoutFingerprint)
      this.#layoutFingerprint = layoutFingerprint;
    this.#superseded = this.#layoutFingerprint !== layoutFingerprint;
    return !this.#superseded;
  }

  /** Whether this is known to be the image with that fingerprint. Reads and changes nothing. */
  isMarked(layoutFingerprint: number): boolean {
    return (
      layoutFingerprint !== 0 && layoutFingerprint === this.#layoutFingerprint && !this.#superseded
    );
  }

  missing(field: FieldName): LastingReason | undefined {
    const settled = this.#settled.get(sourceOf(field));
    if (settled === undefined || settled === 'read') return undefined;
    return this.values[field] === undefined ? settled : undefined;
  }

  read(source: Source): void {
    if (this.#isKnown(source)) return;
    this.#settle(this.#readable([source]).map((readable) => this.#attempt(readable)));
  }

  load(fields: readonly FieldName[]): void {
    const readable = this.#readable(this.#unread(fields));
    this.#settle(readable.map((source) => this.#attempt(source)));
  }

  /** Callers that want one source at the same time share one read. */
  async loadAsync(fields: readonly FieldName[]): Promise<void> {
    this.#reading ??= new Map();
    const reading = this.#reading;
    const unread = this.#unread(fields);
    const waits = unread.flatMap((source) => reading.get(source) ?? []);
    const own = this.#readable(unread.filter((source) => !reading.has(source)));
    if (own.length > 0) {
      const done = this.#readAll(own).finally(() => {
        for (const source of own) reading.delete(source);
      });
      for (const source of own) reading.set(source, done);
      waits.push(done);
    }
    await Promise.all(waits);
  }

  /** Sources of these fields that are neither known nor settled. */
  #unread(fields: readonly FieldName[]): Source[] {
    const sources = new Set<Source>();
    for (const field of fields) {
      const source = sourceOf(field);
      if (this.values[field] === undefined && !this.#isKnown(source)) sources.add(source);
    }
    return [...sources];
  }

  /** Also without a look: a record that gives the cgroup says by that whether it is a container's. */
  #isKnown(source: Source): boolean {
    return this.#settled.has(source) || (source === 'cgroup' && this.values.cgroup !== undefined);
  }

  #check(): Owner {
    try {
      const probe = this.probe();
      this.#isKernelThread = probe.kernelThread ?? false;
      if (probe.ended || !this.matchesProcess(probe)) return 'gone';
      if (probe.layoutFingerprint === EXEC_IN_PROGRESS) return 'unknown';
      return this.matchesImage(probe.layoutFingerprint) ? 'same' : 'gone';
    } catch (error) {
      if (!(error instanceof ProcfsError) || error.code === 'no-procfs') throw error;
      return error.code === 'gone' ? 'gone' : 'unknown';
    }
  }

  /** The check before: what may still be read. The rest is settled as gone. */
  #readable(sources: readonly Source[]): Source[] {
    if (sources.length === 0) return [];
    const owner = this.#check();
    if (owner === 'gone') for (const source of sources) this.#settled.set(source, 'gone');
    return owner === 'same' ? [...sources] : [];
  }

  #attempt(source: Source): Attempt {
    const values = this.#isKernelThread ? KERNEL_THREAD[source] : undefined;
    if (values !== undefined) return { source, values };
    try {
      return { source, values: readSource(this.#procfs, this.identity.pid, source) };
    } catch (error) {
      return { source, error };
    }
  }

  async #readAll(sources: readonly Source[]): Promise<void> {
    const attempts = sources.map(async (source): Promise<Attempt> => {
      try {
        return { source, values: await readSourceAsync(this.#procfs, this.identity.pid, source) };
      } catch (error) {
        return { source, error };
      }
    });
    this.#settle(await Promise.all(attempts));
  }

  /** The check after: only what was read from this very image is kept. */
  #settle(attempts: readonly Attempt[]): void {
    if (attempts.length === 0) return;
    const wasKernelThread = this.#isKernelThread;
    const owner = this.#check();
    // A kernel thread that has become a program: what it had not was no program's.
    if (owner === 'unknown' || (owner === 'same' && this.#isKernelThread !== wasKernelThread))
      return;
    for (const attempt of attempts) {
      if (this.#settled.has(attempt.source)) continue;
      if (owner === 'gone') {
        this.#settled.set(attempt.source, 'gone');
      } else if ('values' in attempt) {
        this.#settled.set(attempt.source, 'read');
        this.#adopt(attempt.values);
      } else if (!(attempt.error instanceof ProcfsError) || attempt.error.code === 'no-procfs') {
        throw attempt.error; // not a failed read but a mistake in a Procfs: do not hide it
      } else if (attempt.error.code !== 'io') {
        this.#settled.set(attempt.source, attempt.error.code);
      }
    }
  }

  /** What is known stays: a field has one value for as long as its entry lives. */
  #adopt(values: Partial<FieldValues>): void {
    const known: Partial<Record<keyof FieldValues, unknown>> = this.values;
    const hasCgroup = this.values.cgroup !== undefined;
    for (const [field, value] of Object.entries(values)) {
      // Never the container of another cgroup than the one that is kept.
      if (field === 'containerId' && hasCgroup) continue;
      known[field as keyof FieldValues] ??= value;
    }
  }
}
