// A process that is sampled and ends while a collection is being named belongs to the next one: its
// metadata is still there then, whoever collects.

import { expect, test } from 'bun:test';
import { CollectionCycle } from './collection-cycle.ts';

/** A cache's part of it: who ended when, and is still known. */
function fixture() {
  const ended = new Map<string, number>();
  let now = 100;
  const evict = (before: number) => {
    for (const [name, at] of ended) if (at < before) ended.delete(name);
  };
  const cycle = new CollectionCycle(
    evict,
    () => {},
    () => now,
  );
  return {
    cycle,
    ends: (name: string) => void ended.set(name, now),
    pass: () => now++,
    known: () => [...ended.keys()],
  };
}

test('what ends while a collection is named is known in the next, and forgotten after it', async () => {
  const { cycle, ends, pass, known } = fixture();
  ends('first');
  pass();
  await cycle.run(['profile'], async () => {
    pass();
    ends('second');
    pass();
    expect(known()).toEqual(['first', 'second']);
  });
  expect(known()).toEqual(['first', 'second']);
  pass();
  await cycle.run(['profile'], async () => expect(known()).toEqual(['second']));
  pass();
  await cycle.run(['profile'], async () => expect(known()).toEqual([]));
});

test('a kind that is collected less often keeps what its samples are of', async () => {
  const { cycle, ends, pass, known } = fixture();
  const collect = async (kind: 'profile' | 'stacks') => {
    await cycle.run([kind], async () => {});
    pass();
  };
  await collect('stacks');
  await collect('profile');
  ends('one');
  pass();
  await collect('profile');
  await collect('profile');
  expect(known()).toEqual(['one']);
  await collect('stacks');
  expect(known()).toEqual(['one']);
  await collect('stacks');
  await collect('profile');
  expect(known()).toEqual([]);
});

test('a collection that failed has started no cycle', async () => {
  const { cycle, ends, pass, known } = fixture();
  await cycle.run(['profile'], async () => {});
  ends('one');
  pass();
  await expect(
    cycle.run(['profile'], async () => {
      pass();
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await cycle.run(['profile'], async () => expect(known()).toEqual(['one']));
});
