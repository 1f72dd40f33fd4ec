// One Markdown table of what the benchmarks measured, ready for docs/benchmarks.md, of the rows that they
// saved (bench/rows.ts). What could not be measured here is a row too, with the reason.

import { availableParallelism, release } from 'node:os';
import { type BenchRow, savedRows } from '../bench/rows.ts';

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
  const rows = ['packages/*', 'tests'].flatMap(savedRows);
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
