// One table of what the benchmarks measured, of the rows that they saved (bench/rows.ts): Markdown, ready for
// docs/benchmarks.md, on stdout, and JSON beside it in .bench-results/bench.json. What could not be measured here
// is a row too, with the reason.

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { type BenchRow, savedRows } from '../bench/rows.ts';
import type { Spread } from '../bench/samples.ts';

function format(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function measured(value: number, unit: string, spread: Spread | undefined): string {
  const between = spread === undefined ? '' : ` (${spread.map(format).join(' to ')})`;
  return `${`${format(value)} ${unit}`.trim()}${between}`;
}

function goalOf({ goal, maxRatio }: BenchRow): string {
  return goal ?? (maxRatio === undefined ? '' : `≤ ${maxRatio}×`);
}

function columns(row: BenchRow): string[] {
  const { what, value, unit = '', versus, spread, skipped } = row;
  const goal = goalOf(row);
  if (value === undefined)
    return [what, `not measured: ${skipped ?? 'no reason given'}`, '', '', goal];
  const ours = measured(value, unit, spread);
  if (!versus) return [what, ours, '', '', goal];
  const other = `${versus.name}: ${measured(versus.value, unit, versus.spread)}`;
  return [what, ours, other, `${format(value / versus.value)}×`, goal];
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
  mkdirSync('.bench-results', { recursive: true });
  const machine = { date, linux: release(), cpus: availableParallelism(), bun: Bun.version };
  writeFileSync('.bench-results/bench.json', `${JSON.stringify({ ...machine, rows }, null, 2)}\n`);
}
