// Programs that copied their own code to memory, for larger pages: its names and its stacks are those of
// the file, as long as its content is.

import { describe, expect } from 'bun:test';
import { eventually } from './support/deadline.ts';
import { samples, samplesWith } from './support/folded.ts';
import { kernelTest, optionalKernelTest } from './support/kernel-test.ts';
import { cpuMilliseconds, TestProcess } from './support/processes.ts';
import { Recorded } from './support/recorded.ts';
import { workload } from './support/workloads.ts';

/** Samples in it whose stack leads through its caller to the C library. */
function expectWhole({ stacks }: Recorded): void {
  const whole = samples(stacks, ({ frames }) =>
    ['__libc_start_main', 'main', 'calls_it', 'in_remapped_text'].every((name) =>
      frames.some((frame) => frame.startsWith(name)),
    ),
  );
  expect(whole / samples(stacks)).toBeGreaterThan(0.85);
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
  // Compression is code of the program's own, and nothing is generated for it.
  const script = `const { deflateSync } = require('node:zlib');
    const bytes = Buffer.alloc(1 << 20, 'waggle dances');
    while (process.cpuUsage().user < 900000) deflateSync(bytes);`;
  const { stacks } = await Recorded.of(['--', 'node', '--use-largepages=on', '-e', script]);
  const inZlib = samples(stacks, ({ frames }) => frames.some((name) => /deflate/i.test(name)));
  expect(inZlib / samples(stacks)).toBeGreaterThan(0.5);
  const unnamed = samples(stacks, ({ frames }) => /^\[jit\+0x/.test(frames.at(-1) ?? ''));
  expect(unnamed / samples(stacks)).toBeLessThan(0.1);
});
