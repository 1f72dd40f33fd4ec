import { describe, expect, test } from 'bun:test';
import { profileOf, randomOf, randomProfile } from '../../test/random-profile.ts';
import { encodeFolded, type Profile, parseFolded } from '../index.ts';
import { diffProfiles, encodeFoldedDiff, shareChange, standardErrors } from './index.ts';

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
