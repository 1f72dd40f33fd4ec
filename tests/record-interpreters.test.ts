// Functions of interpreted programs, without an option for them, in one stack with native and kernel frames. The
// programs are tests/workloads/py_*.py.

import { describe, expect } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stackBounds } from '@waggle/bpf';
import { type FoldedStack, samples, samplesUnder, samplesWith } from './support/folded.ts';
import { optionalKernelTest } from './support/kernel-test.ts';
import { untilBurned } from './support/processes.ts';
import { unpackWheel } from './support/pypi-wheels.ts';
import { anyPython, pythons } from './support/pythons.ts';
import { Recorded } from './support/recorded.ts';
import { Waggle } from './support/waggle.ts';
import { copyOfWorkload, freshFolder, workload } from './support/workloads.ts';

const SCRIPTS = join(import.meta.dir, 'workloads');
const SHARES = join(SCRIPTS, 'py_shares.py');
const SERVER = join(SCRIPTS, 'py_server.py');
const SHAPES_PY = join(SCRIPTS, 'py_shapes.py');

const LOOP = '_PyEval_EvalFrameDefault';
const MODULE = '<module>';
/** Frames of a stack. */
const MOST = stackBounds.STACK_WALKED_FRAMES;

/** Where its package is, of the version's own kind. */
function greenletOf(version: string): string | undefined {
  const folder = join('/var/tmp/waggle-pythons', `greenlet-${version}`);
  if (existsSync(join(folder, 'greenlet'))) return folder;
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const options = [
    ...['--python-version', version, '--platform', `manylinux_2_24_${machine}`],
    ...['--platform', `manylinux_2_28_${machine}`, '--platform', `manylinux_2_17_${machine}`],
  ];
  return unpackWheel(folder, `greenlet==${GREENLET}`, options) ? folder : undefined;
}

/** Samples in which it ran, be it known or not. */
const ofScript = (stacks: readonly FoldedStack[]) =>
  stacks.filter(({ frames }) => frames.includes(MODULE) || frames.includes(LOOP));

interface SpeedscopeFile {
  readonly shared: { readonly frames: { name: string; file?: string; line?: number }[] };
}

const percent = (part: number, whole: number) => (100 * part) / whole;

/** What stands in each shape's stacks, the one below the other. */
const SHAPES: Readonly<Record<string, readonly string[]>> = {
  recursion: [
    ...[MODULE, 'recursion', ...new Array<string>(61).fill('recursion.<locals>.deeper'), 'spin'],
  ],
  generators: [
    ...[MODULE, 'generators', 'generators.<locals>.outer', 'generators.<locals>.inner', 'spin'],
  ],
  callbacks: [MODULE, 'callbacks', 'callbacks.<locals>.key_of', 'spin'],
  partials: [MODULE, 'partials', 'partials.<locals>.reduce_step', 'spin'],
  native_callbacks: ['native_callbacks.<locals>.compare', 'spin'],
  handlers: ['handlers.<locals>.on_element', 'spin'],
  coroutines: ['coroutines.<locals>.steps', 'coroutines.<locals>.step', 'spin'],
  exceptions: [MODULE, 'exceptions', 'exceptions.<locals>.raises', 'spin'],
  threads: ['threads.<locals>.in_thread', 'spin'],
};

describe.each(pythons().map((python) => [python.version, python] as const))(
  'CPython %s',
  (version, { path = '' }) => {
    const missing = path === '' ? `CPython ${version} is not installed` : undefined;
    // Before 3.11 names are not qualified.
    const isQualified = Number.parseInt(version.slice(2), 10) >= 11;
    const nameOf = (name: string) => (isQualified ? name : name.slice(name.lastIndexOf('.') + 1));

    optionalKernelTest(
      'functions have their shares, from the first sample on',
      missing,
      async () => {
        const { stacks, stderr } = await Recorded.of(['--', path, SHARES, '3']);
        const [heavy, light] = ['heavy', nameOf('Light.run')].map((name) =>
          samplesUnder(stacks, MODULE, 'main', name, 'burn'),
        ) as [number, number];
        const share = percent(heavy, heavy + light);
        expect(share).toBeGreaterThan(56);
        expect(share).toBeLessThan(64);
        expect(percent(samplesWith(stacks, LOOP), samples(stacks))).toBeLessThan(1);
        const ran = samplesWith(stacks, 'burn');
        expect(percent(heavy + light, ran)).toBeGreaterThan(99);
        expect(stderr).toMatch(/\d+ stacks with interpreted functions/);
      },
    );

    optionalKernelTest('stacks of every shape are whole', missing, async () => {
      const { stacks } = await Recorded.of(['--', path, SHAPES_PY, '0.7', ...Object.keys(SHAPES)]);
      for (const [shape, names] of Object.entries(SHAPES)) {
        const expected = names.map(nameOf);
        const [own = ''] = expected.filter((name) => name !== MODULE);
        const ran = stacks.filter(({ frames }) => frames.includes(own) && frames.at(-1) === 'spin');
        const root = shape === 'threads' ? (expected[0] ?? '') : MODULE;
        const isWhole = ({ frames }: FoldedStack) =>
          frames.includes(root) && samplesUnder([{ frames, count: 1 }], ...expected) > 0;
        const whole = percent(samples(ran, isWhole), samples(ran));
        expect({ shape, samples: samples(ran) > 20, whole: whole > 99 }).toEqual({
          ...{ shape, samples: true, whole: true },
        });
      }
    });
  },
);

