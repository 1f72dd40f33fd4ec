// Storms of what is watched: starts and ends while events are written in each form, switches and forks while time
// off the CPU is recorded. Everything ends in time and in bounded memory, and nothing is missing without being counted.

import { Database } from 'bun:sqlite';
import { expect } from 'bun:test';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BoundedRecorder, expectBounded, MEBIBYTE } from '../support/burners.ts';
import { eventually } from '../support/deadline.ts';
import { faultRow } from '../support/fault-row.ts';
import { parseFolded, samples } from '../support/folded.ts';
import { TestProcess } from '../support/processes.ts';
import { Waggle } from '../support/waggle.ts';
import { freshFolder, workload } from '../support/workloads.ts';

const area = 'storms';
const recorder = BoundedRecorder.forFile();

const PROCESSES = 3000;
const storm = ['--', workload('storm'), String(PROCESSES), '0', workload('exit_with')];
/** Of each process an exec and an exit, and the storm's own; files and sums have forks as well. */
const eventsOf = ({ args, file }: Form): number =>
  (file !== undefined || args.includes('--summary') ? 3 : 2) * PROCESSES + 2;
/** On a host that is as busy as ten others. */
const MAX_SECONDS = 95;

const linesOf = (text: string): number => text.split('\n').filter((line) => line !== '').length;

function rowsOf(path: string): number {
  using sql = new Database(path, { readonly: true });
  const { n } = sql
    .query(
      'SELECT (SELECT count(*) FROM fork) + (SELECT count(*) FROM exec) + (SELECT count(*) FROM exit) AS n',
    )
    .get() as { n: number };
  return n;
}

interface Form {
  readonly args: readonly string[];
  /** The name of its file. */
  readonly file?: string;
  /** How many events are in what was written, where that can be told; losses are an event too. */
  readonly count?: (stdout: string, path: string) => number;
}

const FORMS: readonly Form[] = [
  { args: ['--json'], count: linesOf },
  { args: ['--json', '--environ', '--tree'], count: linesOf },
  { args: ['--json', '--shell-command'], count: linesOf },
  { args: [] },
  { args: ['--tree'] },
  { args: ['--summary'] },
  { args: ['--failed'] },
  { args: [], file: 'out.jsonl', count: (_, path) => linesOf(readFileSync(path, 'utf8')) },
  { args: [], file: 'out.csv', count: (_, path) => linesOf(readFileSync(path, 'utf8')) - 1 },
  { args: [], file: 'out.db', count: (_, path) => rowsOf(path) },
  { args: [], file: 'out.html' },
  { args: [], file: 'out.pftrace' },
];

for (const shape of FORMS) {
  const { args, file, count } = shape;
  const form = [...args, ...(file === undefined ? [] : [`-o ${file}`])].join(' ');
  faultRow(
    {
      area,
      what: `${PROCESSES.toLocaleString('en')} programs start and end as fast as they can under trace ${form}`,
      holds: 'it ends in time with 0 events lost or says how many, and everything else is there',
      times: [1, 5],
    },
    async () => {
      const path = join(freshFolder(), file ?? '');
      const output = file === undefined ? [] : ['-o', path];
      const startedAt = performance.now();
      const { code, stdout, stderr } = await Waggle.run(['trace', ...args, ...output, ...storm]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/ events, /) });
      expect((performance.now() - startedAt) / 1000).toBeLessThan(MAX_SECONDS);
      const [, delivered, lost] = /^waggle: (\d+) events, (\d+) lost/m.exec(stderr) ?? [];
      // Those that --failed does not want are counted apart.
      if (!args.includes('--failed'))
        expect(Number(delivered) + Number(lost)).toBe(eventsOf(shape));
      if (lost === '0' && count !== undefined) expect(count(stdout, path)).toBe(Number(delivered));
      if (file !== undefined) expect(statSync(path).size).toBeGreaterThan(20_000);
      else expect(stdout.length).toBeGreaterThan(args.includes('--failed') ? -1 : 100);
    },
  );
}

for (const [what, command, wants] of [
  [
    'pairs of processes that switch as fast as they can, on every CPU',
    () => [workload('switches'), String(navigator.hardwareConcurrency), '60'],
    'switches',
  ],
  [
    'programs that start and end as fast as they can',
    () => [workload('storm'), '1000000', '0', workload('exit_with')],
    undefined,
  ],
  [
    'threads that start and end as fast as they can, on every CPU',
    () => [workload('floods'), 'threads', '60'],
    undefined,
  ],
] as const)
  for (const options of [
    ['--off-cpu'],
    ['--off-cpu', '--wakers'],
    ['--wall', '--group-by', 'thread'],
  ])
    faultRow(
      {
        area,
        what: `record ${options.join(' ')} of a host with ${what}`,
        holds: 'it ends in time and in bounded memory, and has what they waited for',
        times: [options.length === 1 ? 1 : 0, 3],
      },
      async () => {
        await using stormy = new TestProcess(['nice', '-n', '10', ...command()]);
        await eventually('the storm', () => Bun.file(`/proc/${stormy.pid}/comm`).exists());
        const result = await recorder.run('-a', ...options, '-d', '2');
        expectBounded(result, MAX_SECONDS);
        expect(result.maxRss).toBeLessThan(700 * MEBIBYTE);
        const stacks = parseFolded(readFileSync(recorder.output, 'utf8'));
        expect(samples(stacks)).toBeGreaterThan(0);
        if (wants === undefined) return;
        const own = stacks.filter(({ frames }) => frames[0]?.startsWith(wants));
        expect(samples(own)).toBeGreaterThan(0);
      },
    );
