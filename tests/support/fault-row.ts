// One row of the fault suite (tests/faults): what is done to waggle, how often, and what must hold.
// `npm test` does each a few times, `npm run faults` often, and that one writes what it saw to
// .fault-results/rows.jsonl, which scripts/report-faults.ts makes the table of docs/reliability.md from.

import { appendFileSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { kernelTest, waitingKernelTest } from './kernel-test.ts';

const RESULTS = resolve(import.meta.dir, '../../.fault-results');

/** Set by `npm run faults`. */
export const IS_LONG = process.env.WAGGLE_FAULTS === 'long';

export interface FaultRow {
  /** The area, as the files are called: `outputs`, `resources`. */
  readonly area: string;
  /** What is done. */
  readonly what: string;
  /** What must hold then. */
  readonly holds: string;
  /** Rounds in `npm test`, 0 for none, and in `npm run faults`. */
  readonly times: readonly [short: number, long: number];
  /** It waits more than it works, and measures nothing closely: in `npm test` the next such row runs beside it. */
  readonly waits?: boolean;
  /** For all rounds together. Default: three minutes, and in the long run ten. */
  readonly timeoutMs?: number;
}

/** Runs the body for each round; it throws where something does not hold. Needs root. */
export function faultRow(row: FaultRow, body: (round: number) => Promise<void> | void): void {
  const { area, what, holds, times } = row;
  const rounds = times[IS_LONG ? 1 : 0];
  if (rounds === 0) return;
  const run = async () => {
    const startedAt = performance.now();
    let held = 0;
    try {
      for (let round = 0; round < rounds; round++) {
        await body(round);
        held++;
      }
    } finally {
      const seconds = Number(((performance.now() - startedAt) / 1000).toFixed(1));
      if (IS_LONG) note({ area, what, holds, rounds, held, seconds });
    }
  };
  const add = row.waits && !IS_LONG ? waitingKernelTest : kernelTest;
  add(`${what}: ${holds}`, run, row.timeoutMs ?? (IS_LONG ? 600_000 : 180_000));
}

function note(result: object): void {
  mkdirSync(RESULTS, { recursive: true });
  appendFileSync(join(RESULTS, 'rows.jsonl'), `${JSON.stringify(result)}\n`);
}
