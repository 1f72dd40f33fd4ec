import { expect, test } from 'bun:test';
import { TakenIn } from './taken-in.ts';

test('a round takes in what was counted before the one before it', () => {
  let now = 100;
  const taken = new TakenIn(() => now);
  const round = (handedOver: number) => {
    taken.beganRound();
    taken.endedRound(handedOver);
    return taken.until;
  };
  expect(round(now)).toBe(Number.NEGATIVE_INFINITY);
  now = 200;
  expect(round(now)).toBe(100);
  now = 300;
  taken.beganRound();
  // Not read to its end yet, and a long time passes.
  now = 9000;
  expect(taken.until).toBe(100);
  taken.endedRound(now);
  expect(taken.until).toBe(200);
  now = 9100;
  // Samples that are handed over are behind.
  expect(round(250)).toBe(250);
  expect(round(250)).toBe(250);
  expect(round(now)).toBe(9100);
});
