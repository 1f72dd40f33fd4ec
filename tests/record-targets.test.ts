// What `record` leaves out and what it keeps: by cgroup, container, user, thread, name and CPU. Each program burns
// in a function of its own name's program, so that whose samples are there is seen in the roots of the stacks.

import { afterAll, describe, expect, test } from 'bun:test';
import { cpSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cgroupMount, newCgroup } from './support/cgroups.ts';
import { eventually } from './support/deadline.ts';
import { execsOf } from './support/events.ts';
import {
  type FoldedStack,
  parseFolded,
  samples,
  samplesUnder,
  samplesWith,
} from './support/folded.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { run, TestProcess } from './support/processes.ts';
import { Recorded } from './support/recorded.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

/** ms of CPU, of each of two threads: some 150 samples. */
const BURN = ['150', '150'] as const;

const folder = freshFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** A program of that name, which burns. */
function burner(name: string): string {
  const path = join(folder, name);
  cpSync(workload('named_threads'), path);
  return path;
}

const inside = burner('inside');
const outside = burner('outside');

/** The same file twice: a probe of one would not be hit by a copy. */
const faults = workload('faults');
const outsideFaults = join(folder, 'other_faults');
linkSync(faults, outsideFaults);

/** What the tests start, waggle too: a recording of a busy host takes its time to find names. */
const OURS = ['-p', String(process.pid)] as const;

const burning = (stacks: readonly FoldedStack[]) =>
  stacks.filter(({ frames }) => frames.includes('burn'));
const burners = (stacks: readonly FoldedStack[]) =>
  [...new Set(burning(stacks).map(({ frames }) => frames[0]))].sort();

const mount = cgroupMount('v2');
const noCgroups = mount === undefined ? 'no cgroup v2 is mounted' : undefined;
/** As docker's scopes are called. */
const containerName = (digits: string) => `docker-${digits.padEnd(64, '0')}.scope`;

