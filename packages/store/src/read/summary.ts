/** A span in figures: by program, and what was not seen. */

import type { Database } from 'bun:sqlite';
import { boundedText, FIRST_WITH_CGROUPS, versionOf } from '../schema/schema.ts';
import { boundsOf, type HistorySpan } from './bounds.ts';
import { timeOf } from './history.ts';

export interface ProgramSummary {
  readonly comm: string;
  readonly runs: number;
  readonly failed: number;
  /** Of those that ended; ns. */
  readonly totalNs: bigint;
  readonly longestNs: bigint;
  /** User and system; ns. */
  readonly cpuNs: bigint;
  readonly maxRssBytes: bigint;
}

/** A time that no agent looked at; ns since 1970. */
export interface StoreGap {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly reason: string;
}

/** Of one cgroup, with all below it. */
export interface CgroupSummary {
  readonly cgroup: string;
  readonly cpuNs: bigint | null;
  /** The most of all looks; null where no controller tells, as for the others. */
  readonly maxMemoryBytes: bigint | null;
  readonly readBytes: bigint | null;
  readonly writeBytes: bigint | null;
}

export interface SpanSummary {
  readonly programs: readonly ProgramSummary[];
  /** By CPU time. */
  readonly cgroups: readonly CgroupSummary[];
  readonly failedExecs: readonly { readonly error: string; readonly count: number }[];
  /** Events and rows that are missing. */
  readonly lost: number;
  /** When no agent looked. */
  readonly gaps: readonly StoreGap[];
  /** The worst ten seconds, in per cent; null where the kernel does not tell. */
  readonly pressure: {
    readonly cpu: number | null;
    readonly memory: number | null;
    readonly io: number | null;
  };
  readonly oomKills: number;
}

interface ProgramRow {
  readonly comm: string | null;
  readonly runs: bigint;
  readonly failed: bigint | null;
  readonly total: bigint | null;
  readonly longest: bigint | null;
  readonly cpu: bigint | null;
  readonly rss: bigint | null;
}

interface WorstRow {
  readonly cpu: unknown;
  readonly memory: unknown;
  readonly io: unknown;
  readonly oom: bigint | null;
}

export function summaryOf(database: Database, span: HistorySpan): SpanSummary {
  const bounds = boundsOf(span);
  const all = <Row>(sql: string) => database.query(sql).all(...bounds) as Row[];
  const programs = all<ProgramRow>(`
    SELECT ${boundedText('text.value')} AS comm, runs, failed, total, longest, cpu, rss FROM (
      SELECT p.comm AS id, count(*) AS runs, sum(exitCode <> 0 OR signal IS NOT NULL) AS failed,
        sum(endNs - startNs) AS total, max(endNs - startNs) AS longest,
        sum(userNs + systemNs) AS cpu, max(maxRssBytes) AS rss
      FROM process p WHERE startNs <= ?2 AND (endNs IS NULL OR endNs >= ?1) GROUP BY p.comm
    ) p LEFT JOIN text ON text.id = p.id ORDER BY cpu DESC, runs DESC`);
  const [worst] = all<WorstRow>(`
    SELECT max(cpuSome) AS cpu, max(memorySome) AS memory, max(ioSome) AS io, max(oomKills) - min(oomKills) AS oom
    FROM host WHERE timeNs >= ?1 AND timeNs <= ?2`);
  const [lost] = all<{ readonly lost: bigint | null }>(
    'SELECT sum(count) AS lost FROM loss WHERE timeNs >= ?1 AND timeNs <= ?2',
  );
  return {
    programs: programs.map(({ comm, runs, failed, total, longest, cpu, rss }) => ({
      comm: String(comm ?? ''),
      runs: Number(runs),
      failed: Number(failed ?? 0),
      totalNs: total ?? 0n,
      longestNs: longest ?? 0n,
      cpuNs: cpu ?? 0n,
      maxRssBytes: rss ?? 0n,
    })),
    cgroups: cgroupsOf(database, span),
    failedExecs: all<{ readonly error: string; readonly count: bigint }>(
      'SELECT error, count(*) AS count FROM failure WHERE timeNs >= ?1 AND timeNs <= ?2 GROUP BY error ORDER BY count DESC',
    ).map(({ error, count }) => ({ error: String(error), count: Number(count) })),
    lost: Number(lost?.lost ?? 0),
    gaps: gapsOf(database, span),
    pressure: { cpu: figure(worst?.cpu), memory: figure(worst?.memory), io: figure(worst?.io) },
    oomKills: Number(worst?.oom ?? 0),
  };
}

/** Whole ones come as bigint; what is none was written by somebody else. */
function figure(value: unknown): number | null {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;
}

/** A store that no newer agent has written to has none. */
function cgroupsOf(database: Database, span: HistorySpan): CgroupSummary[] {
  if (versionOf(database) < FIRST_WITH_CGROUPS) return [];
  const rows = database
    .query(
      `SELECT ${boundedText('text.value')} AS cgroup, cpuNs, maxMemoryBytes, readBytes, writeBytes FROM (
         SELECT cgroup AS id, sum(cpuNs) AS cpuNs, max(memoryBytes) AS maxMemoryBytes,
           sum(readBytes) AS readBytes, sum(writeBytes) AS writeBytes
         FROM cgroup_state WHERE timeNs >= ?1 AND timeNs <= ?2 GROUP BY cgroup
       ) s LEFT JOIN text ON text.id = s.id ORDER BY 2 DESC, 3 DESC`,
    )
    .all(...boundsOf(span)) as CgroupSummary[];
  return rows.map(({ cgroup, cpuNs, maxMemoryBytes, readBytes, writeBytes }) => ({
    ...{ cgroup: String(cgroup ?? ''), cpuNs, maxMemoryBytes, readBytes, writeBytes },
  }));
}

export function gapsOf(database: Database, span: HistorySpan): StoreGap[] {
  const rows = database
    .query('SELECT fromNs, toNs, reason FROM gap WHERE toNs >= ?1 AND fromNs <= ?2 ORDER BY fromNs')
    .all(...boundsOf(span)) as StoreGap[];
  return rows.map(({ fromNs, toNs, reason }) => ({
    fromNs: timeOf(fromNs),
    toNs: timeOf(toNs),
    reason: String(reason),
  }));
}
