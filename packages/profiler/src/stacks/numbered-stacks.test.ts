// Stacks that are about others: whichever of the two comes first.

import { expect, test } from 'bun:test';
import { MadeUpHost, sampleOf } from '../../test/made-up-host.ts';
import { NumberedStacks } from './numbered-stacks.ts';
import type { ResolvedStack } from './stack-resolver.ts';

const ABOUT = 5;

function stack(sample: Parameters<typeof sampleOf>[0]): ResolvedStack {
  using host = new MadeUpHost();
  return host.resolver.resolve(sampleOf(sample));
}

/** Names that no code stands behind, root first. */
const synthetic = ({ frames }: ResolvedStack) =>
  frames.flatMap(({ frame }) => (frame.kind === 'synthetic' ? [frame.name] : []));

const sleeper = () => stack({ state: 'interruptible', about: ABOUT, user: [0x20] });
const waker = () => stack({ number: ABOUT, comm: 'waker', user: [0x40], kernel: [0x90n, 0x80n] });

test('a stack that is about none is whole', () => {
  const alone = stack({ user: [0x20] });
  expect(new NumberedStacks().whole(alone)).toBe(alone);
});

test('what it is about stands upside down on top, with whose it is last', () => {
  const numbered = new NumberedStacks();
  expect(numbered.note(ABOUT, waker(), ['outer', 'waker'])).toEqual([]);
  const whole = numbered.whole(sleeper()) as ResolvedStack;
  expect(synthetic(whole)).toEqual(['[interruptible]', '[woken by]', 'waker', 'outer']);
  const addresses = whole.frames.map(({ address }) => address).filter((address) => address > 0n);
  expect(addresses).toEqual([0x20n, 0x90n, 0x80n, 0x40n]);
  // They are held until nobody can be about them any more.
  expect([...numbered.frames()].length).toBe(3);
});

test('one that comes first waits, and is counted once', () => {
  const numbered = new NumberedStacks();
  expect(numbered.whole(sleeper())).toBeUndefined();
  expect(numbered.whole(sleeper())).toBeUndefined();
  expect([...numbered.frames()].length).toBeGreaterThan(0);
  expect(numbered.note(ABOUT, waker(), ['waker']).map(synthetic)).toEqual([
    ['[interruptible]', '[woken by]', 'waker'],
    ['[interruptible]', '[woken by]', 'waker'],
  ]);
  expect(numbered.note(ABOUT, waker(), ['waker'])).toEqual([]);
  expect(numbered.takeWaiting()).toEqual([]);
});

test('of what is never told the end is that nobody knows', () => {
  const numbered = new NumberedStacks();
  numbered.whole(sleeper());
  expect(numbered.takeWaiting().map(synthetic)).toEqual([
    ['[interruptible]', '[woken by]', '[unknown]'],
  ]);
  expect(numbered.takeWaiting()).toEqual([]);
});

test('the stack of a number is the one that was told last, and else nobody’s', () => {
  const numbered = new NumberedStacks();
  numbered.note(ABOUT, waker(), ['waker']);
  expect(numbered.stackOf(ABOUT).comm).toBe('waker');
  expect(synthetic(numbered.stackOf(0))).toEqual(['[no stack]']);
  expect(numbered.stackOf(9).owner?.roots).toEqual(['[unknown]']);
});

test('of too many stacks those that others were about last are kept', () => {
  const numbered = new NumberedStacks();
  const told = waker();
  for (let number = 1; number <= 32_768; number++) numbered.note(number, told, ['waker']);
  const about = (number: number) => ({ ...sleeper(), about: number });
  numbered.whole(about(1));
  numbered.note(40_000, told, ['waker']);
  expect(numbered.whole(about(1))).toBeDefined();
  expect(numbered.whole(about(2))).toBeUndefined();
});
