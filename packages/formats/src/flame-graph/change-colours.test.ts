import { expect, test } from 'bun:test';
import { contrast } from '../../test/contrast.ts';
import { changeLevel, formatChange, LEVELS } from '../diff/significance.ts';
import { changeShade, changeShades } from './change-colours.ts';
import { BOX_TEXT } from './palette.ts';

const samples = { before: 10_000, after: 20_000 };

test('labels are readable on every shade of both themes', () => {
  for (const { light, dark } of changeShades) {
    expect(contrast(light, BOX_TEXT)).toBeGreaterThan(4.5);
    expect(contrast(dark, BOX_TEXT)).toBeGreaterThan(4.5);
  }
});

test('growth is red, shrinking is blue, chance is neither', () => {
  const channels = (hex: string): number[] =>
    [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  for (let level = -LEVELS; level <= LEVELS; level++) {
    const { light, dark } = changeShade(level);
    for (const hex of [light, dark]) {
      const [red = 0, , blue = 0] = channels(hex);
      if (level === 0) expect(Math.abs(red - blue)).toBeLessThan(12);
      else expect(Math.sign(red - blue)).toBe(Math.sign(level));
    }
  }
  expect(new Set(changeShades.map(({ light }) => light)).size).toBe(2 * LEVELS + 1);
});

test('the more a share changed, the stronger the colour; no more than chance has none', () => {
  const levelOf = (before: number, after: number): number =>
    changeLevel({ before, after }, samples, 0.5);
  expect(levelOf(0, 10_000)).toBe(LEVELS);
  expect(levelOf(5000, 0)).toBe(-LEVELS);
  expect(levelOf(1000, 2000)).toBe(0);
  expect(levelOf(1000, 2060)).toBe(0);
  let last = 0;
  for (const after of [2500, 4000, 6000, 9000, 12_000]) {
    const level = levelOf(1000, after);
    expect(level).toBeGreaterThanOrEqual(last);
    expect(levelOf(after / 2, 2000)).toBe(-level);
    last = level;
  }
  expect(last).toBeGreaterThan(levelOf(1000, 2500));
});

test('a change in points, whatever its size', () => {
  expect([0.123456, -0.00456, 0.25, 0.00001, 0, -1].map(formatChange)).toEqual([
    '+12.3',
    '−0.46',
    '+25.0',
    '±0',
    '±0',
    '−100.0',
  ]);
});
