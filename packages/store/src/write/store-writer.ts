/** The one that writes a store: events, profiles and the state of the host, once a second. */

import type { Database } from 'bun:sqlite';
import type { FailedExecEvent, ProcessEvent } from '@waggle/core';
import type { Profile } from '@waggle/formats';
import { isDamage, sqliteCode } from '../errors.ts';
import { toNs } from '../nanoseconds.ts';
import { ProfileTable, type Span } from '../profiles/profile-table.ts';
import { markDamaged, openForWriting } from '../schema/open.ts';
import type { CgroupState } from './cgroup-state.ts';
import { type AgentBefore, agentBefore, continueProcesses } from './continue.ts';
import type { HostState } from './host-state.ts';
import { type ProcessRow, ProcessRows, type RunningProcess } from './process-rows.ts';
import { ProcessTable } from './process-table.ts';
import { Retention, type RetentionLimits } from './retention.ts';

export interface StoreWriterOptions extends RetentionLimits {
  readonly directory: string;
  /** Of the kernel, by /proc/sys/kernel/random/boot_id: start times are counted from it. */
  readonly bootId: string;
  /** When the host started, in ns since 1970, by the clock of now: that may be set. */
  readonly bootNs: () => bigint;
  /** In ms since 1970. Default: the clock. */
  readonly now?: (() => number) | undefined;
  /** The file of waggle's own library: with it what is there already is looked at within bounds, whatever it is. */
  readonly library?: string | undefined;
  /** Something that an administrator should know, once for each of its kinds until it is over. */
  readonly onProblem: (message: string) => void;
}

/** So often it is noted that the writer is there, if nothing else is to be written. */
const COMMIT_MS = 1000;
/**
 * What comes sooner after a commit waits for the next one, so long. A kill costs a second at most: this, how long events
 * wait to be read, and what an overloaded host lets a process wait for its turn.
 */
const SOON_MS = 250;
/** Callers report at least once a second how far events have come, and rows are written then; this timer covers callers that do not. */
const SAID_MS = 900;
const UNSAID_MS = 2 * COMMIT_MS;
/** In a storm sooner: rows wait in memory. */
const COMMIT_ROWS = 20_000;
const RETENTION_MS = 10_000;
/** Steps of retention one after the other: nothing is read meanwhile. What is left is done after the next commits. */
const MAX_RETENTION_MS = 20;
/** What waits for a disk that is full; what is more is counted. */
const MAX_WAITING = 100_000;

export class StoreWriter implements Disposable {
  readonly #options: StoreWriterOptions;
  readonly #database: Database;
  readonly #lock: Database;
  readonly #rows: ProcessRows;
  readonly #table: ProcessTable;
  readonly #profiles: ProfileTable;
  readonly #retention: Retention;
  /** As it was when this one came. */
  readonly #before: AgentBefore | undefined;
  readonly #now: () => number;
  #limits: RetentionLimits;
  #failures: { readonly event: FailedExecEvent; readonly process: ProcessRow }[] = [];
  #losses: { readonly timeNs: bigint; readonly kind: string; readonly count: number }[] = [];
  #spans: { readonly profile: Profile; readonly span: Span }[] = [];
  #states: HostState[] = [];
  #cgroups: CgroupState[] = [];
  #gaps: (Span & { readonly reason: string })[] = [];
  #dropped = 0;
  #problemSince: number | undefined;
  #retainedAt = 0;
  /** More is to go than there was time for. */
  #isRetaining = false;
  #written = 0;
  /** By performance.now(), which nobody sets back. */
  #committedAt = Number.NEGATIVE_INFINITY;
  /** So it says in the store. */
  #isRunning = false;
  /** Until when everything has come, on the boot clock: undefined where nobody says so. */
  #readUntil: bigint | undefined;
  /** When the timer is due, by performance.now(). */
  #dueAt = Number.POSITIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws StoreError */
  constructor(options: StoreWriterOptions) {
    const { directory, bootId, bootNs, now = Date.now, onProblem, library } = options;
    this.#options = options;
    this.#now = now;
    this.#limits = options;
    const { database, lock, salvaged } = openForWriting(directory, library);
    this.#database = database;
    this.#lock = lock;
    if (salvaged !== undefined)
      onProblem(
        `the store was damaged: it is in ${salvaged.path} now, and ${salvaged.rows} rows of it could be read and are in the new one`,
      );
    this.#before = agentBefore(database);
    this.#rows = new ProcessRows(bootNs);
    this.#table = new ProcessTable(database, bootNumber(database, bootId), now);
    this.#profiles = new ProfileTable(database, now);
    this.#retention = new Retention(database);
  }

  /** Processes that are written or wait for it, since the start. */
  get written(): number {
    return this.#written;
  }

  /** Rows that there was no room for, on a full disk. */
  get dropped(): number {
    return this.#dropped;
  }

