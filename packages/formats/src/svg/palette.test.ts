import { expect, test } from 'bun:test';
import { BOX_TEXT, legendClass, palette, shadeClass } from './palette.ts';

/** Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

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
  expect(used).toEqual(known);
});
