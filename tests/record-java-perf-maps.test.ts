/**
 * Perf maps that Java programs write because waggle asks for them (--java-perf-map), and what comes of asking.
 */

import { expect } from 'bun:test';
import { existsSync, rmSync, statSync } from 'node:fs';
import { type FoldedStack, samples } from './support/folded.ts';
import { javaClasses, javas } from './support/javas.ts';
import { optionalKernelTest } from './support/kernel-test.ts';
import { Recorded } from './support/recorded.ts';

const classes = javaClasses('JavaShares');
const percent = (part: number, whole: number) => (100 * part) / whole;

const mapping = javas().findLast(
  ({ path, version }) => path !== undefined && Number(version) >= 17,
);
const withoutMaps =
  mapping === undefined || classes === undefined ? 'no Java from 17 on is installed' : undefined;
const NOBODY = 65_534;

/** A program that runs for half a minute, with frame pointers, from its first second on. */
async function running(
  path = '',
  { options = [], uid }: { readonly options?: readonly string[]; readonly uid?: number } = {},
): Promise<Bun.Subprocess> {
  const words = [path, '-XX:+PreserveFramePointer', ...options, '-cp', classes ?? ''];
  const program = Bun.spawn([...words, 'JavaShares', '30'], {
    ...(uid === undefined ? {} : { uid }),
    stdout: 'ignore',
  });
  await Bun.sleep(1500);
  return program;
}

const WITH_MAP = ['--java-perf-map', '--no-interpreters', '--unwind', 'fp', '-d', '3', '-p'];

for (const [whose, uid] of [
  ['ours', undefined],
  ["another user's", NOBODY],
] as const)
  optionalKernelTest(`a perf map is written on request: ${whose}`, withoutMaps, async () => {
    await using program = await running(mapping?.path, uid === undefined ? {} : { uid });
    const map = `/tmp/perf-${program.pid}.map`;
    const { stacks: before } = await Recorded.of([...WITH_MAP.slice(1), String(program.pid)]);
    expect(existsSync(map)).toBe(false);
    const { stacks, stderr } = await Recorded.of([...WITH_MAP, String(program.pid)]);
    program.kill();
    expect(statSync(map).uid).toBe(uid ?? process.geteuid?.() ?? 0);
    rmSync(map);
    const named = (of: readonly FoldedStack[]) =>
      samples(of, ({ frames }) => frames.some((name) => name.includes('JavaShares')));
    expect(named(before)).toBe(0);
    expect(percent(named(stacks), samples(stacks))).toBeGreaterThan(90);
    expect(stderr).toContain('1 Java process wrote a perf map');
  });

optionalKernelTest(
  'who is asked goes on, whatever comes of it, and that is said',
  withoutMaps,
  async () => {
    const old = javas().find(({ path, version }) => path !== undefined && Number(version) < 17);
    const wanted = [
      // It takes no signal, and listens from its start.
      { path: mapping?.path, options: ['-Xrs'], says: '1 Java process wrote a perf map' },
      {
        path: mapping?.path,
        options: ['-XX:+DisableAttachMechanism'],
        says: 'has no new perf map: it did not listen within 5 s',
      },
      { path: old?.path, options: [], says: 'it is older than Java 17' },
    ];
    for (const { path, options, says } of wanted.filter(({ path }) => path !== undefined)) {
      await using program = await running(path, { options });
      const { stderr } = await Recorded.of([...WITH_MAP, String(program.pid)]);
      expect(stderr).toContain(says);
      expect(program.exitCode).toBeNull();
      program.kill();
    }
  },
);
