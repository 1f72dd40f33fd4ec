// Programs without frame pointers whose stacks are anything but a row of C functions: exceptions in
// flight, signal handlers, coroutines, threads, other languages, other ways to link.

import { describe, expect } from 'bun:test';
import { type FoldedStack, samples } from './support/folded.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { Recorded } from './support/recorded.ts';
import { type Workload, whyNotBuilt, workload } from './support/workloads.ts';

const recorded = (...command: readonly string[]) => Recorded.of(['--', ...command]);

/** All but 1 % have these frames, one right below the other; `;` before the first is the root. */
function expectThrough(stacks: readonly FoldedStack[], ...path: readonly string[]): void {
  const isThrough = ({ frames }: FoldedStack) => `;${frames.join(';')};`.includes(path.join(';'));
  expect(samples(stacks)).toBeGreaterThan(20);
  if (samples(stacks, isThrough) >= 0.99 * samples(stacks)) return;
  const others = stacks.filter((stack) => !isThrough(stack));
  expect(others.map(({ frames, count }) => `${frames.join(';')} ${count}`)).toEqual([]);
}

const withFrame = (stacks: readonly FoldedStack[], ...names: readonly string[]) =>
  stacks.filter(({ frames }) => names.some((name) => frames.includes(name)));

const START = [';_start', '__libc_start_main', '__libc_start_call_main', 'main'];

describe('record of C++ without frame pointers', () => {
  kernelTest('is whole through exceptions in flight, sort and threads', async () => {
    const { stacks, complete } = await recorded(workload('throws'), '2400');
    expect(complete()).toBeGreaterThanOrEqual(99);
    const levels = Array.from({ length: 6 }, () => 'level');
    const inFlight = withFrame(stacks, '__cxa_throw');
    expectThrough(inFlight, ...START, 'throwing', ...levels, 'thrower');
    expectThrough(withFrame(inFlight, '_Unwind_RaiseException'), ...START, 'throwing', ...levels);
    // Unwinding goes on from each function that had something to clean up. At its end the runtime sets
    // another stack pointer, and no rule describes its own frame while it does.
    const resuming = withFrame(stacks, '_Unwind_Resume');
    const whole = samples(resuming, ({ frames }) => frames.join(';').includes('main;throwing;'));
    expect(whole / samples(resuming)).toBeGreaterThan(0.85);
    expectThrough(withFrame(stacks, '_Unwind_Find_FDE'), ...START, 'throwing', 'level');
    // A handler is a part of its function that the compiler set aside: throwing, or throwing.cold.
    expectThrough(withFrame(stacks, 'landed'), ...START, 'throwing');
    expectThrough(withFrame(stacks, 'sorting'), ...START, 'sorting');
    expectThrough(withFrame(stacks, 'in_thread'), ';clone3', 'start_thread');
    for (const names of [['throwing', 'throwing.cold'], ['sorting'], ['in_thread']])
      expect(samples(withFrame(stacks, ...names)) / samples(stacks)).toBeGreaterThan(0.25);
  });
});

describe('record of stacks that are not the program’s own', () => {
  for (const [kind, path] of [
    ['nested', ['first_handler', 'raise', '__pthread_kill_implementation', '__restore_rt']],
    ['altstack', ['raise', '__pthread_kill_implementation', '__restore_rt', 'on_own_stack']],
  ] as const)
    kernelTest(`goes through signal handlers: ${kind}`, async () => {
      // The kernel gets tables while the workload still runs on one stack: a stack that waited for them is a
      // copy from its stack pointer on, which does not hold another stack.
      const { stacks, complete } = await recorded(workload('stacks'), kind, '2400');
      expect(complete()).toBeGreaterThanOrEqual(99);
      const burning = withFrame(withFrame(stacks, 'interrupted'), 'rounds');
      expect(samples(burning)).toBeGreaterThan(0.7 * samples(stacks));
      expectThrough(burning, ...START, 'interrupted', 'raise');
      expectThrough(burning, ...path);
    });

  kernelTest('ends at the first function of a coroutine', async () => {
    const { stacks, complete } = await recorded(workload('stacks'), 'coroutine', '900');
    expect(complete()).toBeGreaterThanOrEqual(99);
    const inside = withFrame(stacks, 'coroutine');
    expect(samples(inside)).toBeGreaterThan(0.9 * samples(stacks));
    // Below it is only the C library's end of a context, which has no name.
    const atRoot = samples(inside, ({ frames }) => frames.indexOf('coroutine') === 2);
    expect(atRoot).toBeGreaterThanOrEqual(0.99 * samples(inside));
  });

  kernelTest('ends where threads begin, however short they are', async () => {
    const { stacks, complete } = await recorded(workload('stacks'), 'threads', '1200');
    expect(complete()).toBeGreaterThanOrEqual(99);
    expectThrough(withFrame(stacks, 'burn'), ';clone3', 'start_thread', 'in_thread', 'burn');
  });

  kernelTest('says how many stacks were deeper than it goes', async () => {
    const { stacks, stderr } = await recorded(workload('deep'), '600', '1300');
    const bottom = withFrame(stacks, 'burn');
    expect(samples(bottom)).toBeGreaterThan(0.95 * samples(stacks));
    const cut = Number(/cut off: (\d+) by more than 1143 frames/.exec(stderr)?.[1]);
    expect(cut).toBeGreaterThanOrEqual(samples(bottom) * 0.99);
    // Marked as cut where they are shown, and whole from the leaf on.
    expectThrough(bottom, ';[truncated]', 'descend');
  });
});

