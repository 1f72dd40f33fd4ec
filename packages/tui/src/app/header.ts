/** The two lines at the top: how the host is, and what is shown of it. */

import { printable, shortSize } from '@waggle/text';
import { columnsOf, cut } from '@waggle/text/columns';
import type { Screen } from '../screen/screen.ts';
import { sparkline } from '../screen/units.ts';
import type { View, ViewName } from '../views/view.ts';

export interface HostMemory {
  readonly usedBytes: number;
  readonly totalBytes: number;
}

export interface HostFigures {
  readonly host: string;
  /** Of one CPU, by samples, a value for each collection. */
  readonly cpuPercent: readonly number[];
  readonly cpus: number;
  readonly processes: number;
  /** Undefined where it is not known. */
  readonly memory: HostMemory | undefined;
  /** A second, a value for each collection. */
  readonly execs: readonly number[];
  readonly lostEvents: number;
  readonly lostSamples: number;
}

/** Columns of the bars; on narrow screens the figures behind them have the room. */
const SPARK = 12;
const SHORT_SPARK = 4;
const SHORT_BELOW = 100;
const WIDE_FROM = 110;

export function drawHeader(
  screen: Screen,
  figures: HostFigures,
  views: readonly View[],
  current: ViewName,
  status: string,
  now: number,
): void {
  screen.fill(0, 0, screen.width, Math.min(screen.height, 2), { bg: 'panel' });
  let x = 0;
  const put = (text: string, paint: Parameters<Screen['put']>[3] = {}): void => {
    x += screen.put(x, 0, text, { bg: 'panel', fg: 'text', ...paint });
  };
  const { cpuPercent, execs, cpus } = figures;
  const spark = screen.width < SHORT_BELOW ? SHORT_SPARK : SPARK;
  put(' waggle top ', { fg: 'accent', bold: true });
  put(`${printable(figures.host)}  ${new Date(now).toTimeString().slice(0, 8)}  `, { fg: 'dim' });
  put('CPU ');
  put(sparkline(cpuPercent, spark, cpus * 100), { fg: 'accent' });
  // Nothing has been sampled in the first moments.
  const cpu = cpuPercent.at(-1);
  put(` ${cpu === undefined ? '-' : Math.round(cpu)}/${cpus * 100} %  `);
  // On narrow ones there is room for what only we have.
  const { memory } = figures;
  if (memory !== undefined && screen.width >= WIDE_FROM)
    put(`mem ${shortSize(memory.usedBytes)}/${shortSize(memory.totalBytes)}  `);
  put(`${figures.processes} ${figures.processes === 1 ? 'process' : 'processes'}  `);
  put('exec/s ');
  put(sparkline(execs, spark, Math.max(...execs, 1)), { fg: 'accent' });
  put(` ${Math.round(execs.at(-1) ?? 0)}  `);
  const { lostEvents, lostSamples } = figures;
  if (lostEvents + lostSamples > 0)
    put(`lost ${lostEvents} events, ${lostSamples} samples`, { fg: 'bad', bold: true });
  if (screen.height < 2) return;
  x = 0;
  views.forEach(({ name, title }, index) => {
    const here = name === current;
    const label = ` ${index + 1} ${title} `;
    x += screen.put(x, 1, label, {
      bg: here ? 'selection' : 'panel',
      fg: here ? 'text' : 'dim',
      bold: here,
      inverse: here,
    });
  });
  const room = screen.width - x - 1;
  const shown = cut(status, room);
  if (room > 0)
    screen.put(screen.width - columnsOf(shown) - 1, 1, shown, { bg: 'panel', fg: 'accent' });
}
