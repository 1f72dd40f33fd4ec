// Functions of interpreted programs, without an option for them, in one stack with native and kernel frames. The
// programs are tests/workloads/py_*.py.

import { describe, expect } from 'bun:test';
import { join } from 'node:path';
import { type FoldedStack, samples, samplesUnder, samplesWith } from './support/folded.ts';
import { optionalKernelTest } from './support/kernel-test.ts';
import { anyPython, pythons } from './support/pythons.ts';
import { Recorded } from './support/recorded.ts';
import { freshFolder, workload } from './support/workloads.ts';

const SCRIPTS = join(import.meta.dir, 'workloads');
const SHARES = join(SCRIPTS, 'py_shares.py');
const SHAPES = join(SCRIPTS, 'py_shapes.py');

const LOOP = '_PyEval_EvalFrameDefault';
/** Below it a program starts up, and ends: none of its own functions runs. */
const MODULE = '<module>';

/** Samples while the script ran. */
const ofScript = (stacks: readonly FoldedStack[]) =>
  stacks.filter(({ frames }) => frames.includes(MODULE) || frames.includes(LOOP));

const percent = (part: number, whole: number) => (100 * part) / whole;

/** Before 3.11 names are not qualified. */
const methodName = (version: string) => (Number(version.slice(2)) >= 11 ? 'Light.run' : 'run');

describe.each(pythons().map((python) => [python.version, python] as const))(
  'CPython %s',
  (version, { path = '' }) => {
    const missing = path === '' ? `CPython ${version} is not installed` : undefined;

    optionalKernelTest('functions have their shares, and all their callers', missing, async () => {
      const { stacks, stderr } = await Recorded.of(['--', path, SHARES, '4']);
      const ran = ofScript(stacks);
      const [heavy, light] = [['heavy'], [methodName(version)]].map((name) =>
        samplesUnder(ran, MODULE, 'main', ...name, 'burn'),
      ) as [number, number];
      expect(percent(heavy + light, samples(ran))).toBeGreaterThan(95);
      expect(samplesWith(stacks, LOOP)).toBeLessThan(0.01 * samples(stacks));
      const share = percent(heavy, heavy + light);
      expect(share).toBeGreaterThan(57);
      expect(share).toBeLessThan(63);
      expect(stderr).toMatch(/\d+ stacks with interpreted functions/);
    });

    for (const [shape, ...path_] of [
      [
        'recursion',
        'recursion',
        ...new Array<string>(61).fill(nested('recursion', 'deeper')),
        'spin',
      ],
      [
        'generators',
        'generators',
        nested('generators', 'outer'),
        nested('generators', 'inner'),
        'spin',
      ],
      ['callbacks', 'callbacks', nested('callbacks', 'key_of'), 'spin'],
      ['partials', 'partials', nested('partials', 'reduce_step'), 'spin'],
      ['exceptions', 'exceptions', nested('exceptions', 'raises')],
      ['threads', nested('threads', 'in_thread'), 'spin'],
    ] as const)
      optionalKernelTest(`${shape} are whole`, missing, async () => {
        const { stacks } = await Recorded.of(['--', path, SHAPES, shape, '2']);
        const names = path_.map((name) =>
          Number(version.slice(2)) >= 11 ? name : name.slice(name.lastIndexOf('.') + 1),
        );
        const leaf = names.at(-1) ?? '';
        const inLeaf = ofScript(stacks).filter(({ frames }) => frames.includes(leaf));
        expect(samples(inLeaf)).toBeGreaterThan(0.5 * samples(ofScript(stacks)));
        const root = shape === 'threads' ? [] : [MODULE];
        const whole = samplesUnder(inLeaf, ...root, ...names);
        expect(percent(whole, samples(inLeaf))).toBeGreaterThan(99);
      });
  },
);

function nested(outer: string, name: string): string {
  return `${outer}.<locals>.${name}`;
}

const python = anyPython() ?? '';
const none = python === '' ? 'no CPython is installed' : undefined;

