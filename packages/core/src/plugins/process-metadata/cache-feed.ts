/**
 * What becomes of events in the cache, and what they are completed from. Events come as records or, where
 * somebody asked for them before, as objects; both are known by pid, start and generation.
 */

import { recordHeader, recordType, u53 } from '@waggle/bpf';
import {
  type ProcessEntry,
  type ProcessMetadataCache,
  type ProcessUsage,
  type Procfs,
  ProcfsError,
} from '@waggle/cache';
import {
  type EventBatch,
  type EventDraft,
  type ExecEvent,
  type ExitEvent,
  type LostEvent,
  type ProcessEvent,
  usageAt,
  usageOf,
} from '@waggle/events';
import { EndedNames } from './ended-names.ts';
import { ProcfsWalk } from './procfs-walk.ts';
import { entryOf, NO_PROGRAM, type Program, ProgramBytes } from './program.ts';
import { RecentImages } from './recent-images.ts';

/** A resynchronisation reads all of /proc, and in a storm with a small ring gaps come in rows. */
const RESYNC_INTERVAL_MS = 1000;
/** More than these are told to the cache, which has a limit of its own. */
const RECENT_IMAGES = 16_384;
const RECENT_BYTES = 8 * 1024 * 1024;

const AT = recordHeader.offset;

interface Process {
  readonly pid: number;
  readonly startBoottimeNs: bigint;
}

export class CacheFeed {
  readonly walk: ProcfsWalk;
  readonly #cache: ProcessMetadataCache;
  #recent = new RecentImages();
  /** Of the last cycle: the cache was told of those that live, and of no end. */
  #last = new RecentImages();
  /** Those of it that ended since then (ms since 1970) can be looked up in this cycle. */
  #lastHeldFrom = Number.POSITIVE_INFINITY;
  /** Names of parents that only the cache knows, as long as it is not told anything new. */
  readonly #parents = new Map<number, { readonly start: number; readonly comm: string }>();
  readonly #endedNames = new EndedNames();
  readonly #programs = new ProgramBytes();
  /** /proc shows cgroups as records do: not from the root of a cgroup namespace. */
  readonly #showsWholePaths: boolean;
  #lastResync = Number.NEGATIVE_INFINITY;
  /** It is we who ask the cache. */
  #isOurs = false;

  constructor(cache: ProcessMetadataCache, procfs: Procfs) {
    this.#cache = cache;
    this.#showsWholePaths = isInitialCgroupNamespace(procfs);
    this.walk = new ProcfsWalk(cache);
  }

