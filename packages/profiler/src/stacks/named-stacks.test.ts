import { expect, test } from 'bun:test';
import type { ProfileFrame } from '@waggle/formats';
import { NamedStacks } from './named-stacks.ts';

const named = (name: string): ProfileFrame[] => [{ name, kind: 'user' }];
const process = (name: string): ProfileFrame[] => [{ name, kind: 'process' }];

const foldedOf = (stacks: NamedStacks) =>
  stacks
    .profileStacks()
    .map(({ frames, count }) => `${frames.map(({ name }) => name).join(';')} ${count}`)
    .sort();

test('equal stacks are one, and a stack that another one begins with is its own', () => {
  const stacks = new NamedStacks();
  stacks.add([process('a'), named('main'), named('work')], 2);
  stacks.add([process('a'), named('main'), named('work')], 3);
  stacks.add([process('a'), named('main')], 1);
  stacks.add([process('b'), named('main')], 1);
  expect(foldedOf(stacks)).toEqual(['a;main 1', 'a;main;work 5', 'b;main 1']);
});

test('inlined functions stay with their caller, and addresses are told apart', () => {
  const stacks = new NamedStacks();
  stacks.add([process('a'), [...named('main'), ...named('inlined')]], 1);
  stacks.add([process('a'), [{ name: 'main', kind: 'user', address: 1n }]], 1);
  stacks.add([process('a'), [{ name: 'main', kind: 'user', address: 2n }]], 1);
  expect(foldedOf(stacks)).toEqual(['a;main 1', 'a;main 1', 'a;main;inlined 1']);
});

test('beyond so many, stacks are [other] of their process, and none is lost', () => {
  const stacks = new NamedStacks(100, 1000);
  for (let number = 0; number < 200; number++) stacks.add([process('a'), named(`f${number}`)], 1);
  stacks.add([process('a'), named('f0')], 1);
  const profile = stacks.profileStacks();
  expect(profile.reduce((sum, { count }) => sum + count, 0)).toBe(201);
  expect(foldedOf(stacks)).toContain('a;f0 2');
  expect(foldedOf(stacks)).toContain(`a;[other] ${stacks.otherSamples}`);
  expect(profile.length).toBeLessThanOrEqual(101);
});
