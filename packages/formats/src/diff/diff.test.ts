import { describe, expect, test } from 'bun:test';
import { profileOf, randomOf, randomProfile } from '../../test/random-profile.ts';
import {
  encodeFolded,
  encodeHtmlDiff,
  encodeSvgDiff,
  type Profile,
  parseFolded,
  totalsText,
} from '../index.ts';
import {
  canTell,
  comparableProfiles,
  diffProfiles,
  encodeFoldedDiff,
  shareChange,
  standardErrors,
} from './index.ts';

const of = (text: string): Profile => ({ ...profileOf([]), stacks: parseFolded(text).stacks });
const before = of('app;main;parse 60\napp;main;read_[k] 40\n');
const after = of('app;main;parse 30\napp;main;parse;grow 90\napp;main;read_[k] 80\n');

describe('diffProfiles', () => {
  const diff = diffProfiles(before, after);
  const changeOf = (name: string) => {
    const found = diff.functions.find(({ frame }) => frame.name === name);
    return found && { self: found.self, total: found.total };
  };

  test('counts leaves and whole stacks of both', () => {
    expect(diff.totals).toEqual({ before: 100, after: 200 });
    expect(changeOf('parse')).toEqual({
      self: { before: 60, after: 30 },
      total: { before: 60, after: 120 },
    });
    expect(changeOf('grow')?.self).toEqual({ before: 0, after: 90 });
    expect(changeOf('app')).toBeUndefined();
  });

  test('a function that calls itself counts once', () => {
    const { functions } = diffProfiles(of('a;f;f;f 7\n'), of('a;f 1\n'));
    expect(functions[0]?.total).toEqual({ before: 7, after: 1 });
  });

  test('a new build at another path is the same program', () => {
    const at = (object: string): Profile =>
      profileOf([{ count: 5, frames: [{ name: 'f', kind: 'user', object }] }]);
    const { functions, stacks } = diffProfiles(at('/v1/app'), at('/v2/app'));
    expect(functions).toHaveLength(1);
    expect(functions[0]?.frame.object).toBe('/v2/app');
    expect(stacks).toEqual([
      { frames: [{ name: 'f', kind: 'user', object: '/v1/app' }], before: 5, after: 5 },
    ]);
  });

  test('of any two profiles: nothing is lost, turned round it is the opposite', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const [one, other] = [randomProfile(randomOf(seed)), randomProfile(randomOf(seed + 1000))];
      const { totals: samples, stacks, functions } = diffProfiles(one, other);
      const sum = (side: 'before' | 'after') =>
        stacks.reduce((total, stack) => total + stack[side], 0);
      expect(samples).toEqual({ before: sum('before'), after: sum('after') });
      const back = diffProfiles(other, one);
      for (const [index, { self }] of functions.entries())
        expect(back.functions[index]?.self).toEqual({ before: self.after, after: self.before });
      for (const { self, total } of diffProfiles(one, one).functions) {
        expect(self.after).toBe(self.before);
        expect(shareChange(total, samples)).not.toBeNaN();
      }
    }
  });
});

describe('what a change says', () => {
  test('share of all samples, so a longer recording is no growth', () => {
    expect(shareChange({ before: 50, after: 100 }, { before: 100, after: 200 })).toBe(0);
    expect(shareChange({ before: 0, after: 50 }, { before: 100, after: 200 })).toBe(0.25);
    expect(shareChange({ before: 0, after: 5 }, { before: 0, after: 10 })).toBe(0.5);
  });

  test('in standard errors', () => {
    // p = 0.55, se = sqrt(0.55 * 0.45 * 0.02) = 0.070356
    expect(standardErrors({ before: 50, after: 60 }, { before: 100, after: 100 })).toBeCloseTo(
      1.4213,
      3,
    );
    expect(standardErrors({ before: 0, after: 0 }, { before: 10, after: 10 })).toBe(0);
    expect(standardErrors({ before: 0, after: 3 }, { before: 0, after: 10 })).toBe(0);
  });
});

