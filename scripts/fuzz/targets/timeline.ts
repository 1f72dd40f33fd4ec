// Recordings of events, as `convert` reads them; what is read is written in every form.

import {
  csvRow,
  PerfettoEvents,
  ProcessHistory,
  parseEvent,
} from '../../../packages/timeline/src/index.ts';
import { packHistory } from '../../../packages/timeline/src/page/pack.ts';
import { type FuzzTarget, never } from '../target.ts';

const decoder = new TextDecoder();

export const timelineTargets: readonly FuzzTarget[] = [
  {
    name: 'events',
    run(input) {
      const history = new ProcessHistory();
      const perfetto = new PerfettoEvents();
      for (const line of decoder.decode(input).split('\n')) {
        const event = parseEvent(line);
        if (event === undefined) continue;
        csvRow(event);
        perfetto.add(event);
        history.add(event);
      }
      perfetto.take();
      const { processes } = packHistory(history);
      const isOdd = (value: number) => !Number.isFinite(value);
      const odd = [processes.start, processes.length, processes.critical].some((list) =>
        list.some(isOdd),
      );
      if (odd || processes.length.some((length) => length < 0))
        throw new Error('a time of a process is no time');
    },
    refuses: never,
  },
];
