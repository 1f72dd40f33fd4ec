// Stacks that are deeper than one key of the kernel's maps has places (docs/adr/0050-deep-stacks.md): whole up to what is
// walked, from every source of stacks, and cut and counted beyond.

import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { stackBounds } from '@waggle/bpf';
import { type FoldedStack, samples } from './support/folded.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { nodes } from './support/nodes.ts';
import { anyPython } from './support/pythons.ts';
import { Recorded } from './support/recorded.ts';
import { copyOfWorkload, freshFolder, type Workload, workload } from './support/workloads.ts';

const SCRIPTS = join(import.meta.dir, 'workloads');
const MOST = stackBounds.STACK_WALKED_FRAMES;
/** Python's own limit of recursion. */
const DEPTH = 1000;

const percent = (part: number, whole: number) => (100 * part) / whole;

/** Frames of deep_calls, outermost first, in the order of their calls. */
function calls(depth: number): string[] {
  const names: string[] = [];
  let name = 'deeper';
  for (let left = depth; left > 0; left--) {
    names.push(name);
    name = name === 'deeper' && left % 3 === 0 ? 'other' : 'deeper';
  }
  return [...names, 'bottom'];
}

/** Of those that have reached the bottom, the ones that have all frames in their order. */
function whole(stacks: readonly FoldedStack[], depth: number) {
  const expected = calls(depth).join(';');
  const reached = stacks.filter(({ frames }) => frames.includes('bottom'));
  const isWhole = ({ frames }: FoldedStack) => {
    const from = frames.indexOf('main') + 1;
    return from > 0 && frames.slice(from, from + depth + 1).join(';') === expected;
  };
  return { reached: samples(reached), whole: samples(reached, isWhole) };
}

function expectWhole(stacks: readonly FoldedStack[], depth: number, atLeast: number): void {
  const counted = whole(stacks, depth);
  expect(counted.reached).toBeGreaterThanOrEqual(atLeast);
  expect(percent(counted.whole, counted.reached)).toBeGreaterThanOrEqual(99);
}

test('a thousand calls and what is around them are walked', () => {
  expect(MOST).toBeGreaterThan(DEPTH + 100);
});

for (const program of ['deep_calls', 'deep_calls_nofp'] as const satisfies Workload[])
  describe(program, () => {
    // One segment and two, to the frame: main and what is below it are four.
    for (const depth of [120, 121, 122, 123, 124, 247, 248, 249, 250, 251, 500, DEPTH])
      kernelTest(`${depth} calls deep is whole`, async () => {
        const { stacks } = await Recorded.of([
          ...['--', workload(program), 'burn', depth < 500 ? '200' : '700', String(depth)],
        ]);
        expectWhole(stacks, depth, 20);
      });
  });

describe('other sources', () => {
  const args = (what: string) => ['--', workload('deep_calls_nofp'), what, '400', String(DEPTH)];

  for (const option of ['--off-cpu', '--wall'])
    kernelTest(`${option}: a thread that sleeps deep down`, async () => {
      const { stacks } = await Recorded.of([option, ...args('sleep')]);
      expectWhole(stacks, DEPTH, 1);
    });

  kernelTest('a probe', async () => {
    const { stacks } = await Recorded.of(['-e', 'uprobe:bottom', ...args('sleep')]);
    expect(whole(stacks, DEPTH)).toEqual({ reached: 1, whole: 1 });
  });

  // Each of the blocks has the one number of its stack.
  kernelTest('the live heap', async () => {
    const { stacks } = await Recorded.of(['--live', 'malloc', ...args('keep')]);
    expect(whole(stacks, DEPTH)).toEqual({ reached: 6400, whole: 6400 });
  });
});

kernelTest('beyond that the innermost frames are there, and it is said', async () => {
  const { stacks, stderr } = await Recorded.of([
    ...['--', workload('deep_calls_nofp'), 'burn', '500', '1500'],
  ]);
  const reached = stacks.filter(({ frames }) => frames.includes('bottom'));
  expect(samples(reached)).toBeGreaterThan(50);
  for (const { frames } of reached) {
    expect(frames[1]).toBe('[truncated]');
    const user = frames.filter((name) => name === 'deeper' || name === 'other');
    expect(user.length).toBeLessThan(MOST);
    expect(user.length).toBeGreaterThan(MOST - 20);
  }
  const cut = Number(new RegExp(`(\\d+) by more than ${MOST} frames`).exec(stderr)?.[1]);
  expect(cut).toBeGreaterThanOrEqual(0.99 * samples(reached));
});

