// Functions of Java programs, without an option for them: interpreted, compiled and inlined, in one stack with native and
// kernel frames. The programs are tests/workloads/Java*.java.

import { describe, expect } from 'bun:test';
import { type FoldedStack, samples, samplesUnder, samplesWith } from './support/folded.ts';
import { javaClasses, javaLibrary, javas } from './support/javas.ts';
import { optionalKernelTest } from './support/kernel-test.ts';
import { Recorded } from './support/recorded.ts';
import { workload } from './support/workloads.ts';

const classes = javaClasses('JavaShares', 'JavaShapes', 'JavaChurn', 'JavaCalls');
const library = javaLibrary('java_calls');
const FIRST_WITH_VIRTUAL_THREADS = 21;

const percent = (part: number, whole: number) => (100 * part) / whole;

/** What the compiler knows of each instruction, not only of those where it can stop. */
const EXACT = ['-XX:+UnlockDiagnosticVMOptions', '-XX:+DebugNonSafepoints'];
/** How code is run: each has frames of its own. */
const MODES: Readonly<Record<string, readonly string[]>> = {
  interpreted: ['-Xint'],
  C1: ['-XX:TieredStopAtLevel=1', ...EXACT],
  C2: ['-XX:-TieredCompilation', ...EXACT],
  'all of them': EXACT,
};

const SHAPES = [
  ...['inlined', 'recursion', 'lambdas', 'streams', 'interfaces'],
  ...['exceptions', 'reflection', 'sorting', 'threads', 'copies'],
];
const ownOf = (shape: string) => `JavaShapes.${shape === 'threads' ? 'inThread' : shape}`;
const rootOf = (shape: string) =>
  shape === 'threads' ? 'java.lang.Thread.run' : 'JavaShapes.main';

/** From the C library to the innermost function, and nothing in between that has no name. */
const isWhole = (frames: readonly string[], root: string) =>
  /^(?:__)?clone/.test(frames[1] ?? '') &&
  frames.includes(root) &&
  !frames.some((name) => name.startsWith('[jit'));