describe('profiles that are not of samples', () => {
  const PERIOD = 10_000_000;
  /** Times that stand for so many samples, with or without what says how many. */
  const timed = (f: number, g: number, about: object = {}): Profile => ({
    ...profileOf(
      [f, g].map((count, index) => ({
        frames: [{ name: 'fg'[index] ?? '', kind: 'user' as const }],
        count: count * PERIOD,
        values: [count * PERIOD],
      })),
    ),
    values: { types: [{ type: 'cpu', unit: 'nanoseconds' }], shown: 0, ...about },
  });
  const period = { period: { type: 'cpu', unit: 'nanoseconds', value: PERIOD } };
  const f = { before: 60 * PERIOD, after: 70 * PERIOD };

  test('118 and 129 samples are so many, whatever the time that they stand for', () => {
    const { totals, type } = diffProfiles(timed(60, 58, period), timed(70, 59, period));
    expect(totals).toEqual({
      ...{ before: 118 * PERIOD, after: 129 * PERIOD },
      taken: { before: 118, after: 129 },
    });
    const counted = standardErrors({ before: 60, after: 70 }, { before: 118, after: 129 });
    expect(standardErrors(f, totals)).toBeCloseTo(counted, 9);
    expect(Math.abs(counted)).toBeLessThan(1);
    expect(totalsText(totals, type)).toBe('1.18 s before (118 samples), 1.29 s after (129)');
  });

  test('where nobody knows how many, nothing is certain', () => {
    const { totals } = diffProfiles(timed(60, 58), timed(700, 59, period));
    expect(totals.taken).toBeNull();
    expect(canTell(totals)).toBe(false);
    expect(standardErrors(f, totals)).toBe(0);
  });

  test('are compared in a value that both have, in one unit', () => {
    const inMs = timed(60, 58);
    const milliseconds: Profile = {
      ...inMs,
      stacks: inMs.stacks.map((stack) => ({
        ...stack,
        count: stack.count / 1e6,
        values: [stack.count / 1e6],
      })),
      values: { types: [{ type: 'cpu', unit: 'milliseconds' }], shown: 0 },
    };
    const same = comparableProfiles(milliseconds, timed(70, 59));
    expect(same?.note).toBeUndefined();
    expect(same && diffProfiles(same.before, same.after).totals.before).toBe(118 * PERIOD);
    expect(comparableProfiles(timed(1, 2), of('f 5'))).toBeUndefined();
    const both: Profile = {
      ...profileOf([{ frames: [{ name: 'f', kind: 'user' }], count: 9, values: [5, 9] }]),
      values: {
        types: [
          { type: 'samples', unit: 'count' },
          { type: 'cpu', unit: 'nanoseconds' },
        ],
        shown: 1,
      },
    };
    const bySamples = comparableProfiles(both, of('f 5'));
    expect(bySamples?.note).toContain('samples are compared');
    expect(bySamples?.before.stacks[0]?.count).toBe(5);
    expect(comparableProfiles(of('f 5'), both)?.after.stacks[0]?.count).toBe(5);
  });

  test('pictures of them say it too', () => {
    const known = diffProfiles(timed(60, 58, period), timed(70, 59, period));
    const unknown = diffProfiles(timed(60, 58), timed(70, 59));
    expect(encodeSvgDiff(known)).toContain('1.18 s before (118 samples), 1.29 s after (129)');
    for (const encode of [encodeSvgDiff, encodeHtmlDiff])
      expect(encode(unknown).includes('whether chance explains a change cannot be told')).toBe(
        true,
      );
    // By chance alone: no box has a colour.
    expect(encodeSvgDiff(known)).not.toMatch(
      /<rect class="[gs][1-6]" x="[\d.]+" width="[\d.]+" height="17"/,
    );
  });
});

describe('encodeFoldedDiff', () => {
  test('two counts a line', () => {
    expect(encodeFoldedDiff(diffProfiles(before, after))).toBe(
      'app;main;parse 60 30\napp;main;parse;grow 0 90\napp;main;read_[k] 40 80\n',
    );
  });

  test('its columns are the two profiles, folded, whatever the names', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const [one, other] = [randomProfile(randomOf(seed)), randomProfile(randomOf(seed + 500))];
      const lines = encodeFoldedDiff(diffProfiles(one, other)).split('\n').slice(0, -1);
      const column = (index: 1 | 2) =>
        lines
          .map((line) => /^(.*) (\d+) (\d+)$/.exec(line) as unknown as string[])
          .filter((found) => found[index + 1] !== '0')
          .map((found) => `${found[1]} ${found[index + 1]}\n`)
          .join('');
      expect(column(1)).toBe(encodeFolded(one));
      expect(column(2)).toBe(encodeFolded(other));
    }
  });
});
