// Generated code whose runtime says only later what it is: when it ends, in the middle, for the last time;
// and code that a process was forked with, which only its parent has described.

import { expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './support/deadline.ts';
import { type FoldedStack, samples, samplesWith } from './support/folded.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { descendantsOf, TestProcess } from './support/processes.ts';
import { Recorded } from './support/recorded.ts';
import { freshFolder, workload } from './support/workloads.ts';

const MILLISECONDS = '600';

/** Files that it writes beside the map stay in a folder of the tests. */
const inFreshFolder = (...command: readonly string[]) => [
  ...['--', 'sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', freshFolder()],
  ...command,
];

const late = (how: string) => Recorded.of(inFreshFolder(workload('late_names'), how, MILLISECONDS));

const mapsOf = (pid: number) => readFileSync(`/proc/${pid}/maps`, 'utf8');

const shareOf = (stacks: readonly FoldedStack[], name: string) =>
  samplesWith(stacks, name) / samples(stacks);

for (const how of ['at-exit', 'renamed'])
  kernelTest(`a perf map that is written last of all: ${how}`, async () => {
    const { stacks } = await late(how);
    expect(shareOf(stacks, 'after_swap')).toBeGreaterThan(0.85);
  });

kernelTest('a perf map that is written over names what each time had', async () => {
  const { stacks } = await late('twice');
  expect(shareOf(stacks, 'before_swap')).toBeGreaterThan(0.35);
  expect(shareOf(stacks, 'after_swap')).toBeGreaterThan(0.35);
});

kernelTest(
  'a jitdump that is written at the end tells code at one address by its times',
  async () => {
    const { stacks } = await late('dump');
    expect(shareOf(stacks, 'before_swap')).toBeGreaterThan(0.25);
    expect(shareOf(stacks, 'after_swap')).toBeGreaterThan(0.25);
    expect(shareOf(stacks, 'before_swap') + shareOf(stacks, 'after_swap')).toBeGreaterThan(0.85);
  },
);

kernelTest(
  'of a jitdump that is in its buffer still, a person is told when names come',
  async () => {
    const command = [workload('late_names'), 'dump', '60000'];
    await using dumping = new TestProcess(command, { cwd: freshFolder() });
    // It is mapped before the code is run.
    await eventually(
      'generated code',
      () => /jit-\d+\.dump/.exec(mapsOf(dumping.pid)) ?? undefined,
    );
    const { stderr } = await Recorded.of(['-p', String(dumping.pid), '-d', '1']);
    expect(stderr).toContain('generated code that is not in its jitdump yet');
    expect(stderr).toMatch(/names of generated code: .* record until then/);
  },
);

kernelTest('a child of a child that is gone has the names of the first', async () => {
  const { stacks } = await late('prefork');
  expect(shareOf(stacks, 'of_the_parent')).toBeGreaterThan(0.85);
});

for (const how of ['orphan', 'orphan-dump', 'orphan-user'])
  kernelTest(`a child whose parent was gone at once has its names: ${how}`, async () => {
    const { stacks } = await late(how);
    expect(shareOf(stacks, 'of_the_parent')).toBeGreaterThan(0.85);
  });

kernelTest('a child is not named by what neither its user nor root has written', async () => {
  const { stacks } = await late('orphan-forged');
  expect(samplesWith(stacks, 'of_the_parent')).toBe(0);
  expect(samples(stacks)).toBeGreaterThan(10);
});

kernelTest('what a child executes is not named by its parent', async () => {
  const { stacks } = await late('exec');
  const unnamed = samples(stacks, ({ frames }) => /^\[jit\+0x/.test(frames.at(-1) ?? ''));
  expect(unnamed / samples(stacks)).toBeGreaterThan(0.6);
});

kernelTest('a child that is recorded alone has the names of its parent', async () => {
  await using parent = new TestProcess([workload('late_names'), 'child', '60000']);
  const [child = 0] = await eventually('a child', () => {
    const children = descendantsOf(parent.pid);
    return children.length > 0 ? children : undefined;
  });
  const { stacks } = await Recorded.of(['-p', String(child), '-d', '1']);
  expect(shareOf(stacks, 'of_the_parent')).toBeGreaterThan(0.85);
});

const withoutJava = Bun.which('java') === null ? 'java is not installed' : undefined;

optionalKernelTest('Java that says at its end what it has compiled', withoutJava, async () => {
  const source = join(freshFolder(), 'Hive.java');
  await Bun.write(
    source,
    `public class Hive {
      static long work(long n) { long x = 0; for (long i = 0; i < n; i++) x += i * 31 ^ (x >> 3); return x; }
      public static void main(String[] arguments) {
        long sum = 0, end = System.nanoTime() + 1500000000L;
        while (System.nanoTime() < end) sum += work(200000);
        System.out.println(sum);
      }
    }`,
  );
  const flags = ['-XX:+UnlockDiagnosticVMOptions', '-XX:+DumpPerfMapAtExit'];
  const { stacks } = await Recorded.of(['--', 'java', ...flags, source]);
  const inWork = samples(stacks, ({ frames }) => frames.some((name) => /Hive\.work/.test(name)));
  const unnamed = samples(stacks, ({ frames }) => /^\[jit\+0x/.test(frames.at(-1) ?? ''));
  expect(inWork / samples(stacks)).toBeGreaterThan(0.15);
  expect(unnamed / samples(stacks)).toBeLessThan(0.1);
});
