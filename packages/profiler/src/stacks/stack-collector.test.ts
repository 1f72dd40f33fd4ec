import { expect, test } from 'bun:test';
import type { Frame } from '../frames/frame-table.ts';
import type { JitImage } from '../mappings/jit-image.ts';
import type { ObjectFile } from '../mappings/object-file.ts';
import type { Symbolizer } from '../symbolization/symbolizer.ts';
import { StackCollector } from './stack-collector.ts';
import type { ResolvedStack } from './stack-resolver.ts';

const object: ObjectFile = { key: 'o', path: '/o', fd: 3, content: undefined, missing: undefined };
const user = (offset: number): Frame => ({
  ...{ kind: 'user', object, offset },
  ...{ isReturn: false, isSignalReturn: false },
});

/** Of a program that says at its end what it has generated. */
const code = {
  ...{ key: 'c', hasEnded: false, spanOf: () => '0' },
  ...{ lookup: () => undefined, isSettled: () => false },
};
const generated: Frame = {
  ...{ kind: 'jit', code: code as unknown as JitImage, address: 0x10, time: 0, name: undefined },
  ...{ isReturn: false, isMapped: true, isInherited: false },
};

const asked: Frame[] = [];
const symbolizer = {
  functionsOf: async (frames: readonly Frame[]) =>
    frames.map((frame) => {
      if (frame.kind === 'named') return frame.functions;
      asked.push(frame);
      if (frame.kind === 'user') return [{ name: `at ${frame.offset}`, kind: 'user' }];
      return [{ name: code.hasEnded ? 'late' : 'none', kind: 'user' }];
    }),
} as unknown as Symbolizer;

const stack = (...frames: Frame[]) =>
  ({
    ...{ pid: 1, comm: 'a', count: 1 },
    frames: frames.map((frame) => ({ frame, address: 0n })),
  }) as unknown as ResolvedStack;

test('what has its names needs its object no more; generated code waits for its end', async () => {
  const collector = new StackCollector();
  collector.add(stack(user(1), user(2)));
  collector.add(stack(user(1), generated));
  expect([...collector.waiting()].filter(({ kind }) => kind === 'user')).toHaveLength(3);
  await collector.nameNow(symbolizer);
  expect([...collector.waiting()].map(({ kind }) => kind)).toEqual(['named', 'jit']);
  collector.add(stack(user(1), user(2)));
  collector.add(stack(user(1), generated));
  code.hasEnded = true;
  await collector.nameNow(symbolizer);
  const stacks = await collector.profileStacks(symbolizer);
  const folded = stacks.map(
    ({ frames, count }) => `${frames.map(({ name }) => name).join(';')} ${count}`,
  );
  expect(folded.sort()).toEqual(['a;at 1;at 2 2', 'a;at 1;late 2']);
  expect(collector.samples).toBe(4);
});

test('a round that fails loses nothing', async () => {
  const collector = new StackCollector();
  collector.add(stack(user(1)));
  const broken = {
    functionsOf: () => Promise.reject(new Error('EIO')),
  } as unknown as Symbolizer;
  await expect(collector.nameNow(broken)).rejects.toThrow('EIO');
  collector.add(stack(user(2)));
  expect(await collector.profileStacks(symbolizer)).toHaveLength(2);
});

test('a frame that has its name is not waited for while others are read, and keeps it in a round that fails', async () => {
  const collector = new StackCollector();
  collector.add(stack(user(1), user(2)));
  let fail = () => {};
  const slow = {
    functionsOf: (
      frames: readonly Frame[],
      named: (index: number, functions: readonly { name: string; kind: 'user' }[]) => void,
    ) => {
      named(0, [{ name: 'at once', kind: 'user' }]);
      return new Promise((_, reject) => {
        fail = () => reject(new Error(`${frames.length} frames`));
      });
    },
  } as unknown as Symbolizer;
  const round = collector.nameNow(slow);
  await Promise.resolve();
  expect([...collector.waiting()].map(({ kind }) => kind)).toEqual(['named', 'user']);
  fail();
  await expect(round).rejects.toThrow('2 frames');
  const [only] = await collector.profileStacks(symbolizer);
  expect(only?.frames.map(({ name }) => name)).toEqual(['a', 'at once', 'at 2']);
});

test('code that nobody describes is not waited for without end, and no sample of it is lost', async () => {
  const MAX = 100;
  const collector = new StackCollector(undefined, undefined, MAX);
  const runtime = {
    ...code,
    key: 'r',
    hasEnded: false,
    lookup: () => undefined,
  } as unknown as JitImage;
  const unnamed = {
    functionsOf: async (frames: readonly Frame[]) =>
      frames.map(() => [{ name: '[jit+0x1]', kind: 'unresolved', reason: 'no-perf-map' }]),
  } as unknown as Symbolizer;
  for (let n = 0; n < 1000; n++) {
    collector.add(stack({ ...generated, code: runtime, address: n } as Frame));
    if (n % 50 === 0) await collector.nameNow(unnamed);
    expect([...collector.waiting()].length).toBeLessThanOrEqual(MAX + 50);
  }
  expect(collector.earlySamples).toBeGreaterThan(800);
  const stacks = await collector.profileStacks(unnamed);
  expect(stacks.reduce((sum, { count }) => sum + count, 0)).toBe(1000);
});