const python = anyPython() ?? '';
const noPython = python === '' ? 'no CPython is installed' : undefined;
const SHAPES_PY = join(SCRIPTS, 'py_shapes.py');

for (const [shape, depth] of [
  ['half_deep', 500],
  ['deep', 900],
] as const)
  optionalKernelTest(`Python ${depth} calls deep is whole`, noPython, async () => {
    const { stacks } = await Recorded.of(['--', python, SHAPES_PY, '1.5', shape]);
    const ran = stacks.filter(({ frames }) => frames.at(-1) === 'spin');
    expect(samples(ran)).toBeGreaterThan(50);
    const isWhole = ({ frames }: FoldedStack) =>
      frames.includes('<module>') &&
      frames.filter((name) => name.endsWith('deeper')).length === depth + 1;
    expect(percent(samples(ran, isWhole), samples(ran))).toBeGreaterThan(99);
  });

// Each library is a file that nobody knows: such stacks are walked in userspace, and bring their interpreted frames along.
optionalKernelTest('Python 600 calls deep below new libraries is whole', noPython, async () => {
  const folder = freshFolder();
  const libraries = [1, 2, 3].map((number) =>
    copyOfWorkload('plugin_1', join(folder, `library_${number}.so`)),
  );
  const script = join(folder, 'native.py');
  await Bun.write(
    script,
    `import ctypes, sys
def deeper(depth, burn):
    if depth == 0:
        burn(250.0)
    else:
        deeper(depth - 1, burn)
for path in sys.argv[1:]:
    burn = ctypes.CDLL(path).burn
    burn.argtypes = [ctypes.c_double]
    deeper(600, burn)
`,
  );
  const { stacks } = await Recorded.of(['--', python, script, ...libraries]);
  const ran = stacks.filter(({ frames }) => frames.includes('in_plugin_1'));
  expect(samples(ran)).toBeGreaterThan(50);
  const isWhole = ({ frames }: FoldedStack) =>
    frames.includes('<module>') && frames.filter((name) => name === 'deeper').length === 601;
  expect(percent(samples(ran, isWhole), samples(ran))).toBeGreaterThan(99);
});

optionalKernelTest('Python and native code in turns are whole', noPython, async () => {
  const { stacks } = await Recorded.of(['--', python, SHAPES_PY, '2', 'mixed']);
  const ran = stacks.filter(
    ({ frames }) =>
      frames.at(-1) === 'spin' && frames.filter((name) => name.endsWith('down')).length > 2,
  );
  expect(samples(ran)).toBeGreaterThan(50);
  const isWhole = ({ frames }: FoldedStack) =>
    frames.includes('<module>') && frames.filter((name) => name.endsWith('down')).length === 81;
  expect(percent(samples(ran, isWhole), samples(ran))).toBeGreaterThan(99);
  // More than one key has places.
  for (const { frames } of ran.filter(isWhole)) expect(frames.length).toBeGreaterThan(400);
});

for (const { version, path } of nodes())
  optionalKernelTest(
    `Node.js ${version} 900 calls deep is whole`,
    path === undefined ? `Node.js ${version} is not installed` : undefined,
    async () => {
      const { stacks } = await Recorded.of([
        ...['--', path ?? '', join(SCRIPTS, 'js_shapes.cjs'), '1', 'deep'],
      ]);
      const ran = stacks.filter(({ frames }) => frames.includes('deep') && frames.includes('spin'));
      expect(samples(ran)).toBeGreaterThan(50);
      const isWhole = ({ frames }: FoldedStack) =>
        frames.includes('<module>') && frames.filter((name) => name === 'deeper').length === 901;
      expect(percent(samples(ran, isWhole), samples(ran))).toBeGreaterThan(99);
    },
  );
