// The same program under `perf record --call-graph dwarf`, which copies stacks and walks them with
// another library afterwards: both must see the same callers, and waggle as many whole stacks.

import { describe, expect } from 'bun:test';
import { join } from 'node:path';
import { type FoldedStack, samples } from './support/folded.ts';
import { optionalKernelTest } from './support/kernel-test.ts';
import { Recorded } from './support/recorded.ts';
import { freshFolder, workload } from './support/workloads.ts';

function run(command: readonly string[]): string {
  const { success, stdout, stderr } = Bun.spawnSync([...command], { stderr: 'pipe' });
  if (!success) throw new Error(`${command.join(' ')}\n${stderr}`);
  return stdout.toString();
}

/** Why perf cannot do it here: absent, or of another kernel than this one. */
function whyNoPerf(): string | undefined {
  if (Bun.which('perf') === null) return 'perf is not installed';
  const output = join(freshFolder(), 'perf.data');
  const { success } = Bun.spawnSync([
    ...['perf', 'record', '-q', '-e', 'cpu-clock', '--call-graph', 'dwarf', '-o', output],
    ...['--', 'true'],
  ]);
  return success ? undefined : 'perf record --call-graph dwarf does not work here';
}

/** Root first, as waggle has them; without the kernel's frames. */
function recordedByPerf(...command: readonly string[]): FoldedStack[] {
  const data = join(freshFolder(), 'perf.data');
  run([
    ...['perf', 'record', '-q', '-F', '499', '-e', 'cpu-clock', '--call-graph', 'dwarf,16384'],
    ...['-o', data, '--', ...command],
  ]);
  const text = run(['perf', 'script', '-i', data, '--no-inline', '-F', 'comm,ip,sym,dso']);
  return text
    .split('\n\n')
    .filter((block) => block.trim() !== '')
    .map((block) => {
      const [comm = '', ...lines] = block.trimStart().split('\n');
      const frames = lines.flatMap((line) => {
        const [, name = '', object = ''] = /^\s*[0-9a-f]+ (.*) \((.*)\)$/.exec(line) ?? [];
        return object.startsWith('[kernel') ? [] : [name.replace(/\+0x[0-9a-f]+$/, '')];
      });
      return { frames: [comm.trim(), ...frames.reverse()], count: 1 };
    })
    .filter(({ frames }) => frames.length > 1);
}

/** Share of the samples that have the caller right above the callee, in percent. */
function pairShares(stacks: readonly FoldedStack[]): Map<string, number> {
  const shares = new Map<string, number>();
  const total = samples(stacks);
  for (const { frames, count } of stacks) {
    const names = frames.slice(1).map(comparable);
    const pairs = new Set(names.slice(1).map((name, depth) => `${names[depth]} > ${name}`));
    for (const pair of pairs) shares.set(pair, (shares.get(pair) ?? 0) + (100 * count) / total);
  }
  return shares;
}

/** The part of a name that both agree on: perf has no place for what it cannot name. */
function comparable(name: string): string {
  if (name.startsWith('[')) return '[unknown]';
  // The C library has several names for one function, and templates are written in several ways.
  return name.replace(/^_*(GI_+)?/, '').replace(/(@.*|_impl|[<(].*)$/s, '');
}

const ROOTS = ['_start', 'clone3', '__clone3', '__GI___clone3'];
const completeShare = (stacks: readonly FoldedStack[]) =>
  (100 * samples(stacks, ({ frames: [, root = ''] }) => ROOTS.includes(root))) / samples(stacks);

const missing = whyNoPerf();

describe('beside perf record --call-graph dwarf', () => {
  for (const [name, command] of [
    ['C', () => [workload('call_tree_nofp'), '1500']],
    ['C++ with exceptions, sort and threads', () => [workload('throws'), '2000']],
  ] as const)
    optionalKernelTest(
      `has the same callers and as many whole stacks of ${name}`,
      missing,
      async () => {
        const theirs = recordedByPerf(...command());
        const { stacks: ours } = await Recorded.of(['--user', '--', ...command()]);
        const [perf, waggle] = [pairShares(theirs), pairShares(ours)];
        const pairs = [...new Set([...perf.keys(), ...waggle.keys()])].filter(
          (pair) => Math.max(perf.get(pair) ?? 0, waggle.get(pair) ?? 0) > 2,
        );
        expect(pairs.length).toBeGreaterThan(5);
        const differences = pairs.map((pair) => ({
          pair,
          points: Math.abs((perf.get(pair) ?? 0) - (waggle.get(pair) ?? 0)),
        }));
        const mean = differences.reduce((sum, { points }) => sum + points, 0) / pairs.length;
        // Two runs of one program at some 800 samples differ by up to 2 points by chance.
        expect({ mean: mean < 3 ? 'small' : { mean, differences } }).toEqual({ mean: 'small' });
        expect(completeShare(ours)).toBeGreaterThanOrEqual(completeShare(theirs) - 1);
        if (process.env.WAGGLE_SAY !== undefined)
          console.log(name, pairs.length, mean, completeShare(theirs), completeShare(ours));
      },
    );
});