const GREENLET = '3.5.6';

describe.each(['3.11', '3.12', '3.13'])('CPython %s', (version) => {
  const path = pythons().find((each) => each.version === version)?.path;
  const folder = path === undefined ? undefined : greenletOf(version);
  optionalKernelTest(
    'a greenlet has its functions, and what switches to it its own',
    folder === undefined ? `greenlet for CPython ${version} is not to be had` : undefined,
    async () => {
      const { stacks } = await Recorded.of([
        ...['--', 'env', `PYTHONPATH=${folder}`, path ?? '', SHAPES_PY, '1.5', 'switches'],
      ]);
      const spinning = samplesWith(stacks, 'spin');
      expect(spinning).toBeGreaterThan(50);
      const own = samplesUnder(stacks, 'switches.<locals>.in_greenlet', 'spin');
      expect(percent(own, spinning)).toBeGreaterThan(99);
    },
  );
});

for (const version of ['3.12', '3.13', '3.14', '3.14t', '3.15', '3.15t']) {
  const { path = '' } = pythons().find((python) => python.version === version) ?? {};
  optionalKernelTest(
    `code of another interpreter in one process has its callers: CPython ${version}`,
    path === '' ? `CPython ${version} is not installed` : undefined,
    async () => {
      const { stacks } = await Recorded.of(['--', path, SHAPES_PY, '2', 'subinterpreters']);
      const ran = stacks.filter(({ frames }) => frames.includes('in_interpreter'));
      expect(samples(ran)).toBeGreaterThan(50);
      const callers = samples(
        ran,
        ({ frames }) =>
          frames.indexOf('subinterpreters') === frames.indexOf(MODULE) + 1 &&
          frames.lastIndexOf(MODULE) + 1 === frames.indexOf('in_interpreter') &&
          frames.indexOf('subinterpreters') > 0,
      );
      expect(percent(callers, samples(ran))).toBeGreaterThan(99);
    },
  );
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
  const runs = `for run in $(seq 25); do "${python}" -S -E "${script}"; done`;
  const { stacks } = await Recorded.of(['--', 'sh', '-c', runs]);
  const ran = ofScript(stacks);
  // The first milliseconds of the first one, until its interpreter was described: all of it is 4 %.
  expect(percent(samplesWith(ran, LOOP), samples(ran))).toBeLessThan(4);
  expect(percent(samplesUnder(ran, MODULE, 'brief'), samples(ran))).toBeGreaterThan(70);
});

optionalKernelTest('what runs already has its names from the first sample on', none, async () => {
  const running = Bun.spawn([python, SHARES, '8'], { stdout: 'ignore' });
  try {
    await untilBurned(running.pid, 300);
    const { stacks } = await Recorded.of(['-p', String(running.pid), '-d', '1']);
    const ran = ofScript(stacks);
    expect(samples(ran)).toBeGreaterThan(20);
    expect(percent(samplesUnder(ran, MODULE, 'main'), samples(ran))).toBeGreaterThan(99);
    expect(samplesWith(ran, LOOP)).toBe(0);
  } finally {
    running.kill();
    await running.exited;
  }
});

