// `record --live`: what programs have allocated and not freed, held against what they kept by design.

import { describe, expect } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FoldedStack, parseFolded, samples, samplesUnder } from './support/folded.ts';
import { kernelTest } from './support/kernel-test.ts';
import { Waggle } from './support/waggle.ts';
import { freshFolder, workload } from './support/workloads.ts';

const heap = () => workload('heap');

async function live(args: readonly string[], ...command: readonly string[]) {
  const folder = freshFolder();
  const { code, stderr } = await Waggle.run([
    ...['record', '-o', join(folder, 'x.folded'), '--live', ...args, '--', ...command],
  ]);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const read = (name: string) => parseFolded(readFileSync(join(folder, name), 'utf8'));
  return { stacks: read('x.folded'), stderr, folder, read };
}

/** Without what the C library keeps for itself. */
const own = (stacks: readonly FoldedStack[]) =>
  samples(stacks.filter(({ frames }) => frames.includes('main')));

describe('record --live malloc', () => {
  kernelTest('has the bytes that each function keeps, and none that were freed', async () => {
    const { stacks, stderr } = await live(['malloc'], heap(), 'keep', '2000');
    expect(samplesUnder(stacks, '__libc_start_call_main', 'main', 'keep_small')).toBe(200_000);
    expect(samplesUnder(stacks, '__libc_start_call_main', 'main', 'keep_zeroed')).toBe(600_000);
    expect(samplesUnder(stacks, '__libc_start_call_main', 'main', 'keep_grown')).toBe(10_000_000);
    expect(samplesUnder(stacks, '__libc_start_call_main', 'main', 'keep_aligned')).toBe(512_000);
    expect(own(stacks)).toBe(11_312_000);
    expect(stacks.some(({ frames }) => frames.includes('let_go'))).toBe(false);
    expect(stderr).toContain('live heap: 8000 blocks of 11 MB in all not freed');
    expect(stderr).toMatch(/12000 allocations of .* 4000 frees/);
    expect(stderr).toContain('most bytes in realloc');
  });

  kernelTest('follows blocks that one thread allocates and another frees', async () => {
    const { stacks } = await live(['malloc'], heap(), 'threads', '1000');
    expect(samplesUnder(stacks, 'start_thread', 'fill')).toBe(8 * 100 * 100);
  });

  kernelTest('is exact where allocating fails, and what was to grow stays', async () => {
    const { stacks } = await live(['malloc'], heap(), 'fails', '300');
    expect(samplesUnder(stacks, 'main', 'fail')).toBe(100);
    expect(own(stacks)).toBe(100);
  });

  kernelTest('over time: a profile at each moment, and a line for each on stderr', async () => {
    const { stacks, read, stderr } = await live(
      ['malloc', '--live-every', '1s'],
      ...[heap(), 'steps', '1400'],
    );
    const at = (name: string) =>
      ['first_step', 'second_step'].map((step) => samplesUnder(read(name), 'main', step));
    expect(at('x.1s.folded')).toEqual([2_000_000, 0]);
    expect(at('x.2s.folded')).toEqual([2_000_000, 4_000_000]);
    expect(at('x.3s.folded')).toEqual([0, 4_000_000]);
    expect(samplesUnder(stacks, 'main', 'second_step')).toBe(4_000_000);
    expect(stderr).toContain('not freed over time, 6000 kB at most:');
    expect(stderr).toMatch(/[\d.]+ s +2000 kB +1 block +#+\n/);
    expect(stderr).toMatch(/[\d.]+ s +6000 kB +2 blocks +#+\n/);
  });

  kernelTest('of a process that runs: what it allocates from then on', async () => {
    const path = join(freshFolder(), 'x.folded');
    const child = Bun.spawn([heap(), 'asked', '3'], { stdin: 'pipe', stdout: 'pipe' });
    await child.stdout.getReader().read();
    const args = ['--live', 'malloc', '-p', String(child.pid), '-o', path];
    await using waggle = await Waggle.record(args);
    child.stdin.write('1\n2\n3\n');
    child.stdin.end();
    await child.exited;
    expect((await waggle.stop('SIGINT')).code).toBe(0);
    const stacks = parseFolded(readFileSync(path, 'utf8'));
    expect(samplesUnder(stacks, 'main', 'second_step')).toBe(12_000_000);
    expect(stacks.some(({ frames }) => frames.includes('first_step'))).toBe(false);
  });

  kernelTest('is in pprof as bytes', async () => {
    const path = join(freshFolder(), 'x.pb.gz');
    await Waggle.run([...['record', '--live', 'malloc', '-o', path, '--', heap(), 'keep', '10']]);
    const { stdout } = await Waggle.run(['convert', path, '-']);
    expect(own(parseFolded(stdout))).toBe(56_560);
  });
});

describe('record --live with functions of a pool', () => {
  kernelTest('counts by the argument that was named', async () => {
    const { stacks } = await live(['pool_get(arg2):pool_put'], heap(), 'pool', '3000');
    expect(samplesUnder(stacks, 'main', 'by_pool', 'pool_get')).toBe(1500 * 40);
    expect(samples(stacks)).toBe(1500 * 40);
  });

  kernelTest('of which one is not there is one line, and nothing is run', async () => {
    for (const [what, said] of [
      ['pool_got:pool_put', 'did you mean pool_get, pool_put'],
      ['pool_get', 'a pair of your own as ALLOCATE:FREE'],
      ['pool_get:', 'a pair of your own as ALLOCATE:FREE'],
      ['pool_get(arg9):pool_put', 'a pair of your own as ALLOCATE:FREE'],
    ]) {
      const { code, stdout, stderr } = await Waggle.run([
        ...['record', '--live', what ?? '', '--', heap(), 'pool', '10'],
      ]);
      expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({
        ...{ code: 2, stdout: '', lines: 1 },
      });
      expect(stderr).toContain(said ?? '');
    }
  });

  kernelTest('is about bytes alone', async () => {
    for (const other of [['--off-cpu'], ['-e', 'page-faults'], ['--weight', 'arg1']]) {
      const { code, stderr } = await Waggle.run([
        ...['record', '--live', 'malloc', ...other, '--', heap(), 'pool', '10'],
      ]);
      expect(code).toBe(2);
      expect(stderr).toContain('leave one of them out');
    }
  });
});
