// Collections, on a host in memory: what is sampled while one gets its names belongs to the next, and each
// has the losses since the one before it.

import { expect, test } from 'bun:test';
import type { Profile } from '@waggle/formats';
import { Collections } from '../src/collections.ts';
import { anonymous, MadeUpHost, sampleOf } from './made-up-host.ts';

const HEAP = 0x1000_0000;

/** `name count` of the innermost frame of each stack. */
const leaves = ({ stacks }: Profile) =>
  stacks.map(({ frames, count }) => `${frames.at(-1)?.name} ${count}`).sort();

function collectionsOf(host: MadeUpHost, raw = false) {
  host.spawn(7, [anonymous(HEAP, 0x1000)]);
  const collections = new Collections({ frequencyHz: 99, raw }, host.symbolizer, host.jitMaps);
  const add = (count: number, ...user: number[]) =>
    collections.add(host.resolver.resolve(sampleOf({ count, user })));
  return { collections, add };
}

test('each sample is in one collection, whatever is sampled while another is named', async () => {
  using host = new MadeUpHost();
  const { collections, add } = collectionsOf(host);
  add(2, 0x10);
  add(1, 0x10);
  const first = collections.collect(0);
  add(5, 0x10);
  const second = collections.collect(0);
  expect(leaves(await first)).toEqual(['[unknown] 3']);
  expect(leaves(await second)).toEqual(['[unknown] 5']);
  expect((await collections.collect(0)).stacks).toEqual([]);
});

test('a collection says how many samples it has, and how many were lost since the last one', async () => {
  using host = new MadeUpHost();
  const { collections, add } = collectionsOf(host);
  add(2, 0x10);
  const lost: [number, number][] = [];
  for (const until of [3, 3, 10]) {
    const { samples, lostSamples } = (await collections.collect(until)).metadata;
    lost.push([samples, lostSamples]);
  }
  expect(lost).toEqual([
    [2, 3],
    [0, 0],
    [0, 7],
  ]);
});

test('generated code without a name is waited for, and its frames are held while it is named', async () => {
  using host = new MadeUpHost();
  const { collections, add } = collectionsOf(host, true);
  add(1, HEAP + 0x10);
  expect([...collections.waitingCode()].map(({ address }) => address)).toEqual([
    HEAP + 0x10,
    HEAP + 0x10,
  ]);
  const collected = collections.collect(0);
  expect([...collections.heldFrames()]).toHaveLength(2);
  expect(leaves(await collected)).toEqual([`[jit+0x${(HEAP + 0x10).toString(16)}] 1`]);
  // One by one they are there until collectRaw().
  expect([...collections.heldFrames()]).toHaveLength(1);
  const raw = await collections.collectRaw();
  expect(raw.map(({ count }) => count)).toEqual([1]);
  expect([...collections.heldFrames(), ...collections.waitingCode()]).toEqual([]);
  expect(await collections.collectRaw()).toEqual([]);
});

test('without `raw` no stack is kept one by one', async () => {
  using host = new MadeUpHost();
  const { collections, add } = collectionsOf(host);
  add(1, 0x10);
  expect(await collections.collectRaw()).toEqual([]);
});
