// `record -e` with perf's own events: what is counted is what the process itself was told, and several events
// are values of one profile.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePprof } from '@waggle/formats';
import { parseFolded, samples, samplesUnder } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const PAGES = 20_000;

function near(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(expected / 1000 + 10);
}

describe('record -e with perf events', () => {
  kernelTest('page faults are those of getrusage, each with its whole stack', async () => {
    const path = join(freshFolder(), 'out.folded');
    const { code, stdout, stderr } = await Waggle.run([
      ...['record', '-e', 'page-faults', '-o', path, '--', workload('faults'), `${PAGES}`],
    ]);
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const stacks = parseFolded(readFileSync(path, 'utf8'));
    near(samples(stacks), Number(stdout));
    // The first of them come before a table could have been read.
    for (const caller of ['touch_first', 'touch_second'])
      near(samplesUnder(stacks, 'main', caller, 'touch'), PAGES / 2);
  });

  kernelTest('every hundredth fault, where a period says so', async () => {
    const path = join(freshFolder(), 'out.folded');
    await Waggle.run([
      ...['record', '-e', 'page-faults', '-c', '100', '-o', path],
      ...['--', workload('faults'), `${PAGES}`],
    ]);
    const count = samples(parseFolded(readFileSync(path, 'utf8')));
    // Each CPU counts for itself.
    expect(count).toBeGreaterThanOrEqual(PAGES / 100 - 5);
    expect(count).toBeLessThanOrEqual(PAGES / 100 + 5);
  });

  kernelTest(
    'CPU time and faults are values of one pprof, and a file each where it has room for one',
    async () => {
      const folder = freshFolder();
      const { code, stderr } = await Waggle.run([
        ...['record', '-e', 'cpu-clock', '-e', 'page-faults', '-F', '999'],
        ...['-o', join(folder, 'x.pb.gz'), '-o', join(folder, 'x.folded')],
        ...['--', workload('faults'), '200000'],
      ]);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      const { profile } = { profile: parsePprof(readFileSync(join(folder, 'x.pb.gz'))) };
      expect(profile.values?.types.map(({ type }) => type)).toEqual(['cpu-clock', 'page-faults']);
      const inFile = (name: string) =>
        samples(parseFolded(readFileSync(join(folder, name), 'utf8')));
      expect(inFile('x.page-faults.folded')).toBeGreaterThan(200_000);
      expect(inFile('x.cpu-clock.folded')).toBeGreaterThan(0);
    },
  );

  kernelTest('context switches of who waits', async () => {
    const { stdout } = await Waggle.run([
      ...[
        'record',
        '-e',
        'context-switches',
        '-o',
        '-',
        '--',
        workload('called'),
        'sleep',
        '200',
        '1',
      ],
    ]);
    const stacks = parseFolded(stdout);
    expect(samples(stacks, ({ frames }) => frames.includes('nap'))).toBeGreaterThanOrEqual(200);
  });

  kernelTest(
    'an event that there is not, or not here, is one line, and the command is not run',
    async () => {
      const failing = async (...args: string[]) => {
        const { code, stdout, stderr } = await Waggle.run([
          ...['record', ...args, '-o', join(freshFolder(), 'x.svg'), '--', 'echo', 'was run'],
        ]);
        expect(stdout).not.toContain('was run');
        expect(stderr.trimEnd().split('\n')).toHaveLength(1);
        expect(code).toBe(2);
        return stderr;
      };
      expect(await failing('-e', 'page-fault')).toContain('did you mean page-faults?');
      expect(await failing('-e', 'page-faults:z')).toContain('only u (user space), k (kernel)');
      expect(await failing('-e', 'page-faults', '-F', '99', '-c', '7')).toContain('not both');
      expect(await failing('-e', 'page-faults', '--weight', 'arg1')).toContain('is about probes');
      expect(await failing('-e', 'page-faults', '--weight', 'arg7')).toContain('arg1 to arg6');
    },
  );
});
