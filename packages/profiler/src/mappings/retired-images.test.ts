// When the mappings of an ended program image may be forgotten.

import { expect, test } from 'bun:test';
import { RetiredImages } from './retired-images.ts';

const nobody = () => undefined;

test('an image is forgotten in the third round after its end, and once', () => {
  const retired = new RetiredImages();
  const image = { pid: 7, time: 10n, ended: true };
  retired.add(image);
  const rounds = Array.from({ length: 4 }, () => retired.endRound(nobody));
  expect(rounds).toEqual([[], [], [image], []]);
});

test('one whose samples wait for a table stays as long again, others go', () => {
  const retired = new RetiredImages();
  const held = { pid: 7, time: 10n, ended: false };
  const free = { pid: 8, time: 10n, ended: false };
  retired.add(held);
  retired.add(free);
  const waiting = () => new Set([7]);
  expect([1, 2, 3].map(() => retired.endRound(waiting))).toEqual([[], [], [free]]);
  expect([1, 2, 3].map(() => retired.endRound(nobody))).toEqual([[], [], [held]]);
});

test('who waits is asked only when an image is due', () => {
  const retired = new RetiredImages();
  let asked = 0;
  const waiting = () => {
    asked++;
    return undefined;
  };
  for (let round = 0; round < 10; round++) retired.endRound(waiting);
  retired.add({ pid: 7, time: 10n, ended: true });
  for (let round = 0; round < 10; round++) retired.endRound(waiting);
  expect(asked).toBe(1);
});
