import { expect, test } from 'bun:test';
import { contrast } from '../../test/contrast.ts';
import { BOX_TEXT, legendClass, palette, shadeClass } from './palette.ts';
import { THREAD_STATES, WOKEN_BY } from './thread-states.ts';

test('labels are readable on every shade of both themes', () => {
  for (const { light, dark } of palette) {
    expect(contrast(light, BOX_TEXT)).toBeGreaterThan(4.5);
    expect(contrast(dark, BOX_TEXT)).toBeGreaterThan(4.5);
  }
});

test('user shades are warm, kernel shades are not, unresolved ones are grey', () => {
  for (const { className, light, dark } of palette) {
    for (const hex of [light, dark]) {
      expect(hex).toMatch(/^#[0-9a-f]{6}$/);
      const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) =>
        Number.parseInt(hex.slice(at, at + 2), 16),
      );
      if (className.startsWith('u')) expect(red).toBeGreaterThan(blue + 60);
      if (className.startsWith('k')) expect(blue).toBeGreaterThan(red + 40);
      if (className.startsWith('x')) {
        expect(Math.max(red, green, blue) - Math.min(red, green, blue)).toBeLessThan(16);
      }
    }
  }
});

test('every class that a frame can have is in the palette, and all are used', () => {
  const known = new Set(palette.map(({ className }) => className));
  expect(known.size).toBe(palette.length);
  const used = new Set(['r']);
  for (const kind of ['process', 'user', 'kernel', 'unresolved'] as const) {
    expect(known.has(legendClass(kind))).toBe(true);
    for (let index = 0; index < 2000; index++) used.add(shadeClass(kind, `name${index}`));
  }
  for (const name of [...THREAD_STATES, WOKEN_BY]) used.add(shadeClass('process', name));
  expect(used).toEqual(known);
});

test('each state of a thread has a colour of its own, and no function has it', () => {
  const ofStates = THREAD_STATES.map((name) => shadeClass('process', name));
  expect(new Set(ofStates).size).toBe(THREAD_STATES.length);
  for (const name of THREAD_STATES) expect(shadeClass('user', name)).toStartWith('u');
});
