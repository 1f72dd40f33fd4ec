// Compares ways to wait for ring buffer records: CPU while nothing happens, latency and CPU at
// three rates. What came out, and what was chosen: docs/adr/0001-waiting.md.
//
//   bun bench/waiting.ts          all strategies, about seven minutes
//   bun bench/waiting.ts --quick  only the one that is used, about fifty seconds

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { bpfObject, cProgram } from '../test/support/compile.ts';
import type { StrategyResult } from './waiting/reader.ts';
import { CHOSEN, STRATEGIES } from './waiting/strategy.ts';

const IDLE_SECONDS = 6;
const RATE_SECONDS = 4;

const reader = fileURLToPath(new URL('./waiting/reader.ts', import.meta.url));
const deno = fileURLToPath(new URL('../../../node_modules/.bin/deno', import.meta.url));
const COMMANDS = {
  bun: [process.execPath, reader],
  deno: [deno, 'run', '-A', '--no-check', '--no-lock', reader],
} as const;

const object = bpfObject('waiting');
const eventSource = cProgram('bench/waiting/event-source.c', ['-lbpf', '-lm']);

function measure(runtime: keyof typeof COMMANDS, index: number): StrategyResult {
  const [command, ...args] = COMMANDS[runtime];
  const parameters = [index, object, eventSource, IDLE_SECONDS, RATE_SECONDS].map(String);
  const { status, stdout } = spawnSync(command, [...args, ...parameters], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`${runtime} ended with ${status}`);
  const result = JSON.parse(stdout) as StrategyResult;
  for (const { rate, lost } of result.rates)
    if (lost !== 0) throw new Error(`${result.name}: ${lost} records missing at ${rate}/s`);
  return result;
}

function line(runtime: string, { name, wakeup, idleCpuPercent, rssMb, rates }: StrategyResult) {
  const cells = rates.flatMap(({ p50Ms, p99Ms, cpuPercent, sourceCpuPerEventUs }) => [
    `${p50Ms.toFixed(2)} / ${p99Ms.toFixed(1)}`,
    cpuPercent.toFixed(1),
    sourceCpuPerEventUs.toFixed(2),
  ]);
  return [runtime, name, wakeup, idleCpuPercent.toFixed(2), rssMb.toFixed(0), ...cells];
}

const RATE_HEADS = ['10/s', '1k/s', '50k/s'].flatMap((rate) => [
  `${rate} p50 / p99 ms`,
  'CPU %',
  'µs/event at source',
]);
const HEAD = ['runtime', 'strategy', 'wake-up', 'idle CPU %', 'RSS MB', ...RATE_HEADS];

const quick = process.argv.includes('--quick');
const row = (cells: readonly string[]) => console.log(`| ${cells.join(' | ')} |`);
row(HEAD);
row(HEAD.map(() => '---'));
for (const [index, strategy] of STRATEGIES.entries()) {
  for (const runtime of strategy.runtimes) {
    if (quick && strategy !== CHOSEN) continue;
    const result = measure(runtime, index);
    row(line(runtime, result));
    if (strategy !== CHOSEN || runtime !== 'bun') continue;
    const rows: BenchRow[] = [
      {
        what: 'waiting, idle CPU of one CPU',
        value: result.idleCpuPercent,
        unit: '%',
        goal: '< 1 %',
      },
      ...result.rates.flatMap(({ rate, p99Ms, cpuPerEventUs }) => [
        { what: `waiting, latency p99 at ${rate} events/s`, value: p99Ms, unit: 'ms' },
        { what: `waiting, reader CPU at ${rate} events/s`, value: cpuPerEventUs, unit: 'µs/event' },
      ]),
    ];
    saveRows(import.meta.dir, 'waiting', rows);
  }
}
