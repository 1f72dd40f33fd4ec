/** An agent was there before: what it left as running goes on, or has ended while nobody looked. */

import type { Database } from 'bun:sqlite';
import { wordsOf } from '../interned/words.ts';
import {
  isSameStart,
  type ProcessRow,
  type ProcessRows,
  type RunningProcess,
} from './process-rows.ts';

interface AliveRow {
  readonly id: bigint;
  readonly boot: bigint;
  readonly pid: bigint;
  readonly ppid: bigint | null;
  readonly parent: bigint | null;
  readonly startTime: bigint;
  readonly startNs: bigint;
  readonly comm: string | null;
  readonly argv: string | null;
  readonly filename: string | null;
  readonly uid: bigint | null;
  readonly container: string | null;
  readonly cgroup: string | null;
  readonly execs: bigint | null;
}

const SELECT = `
SELECT p.id, p.boot, p.pid, p.ppid, p.parent, p.startTime, p.startNs, p.uid, p.execs,
  comm.value AS comm, argv.value AS argv, filename.value AS filename, container.value AS container, cgroup.value AS cgroup
FROM process p
LEFT JOIN text comm ON comm.id = p.comm LEFT JOIN text argv ON argv.id = p.argv
LEFT JOIN text filename ON filename.id = p.filename LEFT JOIN text container ON container.id = p.container
LEFT JOIN text cgroup ON cgroup.id = p.cgroup
WHERE p.endNs IS NULL`;

/** What an agent has left of itself. */
export interface AgentBefore {
  /** Until when it has written everything, in ns since 1970. */
  readonly lastNs: bigint;
  readonly hasStopped: boolean;
}

/** To be read before anything is written: undefined where there was none. */
export function agentBefore(database: Database): AgentBefore | undefined {
  const lastNs = metaOf(database, 'lastNs');
  if (lastNs === undefined) return undefined;
  return { lastNs, hasStopped: metaOf(database, 'cleanEnd') === 1n };
}

function metaOf(database: Database, key: string): bigint | undefined {
  const row = database.query('SELECT value FROM meta WHERE key = ?').get(key) as {
    readonly value: unknown;
  } | null;
  // Anything else is damaged.
  return typeof row?.value === 'bigint' ? row.value : undefined;
}

export function continueProcesses(
  database: Database,
  rows: ProcessRows,
  running: readonly RunningProcess[],
  { lastNs, hasStopped }: AgentBefore,
  nowNs: bigint,
  bootNs: bigint,
): void {
  const boot = metaOf(database, 'boot');
  const now = new Map(running.map((process) => [process.pid, process]));
  for (const alive of database.query(SELECT).all() as AliveRow[]) {
    const row = rowOf(alive);
    // It is no row of ours.
    if (row === undefined) continue;
    const process = now.get(row.pid);
    const isThere =
      lastBoot(alive, boot, bootNs, lastNs) &&
      process !== undefined &&
      isSameStart(process.startTime, row.startTime, true);
    rows.continued(row);
    if (!isThere) rows.end(row, lastNs);
  }
  const reason = hasStopped ? 'agent stopped' : 'agent ended without a word';
  database.query('INSERT INTO gap VALUES (?, ?, ?)').run(lastNs, nowNs, reason);
}

/** Of the boot that runs, and not of one before. */
function lastBoot(
  { boot: ofRow }: AliveRow,
  boot: bigint | undefined,
  bootNs: bigint,
  lastNs: bigint,
): boolean {
  return ofRow === boot && bootNs <= lastNs;
}

/** Numbers that SQLite keeps as something else are damaged. */
const NUMBERS = ['id', 'boot', 'pid', 'startTime', 'startNs'] as const;

function rowOf(alive: AliveRow): ProcessRow | undefined {
  if (!NUMBERS.every((field) => typeof alive[field] === 'bigint')) return undefined;
  const { startTime, startNs, comm, argv, filename, container, cgroup } = alive;
  return {
    ...{ id: Number(alive.id), pid: Number(alive.pid), ppid: Number(alive.ppid ?? 0n) },
    ...{ startTime, startNs, isCoarse: true, parent: undefined },
    ...{ parentId: alive.parent === null ? null : Number(alive.parent) },
    ...{ endNs: null, comm: comm ?? '', filename, container, cgroup, exit: undefined },
    ...{ argv: wordsOf(argv), earlier: [] },
    ...{ uid: alive.uid === null ? null : Number(alive.uid), execs: Number(alive.execs ?? 0n) },
  };
}