  get bytes(): number {
    return this.#retention.bytes;
  }

  get aliveCount(): number {
    return this.#rows.aliveCount;
  }

  /** What runs already: rows of an earlier agent go on where their process is still there, and end where it is not. */
  begin(running: readonly RunningProcess[]): void {
    const nowNs = toNs(this.#now());
    const before = this.#before;
    try {
      if (before !== undefined)
        continueProcesses(
          ...([
            this.#database,
            this.#rows,
            running,
            before,
            nowNs,
            this.#options.bootNs(),
          ] as const),
        );
    } catch (error) {
      // Behind what was looked at when it was opened. Who ran before is written anew.
      if (!isDamage(error)) throw error;
      this.#hasProblem(error);
    }
    for (const process of running) this.#rows.running(process);
    this.flush();
  }

  addEvents(events: readonly ProcessEvent[]): void {
    for (const event of events) {
      if (event.event === 'lost') {
        this.#losses.push({ timeNs: event.time, kind: 'events', count: event.count });
        continue;
      }
      this.#rows.add(event);
      if (event.event === 'failed-exec')
        this.#failures.push({ event, process: this.#rows.of(event) });
    }
    const isMany = this.#rows.changedCount > COMMIT_ROWS && this.#problemSince === undefined;
    if (isMany) this.flush();
    // What was read together is written at once: then the timer finds nothing that waits. With the word of how far it goes,
    // where that comes behind it.
    else if (this.#readUntil === undefined && this.#sinceCommit() >= SOON_MS) this.flush();
    this.#arm();
    this.#bound();
  }

  /**
   * Everything that was made before that moment (boot clock, ns) has been handed over: after a kill the gap that the next writer
   * notes begins there. Who never says so has it begin with the last commit.
   */
  readUntil(bootTime: bigint): void {
    if (this.#readUntil === undefined || bootTime > this.#readUntil) this.#readUntil = bootTime;
    if (this.#sinceCommit() >= (this.#isWaiting() ? SOON_MS : SAID_MS)) this.flush();
    this.#arm();
  }

  /** The next commit: there is no timer that wakes a host on which nothing happens. */
  #arm(): void {
    const isUrgent = this.#problemSince === undefined && this.#isWaiting();
    const now = performance.now();
    const idleMs = this.#idleMs;
    const dueAt = Math.max(this.#committedAt, now - idleMs) + (isUrgent ? SOON_MS : idleMs);
    if (dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.#tick(), Math.max(dueAt - now, 0));
  }

  #tick(): void {
    this.#dueAt = Number.POSITIVE_INFINITY;
    const since = this.#sinceCommit();
    if (since >= this.#idleMs || (this.#isWaiting() && since >= SOON_MS)) this.flush();
    this.#arm();
  }

  get #idleMs(): number {
    return this.#readUntil === undefined ? COMMIT_MS : UNSAID_MS;
  }

  /** Until when everything is written. */
  #writtenUntilNs(): bigint {
    const readUntil = this.#readUntil;
    return readUntil === undefined ? toNs(this.#now()) : this.#options.bootNs() + readUntil;
  }

  #sinceCommit(): number {
    return performance.now() - this.#committedAt;
  }

  #isWaiting(): boolean {
    const lists = [
      ...[this.#failures, this.#losses, this.#spans, this.#states, this.#gaps, this.#cgroups],
    ];
    return this.#rows.changedCount > 0 || lists.some(({ length }) => length > 0);
  }

  /** @param profile the first frame of each stack is `PID:START` of its process */
  addProfile(profile: Profile, span: Span): void {
    this.#spans.push({ profile, span });
  }

  addHostState(state: HostState): void {
    this.#states.push(state);
  }

  addCgroupStates(states: readonly CgroupState[]): void {
    for (const state of states) this.#cgroups.push(state);
  }

  /** A span in which something was not looked at, though an agent was there. ms since 1970. */
  addGap({ from, to }: Span, reason: string): void {
    this.#gaps.push({ from, to: Math.max(from, to), reason });
  }

  /** What was kept back before it came here. */
  addLoss(kind: string, count: number): void {
    this.#losses.push({ timeNs: toNs(this.#now()), kind, count });
  }

  setLimits(limits: RetentionLimits): void {
    this.#limits = limits;
  }

  /** For tests of a full disk. @internal */
  limitPages(count: number): void {
    this.#database.query(`PRAGMA max_page_count = ${count}`).get();
  }

  /** Writes what waits. Never throws: what cannot be written waits, as far as there is room for it. */
  flush(): void {
    this.#committedAt = performance.now();
    const changed = this.#rows.takeChanged();
    const isNew = changed.filter(({ id }) => id === 0);
    try {
      this.#database.transaction(() => this.#write(changed))();
      for (const row of changed) {
        row.earlier = [];
        row.parent = undefined;
      }
      this.#written += isNew.length;
      [this.#failures, this.#losses, this.#spans, this.#states, this.#gaps] = [[], [], [], [], []];
      this.#cgroups = [];
      this.#isWell();
      this.#retain();
    } catch (error) {
      this.#isRunning = false;
      // Their numbers were given back with the transaction.
      for (const row of isNew) row.id = 0;
      this.#rows.giveBack(changed);
      this.#table.texts.forget();
      this.#profiles.forget();
      this.#bound();
      this.#hasProblem(error);
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.flush();
    this.#close();
    this.#lock.close();
  }

  #close(): void {
    try {
      if (this.#problemSince === undefined) this.#note('cleanEnd', 1n);
      // Statements keep a connection open until they are collected, and the log with it.
      this.#database.run('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      this.#hasProblem(error);
    }
    this.#database.close();
  }

  #write(changed: readonly ProcessRow[]): void {
    for (const row of changed) this.#table.write(row);
    for (const { event, process } of this.#failures) this.#table.writeFailure(event, process);
    for (const { timeNs, kind, count } of this.#losses)
      this.#database.query('INSERT INTO loss VALUES (?, ?, ?)').run(timeNs, kind, count);
    for (const { from, to, reason } of this.#gaps)
      this.#database.query('INSERT INTO gap VALUES (?, ?, ?)').run(toNs(from), toNs(to), reason);
    for (const { profile, span } of this.#spans) this.#profiles.write(profile, span);
    for (const state of this.#states)
      this.#database
        .query('INSERT OR REPLACE INTO host VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
        .run(...state);
    for (const state of this.#cgroups) this.#table.writeCgroup(state);
    this.#note('lastNs', this.#writtenUntilNs());
    if (!this.#isRunning) this.#note('cleanEnd', 0n);
    this.#isRunning = true;
  }

  #note(key: string, value: bigint): void {
    this.#database.query('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(key, value);
  }

  /** What waits for a full disk has its bound; what goes is counted, and noted once there is room again. */
  #bound(): void {
    if (this.#rows.changedCount > MAX_WAITING) {
      const rows = this.#rows.takeChanged();
      // Who still runs is needed for what is below it.
      const kept = rows.filter(({ endNs }) => endNs === null);
      this.#rows.giveBack(kept);
      this.#dropped += rows.length - kept.length;
    }
    const lists = [this.#failures, this.#spans, this.#states, this.#losses, this.#gaps];
    for (const list of [...lists, this.#cgroups])
      if (list.length > MAX_WAITING / 10) this.#dropped += list.splice(0, list.length / 2).length;
  }

  #hasProblem(error: unknown): void {
    if (this.#problemSince !== undefined) return;
    this.#problemSince = this.#now();
    if (isDamage(error)) markDamaged(this.#options.directory);
    const { message } = error as { readonly message?: unknown };
    const what =
      sqliteCode(error) === 'SQLITE_FULL'
        ? 'the disk is full'
        : isDamage(error)
          ? 'the database is damaged: start the agent anew, and it puts that aside'
          : String(message ?? error);
    this.#options.onProblem(
      `nothing can be written to the store in ${this.#options.directory}: ${what}; what happens meanwhile waits in memory as far as it has room, and is counted beyond`,
    );
  }

  #isWell(): void {
    if (this.#problemSince === undefined) return;
    const seconds = Math.round((this.#now() - this.#problemSince) / 1000);
    this.#options.onProblem(
      `the store is written to again after ${seconds} s; ${this.#dropped} rows are missing`,
    );
    if (this.#dropped > 0) this.addLoss('store', this.#dropped);
    this.#problemSince = undefined;
  }

  #retain(): void {
    const now = this.#now();
    const isRecent = now - this.#retainedAt < RETENTION_MS && now >= this.#retainedAt;
    if (isRecent && !this.#isRetaining) return;
    this.#retainedAt = now;
    const until = performance.now() + MAX_RETENTION_MS;
    do this.#isRetaining = this.#retention.step(this.#limits, now);
    while (this.#isRetaining && performance.now() < until);
  }
}

/** The same for each agent of one boot. */
function bootNumber(database: Database, bootId: string): number {
  const key = `boot ${bootId}`;
  const known = database.query('SELECT value FROM meta WHERE key = ?').get(key) as {
    readonly value: bigint;
  } | null;
  if (known !== null) return Number(known.value);
  const { count } = database
    .query("SELECT count(*) AS count FROM meta WHERE key LIKE 'boot %'")
    .get() as { readonly count: bigint };
  const number = Number(count) + 1;
  database.query('INSERT INTO meta VALUES (?, ?)').run(key, BigInt(number));
  database.query('INSERT OR REPLACE INTO meta VALUES (?, ?)').run('boot', BigInt(number));
  return number;
}
