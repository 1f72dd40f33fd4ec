// Does an agent stay as small as it is? Memory and CPU, minute by minute, under 20 times the load of the host that its goals
// are for: 200 programs a second, and half of a CPU busy (soak/mixed-load.ts). To have no more than that load:
//
//   unshare --pid --fork --mount-proc --kill-child bun bench/agent-soak.ts [MINUTES=90] [PROGRAMS_A_SECOND=200] [WAITING=800]
//     [BUSY=0.2] [-- OPTIONS OF waggle agent]
//
// The agent sees what is in its PID namespace. What else the host does costs it time all the same: the table has the host's.

import { Database } from 'bun:sqlite';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { peakMegabytes } from '../../../bench/process-usage.ts';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { type CurvePoint, endsText, ProcessCurve } from './process-curve.ts';
import { Load } from './soak/mixed-load.ts';

const MINUTE_MS = 60_000;
/** Minutes that are the beginning and the end, whose medians are compared. */
const ENDS = 10;

const split = process.argv.indexOf('--');
const numbers = process.argv.slice(2, split < 0 ? undefined : split).map(Number);
const [minutes = 90, rate = 200, waiting = 800, busy = 0.2] = numbers;
const options = split < 0 ? [] : process.argv.slice(split + 1);
const folder = mkdtempSync('/var/tmp/waggle-soak-');
const store = join(folder, 'store');
const waggle = join(resolve(import.meta.dir, '../../..'), 'waggle');

const agent = spawn(waggle, ['agent', '--store', store, ...options], {
  stdio: ['ignore', 'ignore', 'pipe'],
});
const pid = agent.pid ?? 0;
let said = '';
agent.stderr.on('data', (text) => {
  said += text;
});

interface Written {
  readonly processes: number;
  readonly failures: number;
}

/** Rows until now, by their numbers. */
function written(database: Database): Written {
  const last = (table: string): number => {
    const { id } = database.query(`SELECT max(id) AS id FROM ${table}`).get() as {
      readonly id: number | null;
    };
    return id ?? 0;
  };
  return { processes: last('process'), failures: last('failure') };
}

function row(point: CurvePoint, perSecond: Written): string {
  const { minute, cpuPercent, megabytes, forks, busy, load } = point;
  return [
    String(minute).padStart(6),
    cpuPercent.toFixed(2).padStart(6),
    megabytes.toFixed(0).padStart(5),
    perSecond.processes.toFixed(0).padStart(12),
    perSecond.failures.toFixed(0).padStart(9),
    forks.toFixed(0).padStart(9),
    busy.toFixed(2).padStart(10),
    load.toFixed(1).padStart(6),
  ].join(' ');
}

try {
  while (!said.includes('ready')) {
    if (agent.exitCode !== null) throw new Error(`the agent does not start: ${said}`);
    await Bun.sleep(100);
  }
  using _load = new Load(join(folder, 'load'), { rate, waiting, busy });
  using database = new Database(join(store, 'waggle.db'), { readonly: true });
  const began = Date.now();
  console.log(
    `began at ${new Date(began).toISOString()}: ${rate} programs/s, ${waiting} that wait`,
  );
  console.log(
    'minute  CPU %    MB  processes/s  failed/s  forks/s  busy CPUs   load (the last three: host)',
  );
  const curve = new ProcessCurve(pid);
  let before = written(database);
  for (let minute = 1; minute <= minutes; minute++) {
    await Bun.sleep(began + minute * MINUTE_MS - Date.now());
    if (agent.exitCode !== null) throw new Error(`the agent has ended: ${said}`);
    const point = curve.add(minute);
    const now = written(database);
    const perSecond = {
      processes: (now.processes - before.processes) / 60,
      failures: (now.failures - before.failures) / 60,
    };
    before = now;
    console.log(row(point, perSecond));
  }
  const ends = curve.ends(ENDS);
  const { losses } = database.query('SELECT coalesce(sum(count), 0) AS losses FROM loss').get() as {
    readonly losses: number;
  };
  console.log(
    `MB, medians of the first and the last ${ENDS} minutes: ${endsText(ends, peakMegabytes(pid))}; ${before.processes} processes, ${losses} events lost`,
  );
  const what = `agent, ${rate} programs/s for ${minutes} min`;
  saveRows(import.meta.dir, 'agent-soak', [
    {
      what: `${what}: memory at the end`,
      value: ends.last.megabytes,
      unit: 'MB',
      goal: '≤ 130 MB',
    },
    { what: `${what}: at most`, value: peakMegabytes(pid), unit: 'MB' },
    { what: `${what}: CPU at the end`, value: ends.last.cpuPercent, unit: '% of a CPU' },
  ] satisfies BenchRow[]);
} finally {
  const ended = new Promise((done) => agent.once('exit', done));
  agent.kill('SIGTERM');
  await ended;
  console.log(said.trim());
  rmSync(folder, { recursive: true, force: true });
}
