// What a process without any right says of itself in /proc, where root traces or records: it costs root
// neither time nor memory, and nobody else his events.

import { expect } from 'bun:test';
import { chownSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BoundedRecorder, expectBounded, MEBIBYTE, NOBODY } from '../support/burners.ts';
import { eventually } from '../support/deadline.ts';
import { faultRow } from '../support/fault-row.ts';
import { parseFolded, samples, samplesWith } from '../support/folded.ts';
import { TestProcess } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { workload, workloadNamed } from '../support/workloads.ts';

const area = 'hostile-processes';
/** The command is bundled then. */
const recorder = BoundedRecorder.forFile();

/** Each says that it has as many arguments as a command line is read of, were it not for a bound. */
const CLAIMANTS = 20;
const FORKS = 20;
const SECONDS = 60;
/** A quiet trace takes 75 MB. */
const MAX_RSS = 250 * MEBIBYTE;
/** A line has 16 KiB of arguments at most: each empty one is three characters. */
const MAX_LINE = 4 * 16 * 1024;

faultRow(
  {
    area,
    what: `${CLAIMANTS} of nobody's processes say that they have millions of arguments, and one of them forks on and on`,
    holds:
      'a trace starts in time and in bounded memory, its lines are no longer than others, and it loses nothing',
    times: [1, 5],
  },
  async () => {
    await using claimants = new AsyncDisposableStack();
    for (let index = 0; index < CLAIMANTS; index++) {
      const forks = index === 0 ? [String(FORKS)] : [];
      const command = [workload('claims_arguments'), '4', String(SECONDS), ...forks];
      const claimant = claimants.use(new TestProcess(command, { uid: NOBODY }));
      await eventually('it to claim', () => claimant.stdout.includes('claimed'));
    }
    const startedAt = performance.now();
    await using waggle = await Waggle.trace(['--duration', '3']);
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    let maxRss = 0;
    const watch = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${waggle.pid}/status`, 'utf8');
        maxRss = Math.max(maxRss, Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024);
      } catch {
        // It has ended.
      }
    }, 50);
    const { code, stdout, stderr } = await waggle.result().finally(() => clearInterval(watch));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(', 0 lost') });
    expect(maxRss).toBeLessThan(MAX_RSS);
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.includes('"claims_argument"')).length).toBeGreaterThan(10);
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(MAX_LINE);
  },
);

const LONG_MAPS = 3;
const PROGRAM = 'hot_beside';

for (const churn of [false, true])
  faultRow(
    {
      area,
      what: `${LONG_MAPS} of nobody's processes have 65,400 mappings each, with paths of 4 KiB${churn ? ', and map on and on' : ''}`,
      holds:
        'a recording of the host ends in time and in bounded memory, and another program has its names',
      times: [1, 5],
      timeoutMs: 300_000,
    },
    async () => {
      await using mapped = new AsyncDisposableStack();
      const pids: number[] = [];
      for (let index = 0; index < LONG_MAPS; index++) {
        const folder = join(recorder.folder, `maps-${churn}-${index}`);
        mkdirSync(folder, { recursive: true });
        chownSync(folder, NOBODY, NOBODY);
        const command = ['nice', '-n', '19', workload('many_mappings'), folder, '120'];
        const options = { uid: NOBODY };
        const one = mapped.use(new TestProcess([...command, ...(churn ? ['on'] : [])], options));
        pids.push(one.pid);
        await eventually('it to map', () => one.stdout.includes('mapped'));
      }
      await using hot = new TestProcess([workloadNamed('named_burn', PROGRAM), '100000']);
      const result = await recorder.recorded([...pids, hot.pid]);
      expectBounded(result);
      expect(result.maxRss).toBeLessThan(600 * MEBIBYTE);
      const own = parseFolded(readFileSync(recorder.output, 'utf8')).filter(
        ({ frames }) => frames[0] === PROGRAM,
      );
      expect(samples(own)).toBeGreaterThan(3);
      expect(samplesWith(own, PROGRAM)).toBeGreaterThan(0.9 * samples(own));
    },
  );
