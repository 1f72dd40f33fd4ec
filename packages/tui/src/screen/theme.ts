/**
 * Tones to colours, for terminals of every kind: 24 bits (where the terminal has only 256 the library
 * chooses the nearest), the 16 that the terminal's user has chosen, or none.
 */

import type { Paint, Tone } from './screen.ts';

export type ColourDepth = 'rgb' | '16' | 'none';
export type Background = 'dark' | 'light';

/** `#rrggbb`, an index of the terminal's 16 colours, or what the terminal has by default. */
export type Colour = `#${string}` | number | 'default';

export type Theme = Readonly<Record<Tone, Colour>>;

const DARK: Theme = {
  text: '#d8dee9',
  dim: '#8a94a6',
  accent: '#7fc8f8',
  good: '#9ece6a',
  bad: '#ff7a85',
  warn: '#f0b866',
  background: '#12151c',
  panel: '#1c212c',
  selection: '#2f5d8a',
  match: '#8a3fb0',
  user0: '#7a3a1e',
  user1: '#8a4a1c',
  user2: '#6f4420',
  user3: '#8b3b2b',
  kernel0: '#7a2538',
  kernel1: '#8a2a48',
  kernel2: '#6c2a3f',
  kernel3: '#802f30',
  process0: '#2b4a3e',
  process1: '#2f5546',
  process2: '#27453f',
  process3: '#34564a',
  unresolved0: '#3f4350',
  unresolved1: '#474c5a',
  unresolved2: '#3a3e4a',
  unresolved3: '#4d5260',
};

const LIGHT: Theme = {
  text: '#1c2330',
  dim: '#5d6779',
  accent: '#0b5cad',
  good: '#2c6e12',
  bad: '#b3152a',
  warn: '#8a4b00',
  background: '#fbfcfe',
  panel: '#e8ecf3',
  selection: '#a9cdf2',
  match: '#dcb3f2',
  user0: '#ffd2ad',
  user1: '#ffdfb0',
  user2: '#f9cfa0',
  user3: '#ffc9b8',
  kernel0: '#f5b9c6',
  kernel1: '#f7c3d6',
  kernel2: '#efb4c9',
  kernel3: '#f6bcb6',
  process0: '#bfe5d2',
  process1: '#c9ecd9',
  process2: '#b5decb',
  process3: '#d2efdf',
  unresolved0: '#d5d9e2',
  unresolved1: '#dde0e8',
  unresolved2: '#cdd2dc',
  unresolved3: '#e3e6ed',
};

/** ANSI's: 0 black, 1 red, 2 green, 3 yellow, 4 blue, 5 magenta, 6 cyan, 7 white, and 8 more, brighter. */
const SIXTEEN: Theme = {
  text: 'default',
  dim: 'default',
  accent: 6,
  good: 2,
  bad: 1,
  warn: 3,
  background: 'default',
  panel: 'default',
  selection: 4,
  match: 5,
  user0: 1,
  user1: 3,
  user2: 1,
  user3: 3,
  kernel0: 5,
  kernel1: 5,
  kernel2: 5,
  kernel3: 5,
  process0: 2,
  process1: 2,
  process2: 2,
  process3: 2,
  unresolved0: 6,
  unresolved1: 6,
  unresolved2: 6,
  unresolved3: 6,
};

export function themeFor(depth: ColourDepth, background: Background): Theme {
  if (depth === 'rgb') return background === 'light' ? LIGHT : DARK;
  if (depth === '16') return SIXTEEN;
  return Object.fromEntries(Object.keys(DARK).map((tone) => [tone, 'default'])) as Theme;
}

/** @param env variables of the environment: NO_COLOR (no-color.org), COLORTERM, TERM */
export function colourDepth(env: Readonly<Record<string, string | undefined>>): ColourDepth {
  const { NO_COLOR = '', COLORTERM = '', TERM = '' } = env;
  if (NO_COLOR !== '') return 'none';
  if (/truecolor|24bit/.test(COLORTERM) || /256color|direct|kitty|alacritty|ghostty/.test(TERM))
    return 'rgb';
  return /^(?:vt1|vt2|dumb)/.test(TERM) ? 'none' : '16';
}

/**
 * COLORFGBG, as rxvt, konsole and others set it: `15;0` is white on black. Undefined where nobody says.
 */
export function backgroundOf(
  env: Readonly<Record<string, string | undefined>>,
): Background | undefined {
  const colour = env.COLORFGBG?.split(';').at(-1);
  if (colour === undefined || !/^\d+$/.test(colour)) return undefined;
  return Number(colour) === 7 || Number(colour) >= 9 ? 'light' : 'dark';
}

export interface Look {
  readonly fg: Colour;
  readonly bg: Colour;
  readonly bold: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
}

/** How a paint looks; where there are no colours, attributes say what colours would. */
export function lookOf(paint: Paint, theme: Theme, depth: ColourDepth): Look {
  const { bg = 'background', bold = false, underline = false } = paint;
  const isBar = /\d$/.test(bg);
  // What is selected is there to be read.
  const fg = paint.fg === 'dim' && bg === 'selection' ? 'text' : (paint.fg ?? 'text');
  return {
    fg: depth === '16' && isBar ? 0 : theme[fg],
    bg: theme[bg],
    bold: bold || (depth === 'none' && (fg === 'bad' || fg === 'warn')),
    underline: underline || (depth === 'none' && bg === 'match'),
    inverse: depth === 'none' && (paint.inverse === true || (isBar && Number(bg.at(-1)) % 2 === 0)),
  };
}
