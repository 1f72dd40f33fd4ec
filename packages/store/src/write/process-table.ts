/** Writes rows of processes, of what belongs to them, and of their cgroups. */

import type { Database } from 'bun:sqlite';
import type { FailedExecEvent } from '@waggle/core';
import { Interned } from '../interned/interned.ts';
import type { CgroupState } from './cgroup-state.ts';
import type { ProcessRow } from './process-rows.ts';

const COLUMNS = [
  ...['parent', 'boot', 'pid', 'ppid', 'startTime', 'startNs', 'endNs', 'comm', 'argv', 'filename'],
  ...[
    'uid',
    'container',
    'cgroup',
    'execs',
    'exitCode',
    'signal',
    'coreDumped',
    'userNs',
    'systemNs',
  ],
  ...['maxRssBytes', 'majorFaults', 'readBytes', 'writeBytes'],
] as const;

export class ProcessTable {
  readonly texts: Interned;
  readonly #boot: number;
  readonly #insert: ReturnType<Database['prepare']>;
  readonly #update: ReturnType<Database['prepare']>;
  readonly #image: ReturnType<Database['prepare']>;
  readonly #failure: ReturnType<Database['prepare']>;
  readonly #cgroup: ReturnType<Database['prepare']>;

  /** @param boot number of the boot that the processes are of; `now` in ms since 1970 */
  constructor(database: Database, boot: number, now: () => number) {
    this.#boot = boot;
    this.texts = new Interned(database, { name: 'text', columns: ['value'] }, now);
    const marks = COLUMNS.map(() => '?').join(', ');
    this.#insert = database.prepare(
      `INSERT INTO process (${COLUMNS.join(', ')}) VALUES (${marks})`,
    );
    const set = COLUMNS.map((column) => `${column} = ?`).join(', ');
    this.#update = database.prepare(`UPDATE process SET ${set} WHERE id = ?`);
    this.#image = database.prepare('INSERT INTO image VALUES (?, ?, ?, ?, ?)');
    this.#cgroup = database.prepare('INSERT INTO cgroup_state VALUES (?, ?, ?, ?, ?, ?)');
    this.#failure = database.prepare(
      'INSERT INTO failure (process, timeNs, pid, ppid, startTime, comm, error, filename, argv, uid, container) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
  }

  write(row: ProcessRow): void {
    if (row.parent !== undefined && row.parent.id > 0) row.parentId = row.parent.id;
    const { exit } = row;
    const values = [
      ...[row.parentId, this.#boot, row.pid, row.ppid, row.startTime, row.startNs, row.endNs],
      ...[this.#text(row.comm), this.#list(row.argv), this.#text(row.filename), row.uid],
      ...[this.#text(row.container), this.#text(row.cgroup), row.execs],
      ...[
        exit?.exitCode ?? null,
        exit?.signal ?? null,
        exit === undefined ? null : +exit.coreDumped,
      ],
      ...[exit?.userNs ?? null, exit?.systemNs ?? null, exit?.maxRssBytes ?? null],
      ...[exit?.majorFaults ?? null, exit?.readBytes ?? null, exit?.writeBytes ?? null],
    ];
    if (row.id === 0) row.id = Number(this.#insert.run(...values).lastInsertRowid);
    else this.#update.run(...values, row.id);
    for (const { timeNs, comm, argv, filename } of row.earlier)
      this.#image.run(row.id, timeNs, this.#text(comm), this.#list(argv), this.#text(filename));
  }

  writeFailure(event: FailedExecEvent, process: ProcessRow): void {
    const { time, pid, ppid, startTime, comm, error, filename, argv, uid, containerId } = event;
    this.#failure.run(
      ...[
        process.id === 0 ? null : process.id,
        time,
        pid,
        ppid,
        startTime,
        this.#text(comm),
        error,
      ],
      ...[this.#text(filename), this.#list(argv), uid, this.#text(containerId)],
    );
  }

  writeCgroup({ timeNs, cgroup, cpuNs, memoryBytes, readBytes, writeBytes }: CgroupState): void {
    this.#cgroup.run(timeNs, this.#text(cgroup), cpuNs, memoryBytes, readBytes, writeBytes);
  }

  #text(value: string | null): bigint | null {
    return value === null || value === '' ? null : this.texts.idOf(value, [value]);
  }

  #list(words: readonly string[] | null): bigint | null {
    return words === null ? null : this.#text(JSON.stringify(words));
  }
}