optionalKernelTest(
  'workers that were forked, and their threads, have their functions',
  none,
  async () => {
    const { stacks } = await Recorded.of(['--group-by', 'process', '--', python, SERVER, '2', '3']);
    const ran = stacks.filter(({ frames }) => frames.at(-1) === 'spin');
    const workers = new Set(ran.map(({ frames }) => frames[0]));
    expect(workers.size).toBe(3);
    const whole = samplesUnder(ran, 'Worker.serve', 'Worker.handle_request', 'spin');
    expect(samples(ran)).toBeGreaterThan(100);
    expect(percent(whole, samples(ran))).toBeGreaterThan(99);
  },
);

optionalKernelTest('recursion that is deeper than a stack is cut, and said', none, async () => {
  const { stacks, stderr } = await Recorded.of(['--', python, SHAPES_PY, '1', 'deepest']);
  const ran = stacks.filter(({ frames }) => frames.at(-1) === 'spin');
  expect(samples(ran)).toBeGreaterThan(50);
  // The innermost ones, and the process's own frame.
  for (const { frames } of ran) expect(frames.length).toBeLessThan(MOST + 3);
  const own = samplesUnder(ran, 'recurse.<locals>.deeper', 'spin');
  expect(percent(own, samples(ran))).toBeGreaterThan(99);
  expect(stderr).toMatch(new RegExp(`by more than ${MOST} frames`));
});

optionalKernelTest('code that took the place of other code has its own name', none, async () => {
  const { stacks } = await Recorded.of(['--', python, SHAPES_PY, '3', 'churn']);
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

optionalKernelTest(
  'native code that it calls has its callers, new libraries too',
  none,
  async () => {
    const folder = freshFolder();
    // Each is a file of its own, so stacks through it wait for its table, and are walked in userspace.
    const libraries = [1, 2, 3].map((number) =>
      copyOfWorkload('plugin_1', join(folder, `library_${number}.so`)),
    );
    const script = join(folder, 'native.py');
    await Bun.write(
      script,
      `import ctypes, sys
def call(path):
    burn = ctypes.CDLL(path).burn
    burn.argtypes = [ctypes.c_double]
    burn(250.0)
for path in sys.argv[1:]:
    call(path)
`,
    );
    const { stacks } = await Recorded.of(['--', python, script, ...libraries]);
    const inLibrary = stacks.filter(({ frames }) => frames.includes('in_plugin_1'));
    expect(samples(inLibrary)).toBeGreaterThan(50);
    expect(percent(samplesUnder(inLibrary, MODULE, 'call'), samples(inLibrary))).toBeGreaterThan(
      99,
    );
    expect(samplesWith(inLibrary, LOOP)).toBe(0);
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
    expect(percent(samplesUnder(stacks, 'outer', 'inner'), samples(stacks))).toBeGreaterThan(80);
  },
);

for (const [how, most] of [
  ['cycle', MOST],
  ['garbage', MOST],
  ['texts', MOST],
  ['changing', MOST],
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

const LINES = `import threading, time
def work(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        sum(range(300))


def both():
    started = threading.Thread(target=work, args=(0.7,))
    started.start()
    work(0.7)
    started.join()


both()
`;

describe.each(
  ['3.11', '3.13', '3.13t', '3.14', '3.14t', '3.15', '3.15t'].map((version) => {
    const found = pythons().find((each) => each.version === version);
    return [version, found?.path ?? ''] as const;
  }),
)('CPython %s', (version, path) => {
  const missing = path === '' ? `CPython ${version} is not installed` : undefined;
  optionalKernelTest('with lines each frame has its own, in each thread', missing, async () => {
    const script = join(freshFolder(), 'lines.py');
    await Bun.write(script, LINES);
    const output = join(freshFolder(), 'out.speedscope.json');
    const result = await Waggle.run([
      ...['record', '-F', '999', '--lines', '-o', output, '--', path, script],
    ]);
    expect({ code: result.code, stderr: result.code === 0 ? '' : result.stderr }).toEqual({
      ...{ code: 0, stderr: '' },
    });
    const { shared } = (await Bun.file(output).json()) as SpeedscopeFile;
    const linesOf = (name: string) =>
      shared.frames
        .filter((frame) => frame.name === name && frame.file === script)
        .map(({ line }) => line);
    expect(linesOf(MODULE)).toContain(15);
    expect(linesOf('both')).toContain(11);
    expect(linesOf('work').some((line) => line === 4 || line === 5)).toBe(true);
    expect(linesOf('work').every((line) => [3, 4, 5].includes(line ?? 0))).toBe(true);
  });
});