describe.each(javas().map((java) => [java.version, java] as const))(
  'HotSpot %s',
  (version, { path = '' }) => {
    const missing =
      path === ''
        ? `Java ${version} is not installed`
        : classes === undefined
          ? 'no Java compiler is installed'
          : undefined;
    const run = (options: readonly string[], name: string, ...args: readonly string[]) =>
      Recorded.of(['--', path, ...options, '-cp', classes ?? '', name, ...args]);

    optionalKernelTest('functions have their shares', missing, async () => {
      const { stacks, stderr } = await run([], 'JavaShares', '4');
      const [heavy, light] = ['JavaShares.heavy', 'JavaShares$Light.run'].map((name) =>
        samplesUnder(stacks, 'JavaShares.main', name, 'JavaShares.burn'),
      ) as [number, number];
      expect(percent(heavy, heavy + light)).toBeGreaterThan(56);
      expect(percent(heavy, heavy + light)).toBeLessThan(64);
      const burning = samplesWith(stacks, 'JavaShares.burn');
      expect(percent(heavy + light, burning)).toBeGreaterThan(95);
      expect(stderr).toMatch(/\d+ stacks with interpreted functions/);
    });

    for (const [mode, options] of Object.entries(MODES))
      optionalKernelTest(`stacks of every shape are whole: ${mode}`, missing, async () => {
        const { stacks } = await run(options, 'JavaShapes', '0.7', ...SHAPES);
        let [all, allWhole] = [0, 0];
        for (const shape of SHAPES) {
          const ran = stacks.filter(({ frames }) => frames.includes(ownOf(shape)));
          const whole = samples(ran, ({ frames }) => isWhole(frames, rootOf(shape)));
          all += samples(ran);
          allWhole += whole;
          expect({
            shape,
            samples: samples(ran) > 20,
            whole: percent(whole, samples(ran)) > 98,
          }).toEqual({ shape, samples: true, whole: true });
        }
        // One of the few of a shape is more than a percent of them: together they are enough.
        expect(percent(allWhole, all)).toBeGreaterThan(99);
      });

    optionalKernelTest('inlined functions are there, in order', missing, async () => {
      const { stacks } = await run(EXACT, 'JavaShapes', '2', 'inlined');
      const spinning = samplesWith(stacks, 'JavaShapes.spin');
      const inOrder = ['run', 'inlined', 'first', 'second', 'third', 'spin'];
      const whole = samplesUnder(stacks, ...inOrder.map((name) => `JavaShapes.${name}`));
      expect(spinning).toBeGreaterThan(200);
      expect(percent(whole, spinning)).toBeGreaterThan(95);
    });

    optionalKernelTest(
      'a native method that calls back stands between its callers and what it calls',
      missing ?? (library === undefined ? 'there are no headers of JNI' : undefined),
      async () => {
        const { stacks } = await run(EXACT, 'JavaCalls', library ?? '', '5', 'jni');
        const spinning = stacks.filter(({ frames }) => frames.includes('JavaCalls.spin'));
        const native = ['Java_JavaCalls_callBack', 'call_back'];
        const whole = samples(
          spinning,
          ({ frames }) =>
            isWhole(frames, 'JavaCalls.main') &&
            samplesUnder([{ frames, count: 1 }], 'JavaCalls.jni', 'JavaCalls.callBack', ...native) >
              0,
        );
        expect(samples(spinning)).toBeGreaterThan(50);
        // The library that it has just loaded has no table in the first 20 ms, on a busy host for half a second: 99 % else.
        expect(percent(whole, samples(spinning))).toBeGreaterThan(85);
      },
    );

    optionalKernelTest(
      'virtual threads have their functions',
      missing ??
        (library === undefined || Number(version) < FIRST_WITH_VIRTUAL_THREADS
          ? `Java ${version} has no virtual threads, or nothing compiles them`
          : undefined),
      async () => {
        const { stacks } = await run(EXACT, 'JavaCalls', library ?? '', '2', 'virtual');
        const spinning = samplesWith(stacks, 'JavaCalls.spin');
        expect(spinning).toBeGreaterThan(50);
        const own = samplesUnder(stacks, 'JavaCalls.inVirtual', 'JavaCalls.spin');
        expect(percent(own, spinning)).toBeGreaterThan(99);
      },
    );

    optionalKernelTest('classes in the place of others have their own names', missing, async () => {
      const { stacks } = await run(['-XX:MaxMetaspaceSize=24m'], 'JavaChurn', '4');
      const numbersOf = ({ frames }: FoldedStack) =>
        new Set(frames.flatMap((name) => name.match(/(?<=Made|made_)\d{4}/g) ?? []));
      const made = stacks.filter((stack) => numbersOf(stack).size > 0);
      expect(samples(made)).toBeGreaterThan(50);
      expect(samples(made, (stack) => numbersOf(stack).size > 1)).toBe(0);
    });
  },
);

const java = javas().findLast(({ path }) => path !== undefined)?.path ?? '';
const none =
  java === '' || classes === undefined ? 'no Java or no compiler of it is installed' : undefined;

optionalKernelTest('programs that are gone at once have their names', none, async () => {
  const runs = `for run in $(seq 12); do "${java}" -cp "${classes}" JavaShares 0.15; done`;
  const { stacks } = await Recorded.of(['--', 'sh', '-c', runs]);
  const named = samplesWith(stacks, 'JavaShares.main');
  // Of the first one, before what it says of itself was read.
  const without = samples(stacks, ({ frames }) => frames.some((name) => name.startsWith('[jit')));
  expect(named).toBeGreaterThan(200);
  expect(percent(named, named + without)).toBeGreaterThan(80);
});

optionalKernelTest('a program that runs already is walked, too', none, async () => {
  await using program = Bun.spawn([java, '-cp', classes ?? '', 'JavaShares', '30']);
  await Bun.sleep(1500);
  const { stacks } = await Recorded.of(['-d', '4', '-p', String(program.pid)]);
  program.kill();
  const named = samplesUnder(stacks, 'JavaShares.main', 'JavaShares.heavy', 'JavaShares.burn');
  expect(named).toBeGreaterThan(100);
});