describe('record of programs linked in other ways', () => {
  for (const program of ['call_tree_nofp_static', 'call_tree_nofp_static_pie'] as const)
    kernelTest(`is whole in ${program}`, async () => {
      const { stacks, complete } = await recorded(workload(program), '700');
      expect(complete()).toBeGreaterThanOrEqual(99);
      // What comes between is called one way in libc.so and another in libc.a.
      for (const leaf of ['sixty', 'twenty_five', 'fifteen'])
        expectThrough(withFrame(stacks, leaf), 'main', 'work', leaf);
      expect(samples(stacks, ({ frames }) => frames[1] === '_start')).toBeGreaterThanOrEqual(
        0.99 * samples(stacks),
      );
    });

  // Debian's musl has neither frame pointers nor call frame information: nobody gets through it.
  for (const program of ['call_tree_musl', 'call_tree_musl_static'] as const satisfies Workload[])
    optionalKernelTest(`is whole up to main in ${program}`, whyNotBuilt(program), async () => {
      const { stacks } = await recorded(workload(program), '700');
      for (const leaf of ['sixty', 'twenty_five', 'fifteen'])
        expectThrough(withFrame(stacks, leaf), 'main', 'work', leaf);
    });

  kernelTest('is whole in the vDSO', async () => {
    const { stacks, complete } = await recorded(workload('asks_time_nofp'), '700');
    expect(complete()).toBeGreaterThanOrEqual(99);
    expectThrough(withFrame(stacks, '__vdso_clock_gettime'), ...START, 'clock_gettime');
  });

  kernelTest('is whole in the linkage table', async () => {
    const { stacks, complete } = await recorded(workload('plt_calls'), '1500');
    expect(complete()).toBeGreaterThanOrEqual(99);
    // main calls clock() that way too.
    const table = stacks.filter(({ frames }) =>
      frames.some((name) => /^(?!clock)\w+@plt$/.test(name)),
    );
    expect(samples(table)).toBeGreaterThan(3);
    const whole = samples(table, ({ frames }) =>
      `;${frames.join(';')}`.includes([...START, 'calling'].join(';')),
    );
    expect(whole).toBe(samples(table));
  });

  optionalKernelTest('goes by frame pointers in Go', whyNotBuilt('goroutine'), async () => {
    const { stacks } = await recorded(workload('goroutine'), '1500');
    const leaf = withFrame(stacks, 'main.leaf');
    expectThrough(leaf, ';runtime.goexit.abi0', 'main.main.gowrap1', 'main.work', 'main.leaf');
  });

  optionalKernelTest('is whole in Rust', whyNotBuilt('boxed'), async () => {
    const { stacks, complete } = await recorded(workload('boxed'), '1500');
    expect(complete()).toBeGreaterThanOrEqual(99);
    expectThrough(withFrame(stacks, 'leaf'), ...START, 'std::rt::lang_start_internal');
    expectThrough(withFrame(stacks, 'leaf'), 'work', 'boxed::work::{{closure}}', 'leaf;');
  });

  optionalKernelTest(
    'takes what frame pointers give of a 32-bit program',
    process.arch === 'x64' ? undefined : 'only x86-64 runs i386 code',
    async () => {
      const { stacks, stderr } = await recorded(workload('compat32'));
      expect(samples(stacks)).toBeGreaterThan(30);
      // Counted with neither the whole nor the cut off: nobody walked them.
      expect(stderr).not.toContain('cut off');
      const inside = samples(stacks, ({ frames }) =>
        frames.some((name) => name.startsWith('[compat32+0x')),
      );
      expect(inside).toBeGreaterThan(0.95 * samples(stacks));
    },
  );
});

describe('record of return addresses that are none', () => {
  for (const unwind of ['fp', 'dwarf'])
    kernelTest(`takes no word of memory for a function, with --unwind ${unwind}`, async () => {
      const { stacks } = await Recorded.of([
        ...['--unwind', unwind, '--', workload('forged_callers'), '800'],
      ]);
      const burning = withFrame(stacks, 'forged');
      expect(samples(burning)).toBeGreaterThan(400);
      const named = burning
        .flatMap(({ frames }) => frames)
        .filter((name) => !name.endsWith('_[k]'));
      const known = new Set([
        'forged_callers',
        ...START.map((name) => name.replace(';', '')),
        'forged',
        '[unknown]',
      ]);
      expect(named.filter((name) => !known.has(name))).toEqual([]);
    });
});
