/**
 * The next moment at which a store has something, and the one before: who reads it window by window comes over years without
 * anything by them, as of a host that began in 1970 until its clock was set.
 */

import type { Database } from 'bun:sqlite';
import { LONG_NS } from '../schema/schema.ts';
import { LARGEST, MIDDLE } from './bounds.ts';

const LONG = `endNs - startNs > ${LONG_NS}`;

/** Who lived shorter than LONG_NS has ended soon after a birth; others, and the rest, are found by their own times. */
const NEXT = `SELECT min(at) AS at FROM (
  SELECT max((SELECT startNs FROM process WHERE startNs >= ?1 - ${LONG_NS} ORDER BY startNs LIMIT 1), ?1) AS at
  UNION ALL SELECT (SELECT endNs FROM process WHERE endNs >= ?1 AND ${LONG} ORDER BY endNs LIMIT 1)
  UNION ALL SELECT (SELECT timeNs FROM failure WHERE timeNs >= ?1 ORDER BY timeNs LIMIT 1)
  UNION ALL SELECT (SELECT ${MIDDLE} FROM profile WHERE toNs >= ?1 AND ${MIDDLE} >= ?1 ORDER BY toNs LIMIT 1))`;
/** Of what happened, which samples are not. */
const LAST = `SELECT max(at) AS at FROM (
  SELECT min((SELECT startNs FROM process WHERE startNs <= ?1 ORDER BY startNs DESC LIMIT 1) + ${LONG_NS}, ?1) AS at
  UNION ALL SELECT (SELECT endNs FROM process WHERE endNs <= ?1 AND ${LONG} ORDER BY endNs DESC LIMIT 1)
  UNION ALL SELECT (SELECT timeNs FROM failure WHERE timeNs <= ?1 ORDER BY timeNs DESC LIMIT 1))`;
/** These tables have no index by time: they are scanned, and only where nothing else happened for long. */
const BETWEEN = `SELECT min(at) AS first, max(at) AS last FROM (
  SELECT timeNs AS at FROM loss WHERE timeNs BETWEEN ?1 AND ?2
  UNION ALL SELECT timeNs FROM image WHERE timeNs BETWEEN ?1 AND ?2)`;

/** ns since 1970; undefined where nothing is from then on. */
export function nextMoment(database: Database, fromNs: bigint): bigint | undefined {
  const next = momentOf(database, NEXT, 'at', fromNs);
  if (next !== undefined && next - fromNs < LONG_NS) return next;
  return momentOf(database, BETWEEN, 'first', fromNs, next ?? LARGEST) ?? next;
}

/** Undefined where nothing was until then. */
export function lastMoment(database: Database, untilNs: bigint): bigint | undefined {
  const last = momentOf(database, LAST, 'at', untilNs);
  if (last !== undefined && untilNs - last < LONG_NS) return last;
  return momentOf(database, BETWEEN, 'last', last ?? 0n, untilNs) ?? last;
}

function momentOf(
  database: Database,
  question: string,
  name: string,
  ...times: bigint[]
): bigint | undefined {
  const row = database.query(question).get(...times) as Readonly<Record<string, unknown>>;
  const at = row[name];
  return typeof at === 'bigint' ? at : undefined;
}
