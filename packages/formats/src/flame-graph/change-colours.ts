/**
 * Colours of a change of share: red where it grew, blue where it shrank, grey where chance explains
 * it. Red and blue differ in every common kind of colour blindness, unlike red and green. All carry
 * the same dark text as the other boxes, at a contrast of at least 4.5:1; a test holds them to it.
 */
import { LEVELS } from '../diff/significance.ts';

export interface ChangeShade {
  readonly className: string;
  readonly light: string;
  readonly dark: string;
}

interface Ramp {
  readonly prefix: string;
  readonly light: readonly [from: string, to: string];
  readonly dark: readonly [from: string, to: string];
}

// The strong ends are as deep as the text on them allows; the pale ones are close to the grey.
const GREW: Ramp = { prefix: 'g', light: ['#fadcd3', '#f4694e'], dark: ['#c9a59b', '#ee6c50'] };
const SHRANK: Ramp = { prefix: 's', light: ['#d8e4f5', '#5b9be6'], dark: ['#9fb0c6', '#5a9dea'] };

function channels(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

function between([from, to]: readonly [string, string], part: number): string {
  const ends = channels(to);
  const mixed = channels(from).map((start, at) => start + ((ends[at] ?? 0) - start) * part);
  return `#${mixed.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`;
}

function shadesOf({ prefix, light, dark }: Ramp): ChangeShade[] {
  return Array.from({ length: LEVELS }, (_, index) => {
    const part = index / (LEVELS - 1);
    return {
      className: `${prefix}${index + 1}`,
      light: between(light, part),
      dark: between(dark, part),
    };
  });
}

const UNCHANGED: ChangeShade = { className: 'same', light: '#e9e6e1', dark: '#a5a29d' };

/** From the most shrunk to the most grown, so that level 0 is in the middle. */
export const changeShades: readonly ChangeShade[] = [
  ...shadesOf(SHRANK).reverse(),
  UNCHANGED,
  ...shadesOf(GREW),
];

export function changeShade(level: number): ChangeShade {
  return changeShades[LEVELS + level] ?? UNCHANGED;
}
