/**
 * Colours of bars: by program, so that the same program is the same everywhere, or by how it ended.
 */

import { STATE } from '../page-data.ts';
import type { Timeline } from './timeline.ts';

export type ColourBy = 'program' | 'outcome';
export type Theme = 'light' | 'dark';

/** Hues that can be told apart, the first for what takes most time. Text on them is nearly black. */
const PROGRAMS: Readonly<Record<Theme, readonly string[]>> = {
  light: [
    ...['#f0a35e', '#7fb2e5', '#8fc77e', '#e58f9c', '#b9a3e3', '#e3c65b'],
    ...['#6fc4bd', '#d6a2c8', '#b5b97a', '#9fb4c9', '#d9a98a', '#93c9e8'],
  ],
  dark: [
    ...['#e0924b', '#6ba3dc', '#7ab868', '#d97b8a', '#a890dc', '#d3b545'],
    ...['#58b3ab', '#c98fba', '#a3a865', '#8aa2ba', '#c99776', '#7cb9dc'],
  ],
};

const OUTCOMES: Readonly<Record<Theme, Readonly<Record<keyof typeof STATE, string>>>> = {
  light: {
    ok: '#9fc3a5',
    failed: '#e4694f',
    killed: '#b04ab0',
    running: '#e8c25a',
    context: '#d5d0c8',
  },
  dark: {
    ok: '#5f9169',
    failed: '#e8705a',
    killed: '#c873c8',
    running: '#d6b04a',
    context: '#44464d',
  },
};

/** Programs that keep their hue. */
const MAX_KNOWN = 10_000;

export interface Colours {
  of(process: number): string;
  program(name: number): string;
  set(by: ColourBy, theme: Theme): void;
  /** How processes ended is what colours say. */
  showsOutcome(): boolean;
  take(next: Timeline): void;
}

export function createColours(first: Timeline): Colours {
  const places = new Map<string, number>();
  const states = Object.keys(STATE) as (keyof typeof STATE)[];
  let { name, state } = first;
  let rank = new Int32Array(0);
  let [by, theme]: [ColourBy, Theme] = ['program', 'light'];

  /** The programs with most time get the hues that differ most; others share them. Who has one keeps it. */
  function take(next: Timeline): void {
    ({ name, state } = next);
    if (places.size > MAX_KNOWN) places.clear();
    for (const { program } of [...next.programs].sort((a, b) => b.time - a.time))
      if (!places.has(program)) places.set(program, places.size);
    rank = Int32Array.from(next.data.names, (each) => places.get(each) ?? 0);
  }
  take(first);

  const program = (each: number): string => {
    const hues = PROGRAMS[theme];
    return hues[(rank[each] as number) % hues.length] as string;
  };
  return {
    take,
    program,
    showsOutcome: () => by === 'outcome',
    of(process) {
      const is = states[state[process] as number] ?? 'ok';
      if (by === 'outcome' || is === 'context') return OUTCOMES[theme][is];
      return program(name[process] as number);
    },
    set(toBy, toTheme) {
      [by, theme] = [toBy, toTheme];
    },
  };
}