describe('record', () => {
  optionalKernelTest(
    '--cgroup gives what runs there or below, also where it is made again',
    noCgroups,
    async () => {
      await using wanted = newCgroup(mount ?? '', `waggle-test-${process.pid}-record`);
      const again = burner('again');
      const { stacks } = await Recorded.during(['--cgroup', wanted.path], async () => {
        await wanted.run(inside, ...BURN);
        await wanted.remove();
        mkdirSync(wanted.path);
        await wanted.run(again, ...BURN);
        await run(outside, ...BURN);
      });
      expect(burners(stacks)).toEqual(['again', 'inside']);
      expect(samplesWith(stacks, 'outside')).toBe(0);
    },
  );

  optionalKernelTest(
    '--container takes the beginning of an id, and trace too',
    noCgroups,
    async () => {
      const id = `${process.pid.toString(16)}ab`;
      await using container = newCgroup(mount ?? '', containerName(id));
      await using other = newCgroup(mount ?? '', containerName(`f${id}`));
      const { stacks } = await Recorded.during(['--container', id], async () => {
        await container.run(inside, ...BURN);
        await other.run(outside, ...BURN);
      });
      expect(burners(stacks)).toEqual(['inside']);
      await using waggle = await Waggle.trace(['--container', id]);
      await container.run(inside, '0', '0');
      await other.run(outside, '0', '0');
      const { events } = await waggle.stop();
      expect(execsOf(events, inside).length).toBe(1);
      expect(execsOf(events, outside).length).toBe(0);
    },
  );

  optionalKernelTest('says which containers a beginning fits', noCgroups, async () => {
    const id = `${process.pid.toString(16)}cd`;
    await using _one = newCgroup(mount ?? '', containerName(`${id}1`));
    await using _two = newCgroup(mount ?? '', containerName(`${id}2`));
    const none = 'beef'.repeat(16);
    for (const command of ['record', 'trace'])
      for (const [given, says] of [
        [id, new RegExp(`several containers.*"${id}1.*"${id}2`)],
        [none, /no container runs here/],
      ] as const) {
        const { code, stdout, stderr } = await Waggle.run([command, '--container', given]);
        expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
        expect(stderr).toMatch(says);
        expect(stderr.trim().split('\n').length).toBe(1);
      }
  });

  kernelTest('--uid gives what runs as that user at that moment', async () => {
    const user = 65_533;
    const { stacks } = await Recorded.during(['--uid', String(user)], async () => {
      await run('setpriv', `--reuid=${user}`, '--clear-groups', workload('named_threads'), ...BURN);
      await run(outside, ...BURN);
    });
    expect(burners(stacks)).toEqual(['named_threads']);
    for (const { frames } of stacks) expect(frames[0]).not.toBe('outside');
  });

  kernelTest('--tid gives those threads alone', async () => {
    await using burning = new TestProcess([inside, '60000', '60000']);
    const threads = () =>
      readdirSync(`/proc/${burning.pid}/task`).map(
        (tid) =>
          [
            readFileSync(`/proc/${burning.pid}/task/${tid}/comm`, 'utf8').trim(),
            Number(tid),
          ] as const,
      );
    const tid = await eventually('the thread to have its name', () =>
      new Map(threads()).get('light'),
    );
    const args = ['--tid', String(tid), '--group-by', 'thread', '-d', '700ms'];
    const { stacks, stderr } = await Recorded.of(args);
    expect(stderr).toContain(`recording thread ${tid} at`);
    expect(samples(stacks)).toBeGreaterThan(0);
    for (const { frames } of stacks)
      expect(frames.slice(0, 2)).toEqual([`inside (${burning.pid})`, `light (${tid})`]);
  });

  kernelTest('--comm decides by each image, and by names longer than 15 bytes', async () => {
    const long = burner('a_name_of_more_than_fifteen');
    const { stacks } = await Recorded.during([...OURS, '--comm', '^inside$|fifteen$'], async () => {
      // The same process runs what is wanted after what is not.
      const script = 'i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done; exec "$0" "$@"';
      await run('sh', '-c', script, inside, ...BURN);
      await run('sh', '-c', script, outside, ...BURN);
      await run(long, ...BURN);
    });
    expect(burners(stacks)).toEqual(['a_name_of_more_', 'inside']);
    expect([...new Set(stacks.map(({ frames }) => frames[0]))].sort()).toEqual([
      ...['a_name_of_more_', 'inside'],
    ]);
  });

  const oneCpu = availableParallelism() < 2 ? 'there is one CPU only' : undefined;
  optionalKernelTest('--cpu gives what ran there; --group-by cpu tells it', oneCpu, async () => {
    const onZero = burner('on_zero');
    const onOne = burner('on_one');
    const both = () =>
      Promise.all([
        run('taskset', '-c', '0', onZero, ...BURN),
        run('taskset', '-c', '1', onOne, ...BURN),
      ]);
    const one = await Recorded.during([...OURS, '--cpu', '1'], async () => void (await both()));
    expect(burners(one.stacks)).toEqual(['on_one']);
    const grouped = await Recorded.during(
      [...OURS, '--group-by', 'cpu'],
      async () => void (await both()),
    );
    const places = burning(grouped.stacks).map(({ frames }) => frames.slice(0, 2).join());
    expect([...new Set(places)].sort()).toEqual(['CPU 0,on_zero', 'CPU 1,on_one']);
  });

  kernelTest('--tid is about time off the CPU too', async () => {
    // Its first thread waits for the others.
    await using waiting = new TestProcess([inside, '60000', '60000']);
    const first = String(waiting.pid);
    const args = ['--off-cpu', '--group-by', 'thread', '-d', '700ms'];
    const waits = async (...target: string[]) => {
      const { stacks } = await Recorded.of([...args, ...target]);
      return [...new Set(stacks.map(({ frames }) => frames[1]))];
    };
    expect(await waits('-p', first)).toContain(`inside (${first})`);
    expect(await waits('--tid', first)).toEqual([`inside (${first})`]);
  });

  kernelTest('--uid is about events too', async () => {
    const user = 65_533;
    const asked = ['--uid', String(user), '-e', 'page-faults', '-e', `uprobe:${faults}:touch`];
    const folder = freshFolder();
    const output = ['-o', join(folder, 'x.folded')];
    await using waggle = await Waggle.record([...OURS, ...asked, ...output]);
    await run('setpriv', `--reuid=${user}`, '--clear-groups', faults, '64');
    await run(outsideFaults, '64');
    await waggle.stop('SIGINT');
    const files = readdirSync(folder).map((name) =>
      parseFolded(readFileSync(join(folder, name), 'utf8')),
    );
    expect(files.length).toBe(2);
    for (const stacks of files)
      expect([...new Set(stacks.map(({ frames }) => frames[0]))]).toEqual(['faults']);
    expect(Math.min(...files.map((stacks) => samplesUnder(stacks, 'main')))).toBeGreaterThan(0);
  });

  kernelTest('leaves waggle itself out, unless it is asked for', async () => {
    const own = async (...args: string[]) => {
      const path = join(freshFolder(), 'out.folded');
      const options = [...OURS, '--group-by', 'process', '-F', '999', '-d', '1s', '-o', path];
      await using waggle = await Waggle.record([...options, ...args]);
      await waggle.result();
      return readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line.includes(` (${waggle.pid});`)).length;
    };
    expect(await own()).toBe(0);
    expect(await own('--include-self')).toBeGreaterThan(0);
  });
});

describe('a target that there is not ends with 2 and one line', () => {
  const mistakes: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['--cpu', '0', '--cpu', '8000'], /CPU 8000 is not online here; these are: 0/],
    [['--cpu', '3-1'], /"3-1" is no CPU/],
    [['--tid', '4194304'], /no thread has the id 4194304/],
    [['--tid', '1', '-p', '1'], /only one/],
    [['--container', ''], /It is empty/],
    [['--comm', '('], /regular expression/i],
    [['-a', '--idle', '--uid', '0'], /--idle.*--uid/],
    [['-a', '-d', '5 s'], /500ms, 90s, 1m/],
    [['-a', '--include-self', '--exclude-self'], /cannot be used with/],
  ];
  for (const [args, says] of mistakes)
    test(`record ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await Waggle.run(['record', ...args]);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(says);
    });
});