optionalKernelTest('a script that is gone at once has its names', none, async () => {
  const script = join(freshFolder(), 'brief.py');
  await Bun.write(
    script,
    `import time
def brief():
    end = time.process_time() + 0.12
    while time.process_time() < end:
        sum(range(100))
brief()
`,
  );
  const runs = `for run in $(seq 40); do "${python}" -S -E "${script}"; done`;
  const { stacks } = await Recorded.of(['--', 'sh', '-c', runs]);
  const ran = ofScript(stacks);
  // The first one's are walked before anything is known of its interpreter.
  expect(percent(samplesWith(ran, LOOP), samples(ran))).toBeLessThan(4);
  expect(percent(samplesUnder(ran, MODULE, 'brief'), samples(ran))).toBeGreaterThan(75);
});

optionalKernelTest('code that took the place of other code has its own name', none, async () => {
  const { stacks } = await Recorded.of(['--', python, SHAPES, 'churn', '3']);
  const wrong = samples(stacks, ({ frames }) => {
    const made = frames.findIndex((name) => name.startsWith('made_'));
    return made > 0 && !['<module>', 'churn'].includes(frames[made - 1] ?? '');
  });
  expect(
    samples(stacks, ({ frames }) => frames.some((name) => /^made_\d+$/.test(name))),
  ).toBeGreaterThan(100);
  expect(wrong).toBe(0);
});

optionalKernelTest(
  'the interpreter is as it was where nobody wants its functions',
  none,
  async () => {
    const { stacks } = await Recorded.of(['--no-interpreters', '--', python, SHARES, '1']);
    expect(samplesWith(stacks, LOOP)).toBeGreaterThan(0.5 * samples(stacks));
    expect(samplesWith(stacks, 'heavy')).toBe(0);
  },
);

optionalKernelTest(
  "its own frames stand beside its functions' where they are wanted",
  none,
  async () => {
    const { stacks } = await Recorded.of(['--native', '--', python, SHARES, '1']);
    const ran = ofScript(stacks);
    expect(percent(samplesUnder(ran, MODULE, 'main'), samples(ran))).toBeGreaterThan(80);
    const native = samples(ran, ({ frames }) => frames.some((name) => /^_?Py[A-Z]\w+_/.test(name)));
    expect(percent(native, samples(ran))).toBeGreaterThan(80);
  },
);

/** A program that says it is CPython. */
const lying = (how: string) => Recorded.of(['--', workload('false_python'), how, '1000']);

const FALSE_NAMES = ['outer', 'inner'];

optionalKernelTest(
  'what lies about itself as CPython does is walked like it',
  undefined,
  async () => {
    const { stacks } = await lying('sound');
    expect(percent(samplesUnder(stacks, 'outer', 'inner'), samples(stacks))).toBeGreaterThan(90);
  },
);

for (const [how, most] of [
  ['cycle', 127],
  ['garbage', 127],
  ['texts', 127],
  ['changing', 127],
  ['threads', 20],
] as const)
  optionalKernelTest(`a false interpreter is bounded: ${how}`, undefined, async () => {
    const { stacks, stderr } = await lying(how);
    expect(samples(stacks)).toBeGreaterThan(50);
    // The process's own frame, and those behind it.
    for (const { frames } of stacks) expect(frames.length).toBeLessThan(most + 20);
    if (how === 'threads') expect(stderr).toMatch(/a thread that the interpreter does not know/);
    if (how === 'texts') expect(samplesWith(stacks, '[unreadable]')).toBeGreaterThan(0);
    const others = stacks.flatMap(({ frames }) => frames).filter((name) => name.includes('.py'));
    expect(others).toEqual([]);
    if (how === 'threads')
      expect(samples(stacks, ({ frames }) => frames.includes(LOOP))).toBeGreaterThan(50);
    else if (how !== 'changing')
      expect(
        samples(stacks, ({ frames }) =>
          frames.some((name) => FALSE_NAMES.includes(name) || name === '[unreadable]'),
        ),
      ).toBeGreaterThan(50);
  });
