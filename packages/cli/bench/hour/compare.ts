// What `waggle history` says of the known processes, against what is known.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { KnownFailure, KnownProcess } from './known-processes.ts';

/** What of a line of `waggle history --json` is looked at. */
interface HistoryLine {
  readonly event: 'process' | 'failed-exec';
  readonly pid: number;
  readonly argv: readonly string[] | null;
  readonly filename: string | null;
  readonly uid: number | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly userNs: string | null;
  readonly systemNs: string | null;
  readonly maxRssBytes: string | null;
  readonly writeBytes: string | null;
  readonly end: string | null;
  readonly error?: string;
}

export interface Comparison {
  readonly known: number;
  readonly found: number;
  /** In words, each process that is missing, there twice, or has another outcome or arguments. */
  readonly wrong: readonly string[];
  /** The largest difference of each resource, and whose, in words. */
  readonly largest: readonly string[];
  readonly lines: number;
}

/** Lines of a command that have the mark. */
export async function linesOf(
  command: readonly string[],
  mark: string,
): Promise<{ readonly lines: HistoryLine[]; readonly all: number }> {
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: HistoryLine[] = [];
  let all = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    all++;
    if (line.includes(mark)) lines.push(JSON.parse(line) as HistoryLine);
  }
  return { lines, all };
}

export function compare(
  lines: readonly HistoryLine[],
  processes: readonly KnownProcess[],
  failures: readonly KnownFailure[],
  all: number,
): Comparison {
  const byArguments = new Map<string, HistoryLine[]>();
  for (const line of lines) {
    if (line.event !== 'process') continue;
    const key = JSON.stringify(line.argv);
    byArguments.set(key, [...(byArguments.get(key) ?? []), line]);
  }
  const wrong: string[] = [];
  const largest = new Map<string, { readonly by: number; readonly text: string }>();
  let found = 0;
  for (const known of processes) {
    const name = `${known.kind} ${JSON.stringify(known.argv).slice(0, 200)}`;
    const rows = (byArguments.get(JSON.stringify(known.argv)) ?? []).filter(
      ({ pid }) => known.pid === 0 || pid === known.pid,
    );
    const [row] = rows;
    if (row === undefined || rows.length > 1) {
      wrong.push(`${name}: ${rows.length} rows`);
      continue;
    }
    found++;
    const outcome = [row.exitCode, row.signal, row.uid];
    const right = [known.exitCode, known.signal, known.uid];
    if (JSON.stringify(outcome) !== JSON.stringify(right))
      wrong.push(`${name}: ${JSON.stringify(outcome)} for ${JSON.stringify(right)}`);
    if (row.end === null) wrong.push(`${name}: has not ended`);
    if (known.pid === 0) continue;
    const used: Readonly<Record<string, readonly [number, number]>> = {
      'ms of CPU time': [(Number(row.userNs) + Number(row.systemNs)) / 1e6, known.cpuMs],
      'bytes of peak memory': [Number(row.maxRssBytes), known.maxRssBytes],
      'bytes written': [Number(row.writeBytes), known.writeBytes],
    };
    for (const [unit, [kept, right]] of Object.entries(used)) {
      const by = Math.abs(kept - right);
      if (right >= 0 && by >= (largest.get(unit)?.by ?? 0))
        largest.set(unit, { by, text: `${kept} for ${right} ${unit} (${known.kind})` });
    }
  }
  for (const { mark, error } of failures) {
    const rows = lines.filter(
      (line) => line.event === 'failed-exec' && line.filename?.endsWith(`/${mark}`),
    );
    if (rows.length === 1 && rows[0]?.error === error) found++;
    else wrong.push(`${mark}: ${rows.length} failed execs, ${rows[0]?.error}`);
  }
  const known = processes.length + failures.length;
  return {
    known,
    found,
    wrong,
    largest: [...largest.values()].map(({ text }) => text),
    lines: all,
  };
}
