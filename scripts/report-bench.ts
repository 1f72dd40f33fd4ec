// One Markdown table of what the benchmarks measured, ready for docs/benchmarks.md. A package's
// "bench" script prints for people while it runs and leaves its rows in .bench-results/*.json, each
// file an array of BenchRow. What could not be measured here is a row too, with the reason.

import { readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';

export interface BenchRow {
  /** What was measured, with the size of the work: `ring reader, 512-byte records`. */
  readonly what: string;
  readonly value?: number;
  /** Unit of `value` and of `versus.value`: `ns/record`, `µs/exec`, `MB`. */
  readonly unit?: string;
  /** The same work done by something else in the same run. */
  readonly versus?: { readonly name: string; readonly value: number };
  /** The goal in words: `≤ 1.6×`. */
  readonly goal?: string;
  /** Why there is no value. */
  readonly skipped?: string;
}

function format(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function columns({ what, value, unit = '', versus, goal = '', skipped }: BenchRow): string[] {
  if (value === undefined)
    return [what, `not measured: ${skipped ?? 'no reason given'}`, '', '', goal];
  const measured = `${format(value)} ${unit}`.trim();
  if (!versus) return [what, measured, '', '', goal];
  const other = `${versus.name}: ${format(versus.value)} ${unit}`.trim();
  return [what, measured, other, `${format(value / versus.value)}×`, goal];
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

export function benchTable(rows: readonly BenchRow[]): string {
  const head = ['what', 'waggle', 'compared with', 'ratio', 'goal'];
  const body = rows.map((row) => line(columns(row)));
  return [line(head), line(head.map(() => '---')), ...body].join('\n');
}

if (import.meta.main) {
  const files = ['packages/*', 'tests'].flatMap((place) => {
    const paths = new Bun.Glob(`${place}/.bench-results/*.json`).scanSync({ dot: true });
    return [...paths].sort();
  });
  const rows = files.flatMap((path): BenchRow[] => JSON.parse(readFileSync(path, 'utf8')));
  if (rows.length === 0) {
    console.error('no benchmark left rows in .bench-results/');
    process.exit(1);
  }
  const date = new Date().toISOString().slice(0, 10);
  console.log(
    `\n${date}, Linux ${release()}, ${availableParallelism()} CPUs, Bun ${Bun.version}\n`,
  );
  console.log(benchTable(rows));
}
