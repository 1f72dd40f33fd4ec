// Stacks that lead through generated code without frame pointers, whose runtime says in a jitdump how they
// are walked: JIT_CODE_UNWINDING_INFO.

import { expect } from 'bun:test';
import { join } from 'node:path';
import { type FoldedStack, samples, samplesUnder } from './support/folded.ts';
import { optionalKernelTest } from './support/kernel-test.ts';
import { TestProcess } from './support/processes.ts';
import { Recorded } from './support/recorded.ts';
import { freshFolder, workload } from './support/workloads.ts';

const MILLISECONDS = '600';

/** A jitdump that the command leaves behind stays in a folder of the tests. */
const inFreshFolder = (...command: readonly string[]) => [
  ...['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', freshFolder()],
  ...command,
];

const generated = (how: string, milliseconds = MILLISECONDS) =>
  inFreshFolder(workload('jit_unwinding'), how, milliseconds);

const otherMachine = process.arch === 'x64' ? undefined : 'the code is made for x86-64';

const WHOLE = ['main', 'jit_outer', 'middle', 'jit_inner', 'burn'];

/** Percent of samples below all the callers that there are. */
const whole = (stacks: readonly FoldedStack[], path: readonly string[] = WHOLE) =>
  (100 * samplesUnder(stacks, ...path)) / samples(stacks);

for (const [how, promise] of [
  ['at-once', 'code that is described before it runs'],
  ['late', 'code that is described when the program ends'],
  ['growing', 'new code all the time, each piece described before it runs'],
  ['replaced', 'code that takes the place of other code, with frames of another size'],
  ['fork', 'code that a process was forked with'],
  ['memfd', 'code in a file of memory'],
  ['frames', 'code that has frame pointers, beside code that is described'],
  ['silent', 'code that has frame pointers, in a jitdump that describes no frames'],
] as const)
  optionalKernelTest(`callers are found through ${promise}`, otherMachine, async () => {
    const { stacks, complete } = await Recorded.of(['--', ...generated(how)]);
    expect(whole(stacks)).toBeGreaterThan(90);
    expect(complete()).toBeGreaterThan(90);
    const inLeaf = whole(stacks, [...WHOLE, 'jit_leaf']);
    if (how !== 'frames' && how !== 'silent') expect(inLeaf).toBeGreaterThan(8);
  });

optionalKernelTest(
  'callers are found through a copy of described code that nobody describes',
  otherMachine,
  async () => {
    // That it is a copy is found out some tenths of a second after it begins to run.
    const { stacks } = await Recorded.of(['--', ...generated('copy', '4000')]);
    const named = stacks.map(({ frames, count }) => {
      return { count, frames: frames.map((name) => name.replace(/^\[jit\+0x.*/, 'jit_inner')) };
    });
    expect(whole(stacks)).toBe(0);
    expect(whole(named)).toBeGreaterThan(80);
  },
);

optionalKernelTest(
  'callers are found in a process that ran already, from its first sample on',
  otherMachine,
  async () => {
    await using running = new TestProcess([...generated('at-once', '60000')]);
    await Bun.sleep(1000);
    const { stacks, complete } = await Recorded.of(['-p', String(running.pid), '-d', '1']);
    expect(whole(stacks)).toBeGreaterThan(97);
    expect(complete()).toBeGreaterThan(97);
  },
);

function withoutPython(): string | undefined {
  if (Bun.which('python3.13') === null) return 'python3.13 is not installed';
  const { exitCode } = Bun.spawnSync(['python3.13', '-X', 'perf_jit', '-c', ''], {
    cwd: freshFolder(),
  });
  return exitCode === 0 ? undefined : 'this python3.13 does not run with -X perf_jit';
}

optionalKernelTest(
  'Python functions have their callers with -X perf_jit',
  withoutPython(),
  async () => {
    const script = join(freshFolder(), 'hive.py');
    await Bun.write(
      script,
      `import sys, time
def leaf():
    return sum(i * i % 7 for i in range(300))
def middle(end):
    while time.process_time() < end: leaf()
def outer(end):
    middle(end)
outer(1)
`,
    );
    const { stacks, complete } = await Recorded.of(['--', 'python3.13', '-X', 'perf_jit', script]);
    expect(complete()).toBeGreaterThan(90);
    const nested = samples(stacks, ({ frames }) => {
      const [outer, middle, leaf] = ['outer', 'middle', 'leaf'].map((name) =>
        frames.indexOf(`py::${name}:${script}`),
      ) as [number, number, number];
      return outer > 0 && outer < middle && middle < leaf;
    });
    expect(nested / samples(stacks)).toBeGreaterThan(0.8);
  },
);
