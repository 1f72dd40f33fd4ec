// Programs that copied their own code to memory, for larger pages: its names and its stacks are those of
// the file, as long as its content is.

import { describe, expect } from 'bun:test';
import { join } from 'node:path';
import { eventually } from './support/deadline.ts';
import { samples, samplesWith } from './support/folded.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { cpuMilliseconds, TestProcess } from './support/processes.ts';
import { Recorded } from './support/recorded.ts';
import { freshFolder, workload } from './support/workloads.ts';

/** Samples in it whose stack leads through its caller to the C library. */
function expectWhole({ stacks }: Recorded): void {
  const whole = samples(stacks, ({ frames }) =>
    ['__libc_start_main', 'main', 'calls_it', 'in_remapped_text'].every((name) =>
      frames.some((frame) => frame.startsWith(name)),
    ),
  );
  // What it takes to ask for the time depends on the machine.
  const burning = samples(stacks, ({ frames }) => !frames.includes('cpu_ms'));
  expect(whole / burning).toBeGreaterThan(0.85);
}

for (const program of ['remapped', 'remapped_nofp'] as const)
  describe(program, () => {
    for (const how of ['copy', 'mprotect', 'mremap'])
      kernelTest(`code in memory that was put there by ${how}`, async () => {
        expectWhole(await Recorded.of(['--', workload(program), '600', how]));
      });

    kernelTest('code that was put there before', async () => {
      await using process = new TestProcess([workload(program), '60000', 'copy']);
      await eventually('it to run', () => cpuMilliseconds(process.pid) > 50 || undefined);
      expectWhole(await Recorded.of(['-p', String(process.pid), '-d', '1']));
    });
  });

kernelTest('generated code in the place of other code has none of its names', async () => {
  const { stacks } = await Recorded.of(['--', workload('remapped'), '600', 'other']);
  expect(samplesWith(stacks, 'never_called')).toBe(0);
  const generated = samples(stacks, ({ frames }) => /^\[jit\+0x/.test(frames.at(-1) ?? ''));
  expect(generated / samples(stacks)).toBeGreaterThan(0.8);
});

const withoutNode = Bun.which('node') === null ? 'node is not installed' : undefined;

optionalKernelTest('Node with large pages', withoutNode, async () => {
  // Half of it in compression, which is code of the program's own, half in what it generates: V8 copies
  // its builtins once more, next to that.
  const script = `const { deflateSync } = require('node:zlib');
    const used = () => process.cpuUsage().user / 1000;
    const bytes = Buffer.alloc(1 << 20, 'waggle dances');
    while (used() < 700) deflateSync(bytes);
    const objects = [];
    for (let n = 0; used() < 1400; n++) {
      objects[n % 1000] = { n, text: String(n) };
      objects.slice(0, 50).sort((a, b) => a.n - b.n);
    }`;
  const flags = ['--use-largepages=on', '--perf-basic-prof', '--no-logfile-per-isolate'];
  const logfile = `--logfile=${join(freshFolder(), 'v8.log')}`;
  const { stacks } = await Recorded.of(['--native', '--', 'node', ...flags, logfile, '-e', script]);
  const share = (fits: RegExp) =>
    samples(stacks, ({ frames }) => frames.some((name) => fits.test(name))) / samples(stacks);
  expect(share(/deflate/i)).toBeGreaterThan(0.25);
  expect(share(/^Builtins_/)).toBeGreaterThan(0.1);
  const unnamed = samples(stacks, ({ frames }) => /^\[jit\+0x/.test(frames.at(-1) ?? ''));
  expect(unnamed / samples(stacks)).toBeLessThan(0.05);
});
