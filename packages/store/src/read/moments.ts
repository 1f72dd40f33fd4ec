/** What happened to a process, as rows tell it: it was born, became one program after the other, ended. */

import type { HistoryProcess } from './history.ts';
import type { EarlierProgram } from './replay.ts';

/** What a process ran at a moment. */
export type HistoryProgram = Pick<HistoryProcess, 'comm' | 'argv' | 'filename'>;

export interface HistoryMoment {
  readonly kind: 'fork' | 'exec' | 'exit';
  /** ns since 1970. When the first program was is not kept: it is taken to have been at birth. */
  readonly timeNs: bigint;
  /** What it ran from then on; at its end, what it had run last. */
  readonly program: HistoryProgram;
  /** Of execs: which of them, from 0 on. */
  readonly index: number;
}

/**
 * In the order in which they happened. Of a process whose end nobody saw there is none.
 *
 * @param earlier programs of that process, the oldest first
 */
export function momentsOf(
  process: HistoryProcess,
  earlier: readonly EarlierProgram[],
): HistoryMoment[] {
  const { startNs, endNs, execs, exitCode, signal } = process;
  const programs: readonly HistoryProgram[] = [...earlier, process];
  const [first = process] = programs;
  const moments: HistoryMoment[] = [{ kind: 'fork', timeNs: startNs, program: first, index: 0 }];
  if (execs > 0)
    for (const [index, program] of programs.entries()) {
      const timeNs = earlier[index - 1]?.untilNs ?? startNs;
      moments.push({ kind: 'exec', timeNs, program, index });
    }
  const isSeen = exitCode !== null || signal !== null;
  if (endNs !== null && isSeen)
    moments.push({ kind: 'exit', timeNs: endNs, program: process, index: 0 });
  return moments;
}

/** @param earlier programs of that process, the oldest first */
export function programAt(
  process: HistoryProcess,
  earlier: readonly EarlierProgram[],
  timeNs: bigint,
): HistoryProgram {
  return earlier.find(({ untilNs }) => untilNs > timeNs) ?? process;
}