optionalKernelTest('code is as it was where nobody wants its functions', none, async () => {
  const { stacks } = await Recorded.of([
    ...['--no-interpreters', '--', java, '-cp', classes ?? '', 'JavaShares', '1'],
  ]);
  expect(samplesWith(stacks, 'JavaShares.main')).toBe(0);
  expect(
    samples(stacks, ({ frames }) => frames.some((name) => name.startsWith('[jit'))),
  ).toBeGreaterThan(50);
});

optionalKernelTest(
  'stubs and the machine itself are there where they are wanted',
  none,
  async () => {
    const { stacks } = await Recorded.of([
      ...['--native', '--', java, '-cp', classes ?? '', 'JavaShapes', '1', 'copies'],
    ]);
    const copying = stacks.filter(({ frames }) => frames.includes('JavaShapes.copies'));
    expect(percent(samplesWith(copying, 'JavaMain'), samples(copying))).toBeGreaterThan(95);
    expect(
      samples(copying, ({ frames }) => frames.some((name) => /^StubRoutines/.test(name))),
    ).toBeGreaterThan(0.9 * samples(copying));
  },
);

/** Its generated code is bytes of x86-64. */
const elsewhere = process.arch === 'x64' ? undefined : 'it is a program of x86-64';
/** A program that says it is HotSpot. */
const lying = (how: string, ms = 1500) =>
  Recorded.of(['--', workload('false_java'), how, String(ms)]);

optionalKernelTest(
  'what lies about itself as HotSpot does is walked like it',
  elsewhere,
  async () => {
    const { stacks } = await lying('sound');
    expect(samplesUnder(stacks, 'False.outer', 'False.inner')).toBeGreaterThan(100);
    expect(samplesUnder(stacks, 'False.outer', 'False.inner')).toBe(
      samplesWith(stacks, 'False.outer'),
    );
  },
);

/** What the summary has to say of each, for a walk that did not get through. */
const CUT_OFF: Readonly<Record<string, RegExp | undefined>> = {
  garbage: /frames that did not lead to code/,
  structs: undefined,
  scopes: /frames that did not lead to code/,
  segments: undefined,
  frames: /frames that did not lead to code/,
  changing: /memory that could not be read|frames that did not lead to code/,
};

for (const [how, says] of Object.entries(CUT_OFF))
  optionalKernelTest(`a false HotSpot is bounded: ${how}`, elsewhere, async () => {
    const { stacks, stderr } = await lying(how);
    expect(samples(stacks)).toBeGreaterThan(100);
    for (const { frames } of stacks) expect(frames.length).toBeLessThan(64);
    if (says !== undefined) expect(stderr).toMatch(says);
  });

optionalKernelTest(
  'a false HotSpot says nothing of another process, nor the other of it',
  none ?? elsewhere,
  async () => {
    await using liar = Bun.spawn([workload('false_java'), 'changing', '30000']);
    await using program = Bun.spawn([java, '-cp', classes ?? '', 'JavaShares', '30']);
    await Bun.sleep(1500);
    const pids = [liar, program].map(({ pid }) => String(pid));
    const { stacks } = await Recorded.of(['-d', '4', '-p', ...pids]);
    for (const each of [liar, program]) each.kill();
    const isLiar = ({ frames }: FoldedStack) => frames[0] === 'false_java';
    const [lied, told] = [stacks.filter(isLiar), stacks.filter((stack) => !isLiar(stack))];
    expect(samples(lied)).toBeGreaterThan(100);
    expect(samplesUnder(told, 'JavaShares.main', 'JavaShares.heavy')).toBeGreaterThan(100);
    const names = (of: readonly FoldedStack[]) => of.flatMap(({ frames }) => frames.slice(1));
    expect(names(lied).filter((name) => /^(?:Java|java)/.test(name))).toEqual([]);
    expect(names(told).filter((name) => name.startsWith('False'))).toEqual([]);
  },
);
