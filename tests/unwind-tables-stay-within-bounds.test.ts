// Unwind tables under load: more processes, more programs than fit. Memory and kernel maps have a
// bound, and no stack gets another program's names. The long run of the first test is by hand:
// WAGGLE_CHURN_SECONDS=60 says every 10 seconds what it holds.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuProfiler, createAgent, definePlugin, Profiler, profileOutput } from '@waggle/core';
import type { Profile } from '@waggle/formats';
import type { UnwindTableStats } from '@waggle/profiler';
import { heldBpfObjects } from './support/bpf-objects.ts';
import { eventually } from './support/deadline.ts';
import { type FoldedStack, parseFolded, samples } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload, workloadNamed } from './support/workloads.ts';

const SECONDS = Number(process.env.WAGGLE_CHURN_SECONDS ?? 8);
const PROGRAMS = 40;

const programs = (count: number) =>
  Array.from({ length: count }, (_, number) => workloadNamed('named_burn', `burn_in_${number}`));

/** Stacks in which a function of one program stands under the name of another. */
function foreign(stacks: readonly FoldedStack[]): string[] {
  return stacks
    .filter(({ frames: [comm, ...functions] }) =>
      functions.some((name) => name.startsWith('burn_in_') && name !== comm),
    )
    .map(({ frames }) => frames.join(';'));
}

const CALLERS = ['_start', '__libc_start_main', '__libc_start_call_main', 'main'];

/** The callers of the program's own function, root first: all, or those next to it. */
function callersOf({ frames: [comm = '', ...functions] }: FoldedStack): readonly string[] {
  return functions.slice(0, functions.indexOf(comm));
}

/** @param whole the least share of the stacks that must reach _start; the rest must be cut, not wrong. */
function expectRight(stacks: readonly FoldedStack[], whole: number): void {
  expect(foreign(stacks)).toEqual([]);
  const burning = stacks.filter(({ frames: [comm, ...rest] }) => rest.includes(comm ?? ''));
  expect(samples(burning)).toBeGreaterThan(200);
  const wrong = burning.filter(
    (stack) => !`;${CALLERS.join(';')}`.endsWith(['', ...callersOf(stack)].join(';')),
  );
  expect(wrong.map(({ frames }) => frames.join(';'))).toEqual([]);
  const reach = samples(burning, (stack) => callersOf(stack).length === CALLERS.length);
  expect(reach / samples(burning)).toBeGreaterThanOrEqual(whole);
}

const residentMb = (pid: number) =>
  Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

const heldMaps = (pid: number) =>
  [...heldBpfObjects(pid)].filter((object) => object.startsWith('map')).length;

describe('200 short processes a second', () => {
  kernelTest(
    'cost bounded memory, leave no map behind, and none has a name of another',
    async () => {
      const path = join(freshFolder(), 'out.folded');
      const relay = [workload('relay'), '200', String(SECONDS), '2', ...programs(PROGRAMS)];
      const arguments_ = ['-F', '999', '--unwind', 'dwarf', '-o', path, '--', ...relay];
      await using waggle = await Waggle.record(arguments_);
      const seen: { second: number; mb: number; maps: number }[] = [];
      const started = performance.now();
      const watch = setInterval(() => {
        const second = Math.round((performance.now() - started) / 1000);
        if (second >= SECONDS) return clearInterval(watch);
        const now = { second, mb: residentMb(waggle.pid), maps: heldMaps(waggle.pid) };
        if (SECONDS > 20 && second % 10 === 0) console.log(JSON.stringify(now));
        seen.push(now);
      }, 1000);
      await Bun.sleep(SECONDS * 1000);
      clearInterval(watch);
      const { stderr } = await waggle.result();
      if (SECONDS > 20) console.log(stderr);
      expectRight(parseFolded(readFileSync(path, 'utf8')), 0.97);
      expect(stderr).toMatch(/ 0 lost; written/);
      // A table of each program, those of the C library, the loader, relay and the vDSO, and our own
      // maps: far from one for each of the processes.
      const most = Math.max(...seen.map(({ maps }) => maps));
      expect(most).toBeLessThan(PROGRAMS + 40);
      const settled = seen[Math.floor(seen.length / 2)];
      const last = seen.at(-1);
      // A busy machine is late with tables, and with the code that makes them.
      expect(last?.mb).toBeLessThan(1.3 * (settled?.mb ?? 0) + 30);
    },
    (SECONDS + 60) * 1000,
  );
});

describe('more tables than there is room for', () => {
  kernelTest('make way for each other and come back', async () => {
    // The C library's takes 104 KiB, the loader's 14, the vDSO's 4, a program's 4.
    const budget = 160 * 1024;
    let look = () => {};
    let most = 0;
    let counts: UnwindTableStats | undefined;
    const watching = definePlugin({
      name: 'watching',
      needs: { profiler: Profiler },
      setup: ({ services, onClose }) => {
        look = () => {
          counts = services.profiler.counts().unwindTables;
          most = Math.max(most, counts?.bytes ?? 0);
        };
        const timer = setInterval(look, 20);
        onClose(() => clearInterval(timer));
        return {};
      },
    });
    const collected: Profile[] = [];
    await using agent = await createAgent({
      command: [workload('relay'), '60', '40', '8', ...programs(PROGRAMS)],
      commandOutput: 'ignore',
      plugins: [
        cpuProfiler({
          frequencyHz: 999,
          unwind: 'dwarf',
          launcher: process.pid,
          unwindTableBytes: budget,
        }),
        watching,
        profileOutput({
          sink: {
            async writeProfile(profile) {
              look();
              collected.push(profile);
            },
          },
        }),
      ],
      stopOn: [],
    });
    // Each of the programs runs every 700 ms, and some thirty have room at most: by then tables that
    // were evicted have come back.
    await eventually('evictions', () => (counts?.evicted ?? 0) > PROGRAMS, 40_000);
    await agent.stop();
    expect(most).toBeLessThanOrEqual(budget);
    expect(counts?.tables).toBeLessThan(PROGRAMS);
    expectRight(
      collected.flatMap(({ stacks }) =>
        stacks.map(({ frames, count }) => ({ frames: frames.map(({ name }) => name), count })),
      ),
      // Each table that went is missed again by the next sample, and a busy machine makes few.
      0.5,
    );
  });
});
