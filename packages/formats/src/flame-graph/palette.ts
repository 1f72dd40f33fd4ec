/**
 * Colours of the flame graph. The kind of code gives the hue (user warm, kernel blue, process
 * violet, unresolved grey), the name picks a shade by its hash, so that a function keeps its colour
 * from run to run. All shades of both themes carry the same dark text at a contrast of at least
 * 4.5:1 (WCAG 2.2 AA); a test holds them to it.
 */
import type { FrameKind } from '../profile.ts';
import { WOKEN_BY } from './thread-states.ts';

export const BOX_TEXT = '#1d1510';

interface Shades {
  /** Class prefix in the SVG. */
  readonly prefix: string;
  readonly count: number;
  /** [from, to] across the shades. */
  readonly hue: readonly [number, number];
  /** In percent. */
  readonly saturation: number;
  /** In percent; shades alternate between the two, so that neighbours in hue differ. */
  readonly lightness: readonly [number, number];
}

const SHADES: Readonly<Record<FrameKind, Shades>> = {
  process: { prefix: 'p', count: 6, hue: [255, 290], saturation: 62, lightness: [76, 81] },
  user: { prefix: 'u', count: 16, hue: [14, 46], saturation: 92, lightness: [65, 71] },
  kernel: { prefix: 'k', count: 8, hue: [186, 212], saturation: 62, lightness: [66, 72] },
  unresolved: { prefix: 'x', count: 4, hue: [30, 30], saturation: 6, lightness: [70, 75] },
};

/** Dark theme: the same hues, calmer on a dark page. */
const DARK_SATURATION = 0.78;
const DARK_LIGHTNESS = 0.88;

export interface Shade {
  readonly className: string;
  readonly light: string;
  readonly dark: string;
}

/** CSS `hsl()` with all three in whole degrees or percent, as #rrggbb (old renderers know no hsl). */
function hexOfHsl(hue: number, saturation: number, lightness: number): string {
  const l = lightness / 100;
  const a = (saturation / 100) * Math.min(l, 1 - l);
  const channel = (n: number): string => {
    const k = (n + hue / 30) % 12;
    const value = l - a * Math.max(-1, Math.min(k - 3, 9 - k, 1));
    return Math.round(value * 255)
      .toString(16)
      .padStart(2, '0');
  };
  return `#${channel(0)}${channel(8)}${channel(4)}`;
}

function shadesOf({ prefix, count, hue, saturation, lightness }: Shades): Shade[] {
  return Array.from({ length: count }, (_, index) => {
    const degrees = hue[0] + ((hue[1] - hue[0]) * index) / (count - 1);
    const percent = index % 2 === 0 ? lightness[0] : lightness[1];
    return {
      className: `${prefix}${index}`,
      light: hexOfHsl(degrees, saturation, percent),
      dark: hexOfHsl(degrees, saturation * DARK_SATURATION, percent * DARK_LIGHTNESS),
    };
  });
}

/** Where threads were, each with a colour that no code has; saturation and lightness in percent. */
const STATE_SHADES: readonly {
  readonly name: string;
  readonly hue: number;
  readonly saturation: number;
  readonly lightness: number;
}[] = [
  { name: '[runnable]', hue: 56, saturation: 90, lightness: 68 },
  { name: '[interruptible]', hue: 128, saturation: 46, lightness: 70 },
  { name: '[uninterruptible]', hue: 350, saturation: 84, lightness: 76 },
  { name: WOKEN_BY, hue: 312, saturation: 52, lightness: 78 },
];
const stateClasses = new Map(STATE_SHADES.map(({ name }, index) => [name, `t${index}`]));

/** Every shade; the first is the box of all samples. */
export const palette: readonly Shade[] = [
  { className: 'r', light: '#e3ddd5', dark: '#a39c94' },
  ...Object.values(SHADES).flatMap(shadesOf),
  ...STATE_SHADES.map(({ hue, saturation, lightness }, index) => ({
    className: `t${index}`,
    light: hexOfHsl(hue, saturation, lightness),
    dark: hexOfHsl(hue, saturation * DARK_SATURATION, lightness * DARK_LIGHTNESS),
  })),
];

/** FNV-1a over UTF-16 code units, with a final mix so that the low bits depend on all of them. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** The class of a frame's box, by kind and name alone. */
export function shadeClass(kind: FrameKind, name: string): string {
  const ofState = kind === 'process' ? stateClasses.get(name) : undefined;
  if (ofState !== undefined) return ofState;
  const { prefix, count } = SHADES[kind];
  return `${prefix}${hashOf(name) % count}`;
}

/** A middle shade of a kind, for the legend. */
export function legendClass(kind: FrameKind): string {
  const { prefix, count } = SHADES[kind];
  return `${prefix}${count >> 1}`;
}
