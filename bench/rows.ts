// The rows that a benchmark leaves for the one table of `npm run bench`. A package's "bench" script prints
// for people while it runs, and saves its rows; scripts/report-bench.ts reads those of all packages.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Spread } from './samples.ts';

export interface BenchRow {
  /** What was measured, with the size of the work: `ring reader, 512-byte records`. */
  readonly what: string;
  readonly value?: number | undefined;
  /** Unit of `value` and of `versus.value`: `ns/record`, `µs/exec`, `MB`. */
  readonly unit?: string;
  /** The same work done by something else in the same run. */
  readonly versus?: { readonly name: string; readonly value: number; readonly spread?: Spread };
  /** Of the rounds whose median `value` is. */
  readonly spread?: Spread;
  /** The goal, as a share of `versus`. */
  readonly maxRatio?: number;
  /** Any other goal, in words: `≤ 100 MB`. */
  readonly goal?: string;
  /** Why there is no value: what could not be measured here is a row too. */
  readonly skipped?: string;
}

const FOLDER = '.bench-results';

/** Saves a benchmark's rows in place of those of its last run. `bench` is the folder of it, in its package. */
export function saveRows(bench: string, name: string, rows: readonly BenchRow[]): void {
  const folder = join(bench, '..', FOLDER);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(rows, null, 2));
}

/** What the benchmarks of these packages saved, in the order of their files' names. */
export function savedRows(packages: string): BenchRow[] {
  const paths = new Bun.Glob(`${packages}/${FOLDER}/*.json`).scanSync({ dot: true });
  return [...paths].sort().flatMap((path) => JSON.parse(readFileSync(path, 'utf8')) as BenchRow[]);
}
