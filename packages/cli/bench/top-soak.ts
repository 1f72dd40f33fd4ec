// Does a live view stay as small as it is? Memory and CPU of `waggle top`, minute by minute, while programs come and go and
// somebody looks through its views. To have no more than that load:
//
//   unshare --pid --fork --mount-proc --kill-child bun bench/top-soak.ts [MINUTES=60] [PROGRAMS_A_SECOND=100] [WAITING=100]
//
// It shows what is in its PID namespace. What else the host does costs it time all the same: the table has the host's. With 0
// programs a second the load is that of somebody else in the namespace.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peakMegabytes } from '../../../bench/process-usage.ts';
import { type BenchRow, saveRows } from '../../../bench/rows.ts';
import { LiveTop } from './live-top.ts';
import { type CurvePoint, endsText, ProcessCurve } from './process-curve.ts';
import { Load } from './soak/mixed-load.ts';

const MINUTE_MS = 60_000;
/** Minutes that are the beginning and the end, whose medians are compared. */
const ENDS = 10;
const BUSY = 0.2;
const [minutes = 60, rate = 100, waiting = 100] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'waggle-bench-'));

/** Each of its views, minute by minute. */
const VIEWS = ['1', '2', '3', '4'];

function row({ minute, cpuPercent, megabytes, forks, busy, load }: CurvePoint): string {
  return [
    String(minute).padStart(6),
    cpuPercent.toFixed(2).padStart(6),
    megabytes.toFixed(0).padStart(5),
    forks.toFixed(0).padStart(9),
    busy.toFixed(2).padStart(10),
    load.toFixed(1).padStart(6),
  ].join(' ');
}

const top = new LiveTop(folder);
try {
  await top.shows('quit');
  using _load =
    rate > 0 ? new Load(join(folder, 'load'), { rate, waiting, busy: BUSY }) : undefined;
  console.log(`top for ${minutes} min, ${rate} programs/s, ${waiting} that wait`);
  console.log('minute  CPU %    MB   forks/s  busy CPUs   load (the last three: host)');
  const began = Date.now();
  const curve = new ProcessCurve(top.pid);
  for (let minute = 1; minute <= minutes; minute++) {
    top.type(VIEWS[minute % VIEWS.length] ?? '1');
    await Bun.sleep(began + minute * MINUTE_MS - Date.now());
    console.log(row(curve.add(minute)));
  }
  const ends = curve.ends(ENDS);
  const peak = peakMegabytes(top.pid);
  console.log(
    `MB, medians of the first and the last ${ENDS} minutes: ${endsText(ends, peak)}; ${top.lost()} events lost`,
  );
  const what = `top, ${rate} programs/s for ${minutes} min`;
  saveRows(import.meta.dir, 'top-soak', [
    {
      what: `${what}: memory at the end`,
      value: ends.last.megabytes,
      unit: 'MB',
      goal: '≤ 130 MB',
    },
    { what: `${what}: memory at most`, unit: 'MB', value: peak },
  ] satisfies BenchRow[]);
  await top.quit();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