  /** Somebody asks the cache: it is told what was held back. */
  settle(): void {
    if (this.#isOurs || (this.#recent.length === 0 && this.#last.length === 0)) return;
    this.#ours(() => this.#tell());
  }

  /** An event that is no object. */
  loadRecord(batch: EventBatch, at: number): void {
    if (batch.cgroupAt(at) === undefined) {
      // The record that says what its cgroup is was lost: the cache may know.
      this.load(batch.at(at) as ProcessEvent);
      return;
    }
    this.#completeParentOf(batch, at);
    switch (batch.typeAt(at)) {
      case recordType.RECORD_FORK:
        this.#recent.addForkRecord(batch, at);
        break;
      case recordType.RECORD_EXEC:
        this.#execRecord(batch, at);
        break;
      case recordType.RECORD_EXIT:
        this.#exitRecord(batch, at);
        break;
    }
    this.#boundRecent();
  }

  load(event: ProcessEvent): void {
    switch (event.event) {
      case 'fork':
        this.#completeParent(event);
        this.#recent.addFork(event);
        break;
      case 'failed-exec':
        this.#completeParent(event);
        break;
      case 'exec':
        this.#exec(event);
        break;
      case 'exit':
        this.#exit(event);
        break;
      case 'lost':
        this.#resync();
        break;
    }
    this.#boundRecent();
  }

  /**
   * What outlives the cycle becomes an entry; what has ended in it is not even that, unless somebody asks in the
   * next one and it did not end before that moment.
   */
  cycle(endedBefore: number): void {
    this.#ours(() => {
      // Where a cycle is longer than two of ours.
      this.#tellEnded(Math.max(this.#lastHeldFrom, endedBefore));
      const recent = this.#recent;
      for (let index = 0; index < recent.length; index++) {
        if (recent.exitedAt(index) > 0 || recent.isNothing(index)) continue;
        if (recent.isOver(index) && endedBefore === Number.POSITIVE_INFINITY) continue;
        this.#tellEarlier(index);
        this.#seed(index);
      }
      this.#lastHeldFrom = endedBefore;
      this.#cache.evictPendingExits(endedBefore);
      this.#parents.clear();
      this.#endedNames.forgetOld(performance.now());
      this.#recent = this.#last;
      this.#recent.clear();
      this.#last = recent;
    });
  }

  close(): void {
    this.walk.stop();
    this.#recent.clear();
    this.#last.clear();
    this.#endedNames.clear();
    this.#cache[Symbol.dispose]();
  }

  /** Hands the cache the processes of the last cycle that have ended since then, as entries that have ended. */
  #tellEnded(since: number): void {
    const last = this.#last;
    for (let index = 0; index < last.length; index++) {
      if (last.exitedAt(index) >= Math.max(since, 1)) this.#tellImage(index, last);
    }
  }

  /** Everything that was held back, but for children that may exec yet. */
  #tell(): void {
    const last = this.#last;
    this.#tellEnded(this.#lastHeldFrom);
    for (let index = 0; index < last.length; index++) {
      const exitedAt = last.exitedAt(index);
      if (exitedAt > 0 && exitedAt < this.#lastHeldFrom) tellExit(this.#cache, last, index);
    }
    last.clear();
    const recent = this.#recent;
    const born: number[] = [];
    for (let index = 0; index < recent.length; index++) {
      if (recent.isNothing(index)) continue;
      const hasEnded = recent.exitedAt(index) > 0;
      if (recent.isFork(index) && !hasEnded && !recent.isOver(index)) {
        born.push(index);
        continue;
      }
      this.#seed(index);
      if (hasEnded) tellExit(this.#cache, recent, index);
    }
    // Their parents are entries now.
    for (const index of born) last.addBorn(recent, index);
    recent.clear();
    this.#recent = last;
    this.#last = recent;
    this.#parents.clear();
  }

  #execRecord(batch: EventBatch, at: number): void {
    const { view } = batch.memory;
    const place = batch.placeAt(at);
    const pid = view.getUint32(place + AT.tgid, true);
    this.#parents.delete(pid);
    // What comes after an end of the last cycle is no news.
    if (this.#last.hasEnded(pid, u53(view, place + AT.start_boottime))) return;
    this.#recent.addExecRecord(batch, at);
  }

  #exitRecord(batch: EventBatch, at: number): void {
    const recent = this.#recent;
    const { view } = batch.memory;
    const place = batch.placeAt(at);
    const pid = view.getUint32(place + AT.tgid, true);
    const image = recent.find(pid, u53(view, place + AT.start_boottime));
    if (image >= 0) {
      if (recent.execIdOf(image) === u53(view, place + AT.exec_id)) {
        const source = recent.sourceOf(image);
        if (recent.isFork(source) || !recent.copyProgram(source, batch, at))
          this.#programs.put(this.#programOf(source), batch, at);
      }
      this.#markExited(image, recent.keepUsage(batch, place));
      return;
    }
    const startBoottimeNs = view.getBigUint64(place + AT.start_boottime, true);
    const identity = { pid, startBoottimeNs, execId: u53(view, place + AT.exec_id) };
    this.#ours(() => {
      this.#programs.put(programOfEntry(entryOf(this.#cache, identity)), batch, at);
      this.#entryExited({ pid, startBoottimeNs }, usageAt(view, place));
    });
  }

  #exec(event: EventDraft<ExecEvent>): void {
    this.#completeParent(event);
    this.#parents.delete(event.pid);
    if (!this.#last.hasEnded(event.pid, Number(event.startTime))) this.#recent.addExec(event);
    if (event.cgroup !== null) return;
    this.settle();
    event.containerId = this.#entryOf(event)?.containerId ?? null;
  }

  #exit(event: EventDraft<ExitEvent>): void {
    const recent = this.#recent;
    const image = recent.find(event.pid, Number(event.startTime));
    this.#completeParent(event);
    if (image >= 0) {
      const isKnown = recent.execIdOf(image) === event.execId;
      const program = isKnown ? this.#programOf(recent.sourceOf(image)) : NO_PROGRAM;
      complete(event, program);
      this.#markExited(image, usageOf(event));
      if (event.cgroup !== null) return;
      this.settle();
      event.containerId = isKnown ? (this.#entryOf(event)?.containerId ?? null) : null;
      return;
    }
    const entry = this.#entryOf(event);
    complete(event, programOfEntry(entry));
    if (event.cgroup === null) event.containerId = entry?.containerId ?? null;
    const { pid, startTime } = event;
    const usage = usageOf(event);
    this.#ours(() => this.#entryExited({ pid, startBoottimeNs: startTime }, usage));
  }

  /** Of a process that only the cache may know. */
  #entryExited(process: Process, usage: ProcessUsage): void {
    const { pid, startBoottimeNs } = process;
    const comm = this.#cache.getByIdentity(process)?.comm;
    if (comm !== undefined) this.#endedNames.add(pid, Number(startBoottimeNs), comm);
    this.#cache.markExited(process, usage);
    this.#parents.delete(pid);
  }

  #markExited(image: number, usage: ProcessUsage | number): void {
    const recent = this.#recent;
    recent.markExited(image, Date.now(), usage);
    const { pid, start } = recent.keyOf(image);
    this.#endedNames.add(pid, start, recent.commOf(image));
    if (recent.isOlder(image))
      this.#ours(() => {
        if (this.#cache.peek(pid) !== undefined) this.#tellOlder(image);
      });
  }

  /** Whoever had the pid before in this cycle: after its new owner the cache takes one image of it at most. */
  #tellEarlier(index: number): void {
    for (const image of this.#recent.earlierOwnersOf(index)) this.#tellImage(image);
  }

  /** After its end the cache takes no image of a process any more: it hears of those of this cycle before. */
  #tellOlder(latest: number): void {
    for (const image of this.#recent.imagesOf(latest)) this.#tellImage(image);
  }

  /** One of a process that has ended. */
  #tellImage(image: number, images = this.#recent): void {
    if (!images.isNothing(image)) this.#seed(image, images);
    tellExit(this.#cache, images, image);
  }

  #entryOf(event: Pick<ExitEvent, 'identity'>): ProcessEntry | undefined {
    return this.#ours(() => entryOf(this.#cache, event.identity));
  }

  /** Of an exec, or of a fork by a process that only the cache knows. */
  #programOf(source: number, images = this.#recent): Program {
    const event = images.eventOf(source);
    if (event.event === 'exec') return event;
    return programOfEntry(this.#ours(() => entryOf(this.#cache, event.identity)));
  }

  /** An entry of its own for an image that was held back. */
  #seed(index: number, images = this.#recent): void {
    const event = images.eventOf(index);
    if (event.event === 'exec') {
      this.#cache.seed({
        pid: event.pid,
        startBoottimeNs: event.startTime,
        execId: event.execId,
        comm: event.comm,
        filename: event.filename,
        argv: event.argv,
        argvTruncated: event.argvTruncated,
        ppid: event.ppid,
        uid: event.uid,
        gid: event.gid,
        nsMnt: event.nsMnt,
        nsPid: event.nsPid,
        layoutFingerprint: event.layoutFingerprint,
        exe: event.detail?.exe,
        cwd: event.detail?.cwd,
        environ: event.environ ?? undefined,
        environTruncated: event.environTruncated,
        cgroup: this.#showsWholePaths ? (event.cgroup ?? undefined) : undefined,
        containerId: event.containerId ?? undefined,
      });
      return;
    }
    const { filename, argv, argvTruncated, uid, gid } = this.#programOf(
      images.sourceOf(index),
      images,
    );
    this.#cache.seed({
      ...{ argv, argvTruncated, filename, uid, gid },
      pid: event.childPid,
      startBoottimeNs: event.childStartTime,
      execId: event.execId,
      comm: event.comm,
      ppid: event.pid,
      containerId: event.childContainerId ?? undefined,
    });
  }

  #completeParentOf(batch: EventBatch, at: number): void {
    const { view } = batch.memory;
    const place = batch.placeAt(at);
    const pid = view.getUint32(place + AT.parent_tgid, true);
    const start = u53(view, place + AT.parent_start_boottime);
    const recent = this.#recent.find(pid, start);
    if (recent >= 0) {
      batch.setParentComm(at, this.#recent.commOf(recent));
      return;
    }
    const known = this.#parents.get(pid);
    if (known !== undefined && known.start === start) batch.setParentComm(at, known.comm);
    else {
      const exact = view.getBigUint64(place + AT.parent_start_boottime, true);
      batch.setParentComm(at, this.#parentComm(pid, exact));
    }
  }

  #completeParent(event: EventDraft<Exclude<ProcessEvent, LostEvent>>): void {
    const recent = this.#recent.find(event.ppid, Number(event.parentStartTime));
    event.parentComm =
      recent >= 0
        ? this.#recent.commOf(recent)
        : this.#parentComm(event.ppid, event.parentStartTime);
  }

  #parentComm(pid: number, startBoottimeNs: bigint): string | null {
    const comm = this.#ours(() => this.#cache.getByIdentity({ pid, startBoottimeNs })?.comm);
    const start = Number(startBoottimeNs);
    if (comm === undefined) return this.#endedNames.find(pid, start) ?? null;
    this.#parents.set(pid, { start, comm });
    return comm;
  }

  /** Where cycles are long, the cache's own limit has to hold. */
  #boundRecent(): void {
    if (this.#recent.length >= RECENT_IMAGES || this.#recent.bytes >= RECENT_BYTES) this.settle();
  }

  #resync(): void {
    const now = performance.now();
    if (now - this.#lastResync < RESYNC_INTERVAL_MS) return;
    this.#lastResync = now;
    this.settle();
    this.#ours(() => this.#cache.resync());
  }

  #ours<T>(ask: () => T): T {
    const before = this.#isOurs;
    this.#isOurs = true;
    try {
      return ask();
    } finally {
      this.#isOurs = before;
    }
  }
}

function tellExit(cache: ProcessMetadataCache, images: RecentImages, index: number): void {
  cache.markExited(images.identityOf(index), images.usageOf(index));
}

function complete(event: EventDraft<ExitEvent>, program: Program): void {
  event.filename = program.filename ?? null;
  event.argv = program.argv ?? null;
  event.argvTruncated = program.argvTruncated ?? false;
}

function programOfEntry(entry: ProcessEntry | undefined): Program {
  if (entry === undefined) return NO_PROGRAM;
  return {
    filename: entry.filename ?? entry.exe,
    argv: entry.cmdline,
    argvTruncated: entry.cmdlineTruncated,
    uid: entry.uid,
    gid: entry.gid,
  };
}

/** PROC_CGROUP_INIT_INO of include/linux/proc_ns.h. */
const INITIAL_CGROUP_NAMESPACE = 4026531835;

function isInitialCgroupNamespace(procfs: Procfs): boolean {
  try {
    return procfs.namespace('self', 'cgroup') === INITIAL_CGROUP_NAMESPACE;
  } catch (error) {
    if (error instanceof ProcfsError) return false;
    throw error;
  }
}
