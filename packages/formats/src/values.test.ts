/** Profiles of several values, in every format that has room for them, and in those that have not. */

import { describe, expect, test } from 'bun:test';
import { pick, randomOf, randomProfile } from '../test/random-profile.ts';
import { formats, type Profile, type ValueType } from './index.ts';
import { mergedStacks, writableName } from './merged-stacks.ts';
import { formatValue } from './value-text.ts';
import { valueUnit } from './value-unit.ts';

const TYPES: readonly ValueType[] = [
  { type: 'alloc_objects', unit: 'count' },
  { type: 'alloc_space', unit: 'bytes' },
  { type: 'delay', unit: 'nanoseconds' },
  { type: 'wall', unit: 'milliseconds' },
  { type: 'joules', unit: 'microjoules' },
];

/** A random profile, with one to four values. */
function randomValues(seed: number): Profile {
  const random = randomOf(seed);
  const { stacks, metadata } = randomProfile(random);
  const types = TYPES.filter(() => random() < 0.6);
  if (types.length === 0) types.push(pick(random, TYPES));
  const shown = Math.floor(random() * types.length);
  const measured = stacks.map(({ frames }) => {
    const values = types.map(() => Math.floor(random() * random() * 1e9));
    return { frames, count: values[shown] ?? 0, values };
  });
  return { stacks: measured, metadata: { ...metadata, frequencyHz: 0 }, values: { types, shown } };
}

/** By their names, since formats differ in what else they keep of a frame. */
function sums({ stacks }: Profile): Map<string, readonly number[]> {
  const all = new Map<string, readonly number[]>();
  for (const { frames, values = [] } of stacks) {
    const key = JSON.stringify(frames.map(({ name }) => writableName(name)));
    all.set(
      key,
      values.map((value, index) => value + (all.get(key)?.[index] ?? 0)),
    );
  }
  return all;
}

for (const { name, encode, parse } of formats)
  if (parse !== undefined && name !== 'folded')
    describe(`values: ${name}`, () => {
      const back = (profile: Profile) => {
        const output = encode(profile);
        return parse(typeof output === 'string' ? new TextEncoder().encode(output) : output);
      };

      test('come back with their types, units and the default', () => {
        for (let seed = 1; seed <= 40; seed++) {
          const profile = randomValues(seed);
          const read = back(profile);
          if (name === 'firefox') {
            // There is room for one.
            const { types = [], shown = 0 } = profile.values ?? {};
            expect(read.values).toEqual({ types: types.slice(shown, shown + 1), shown: 0 });
            const total = ({ stacks }: Profile) =>
              stacks.reduce((sum, { count }) => sum + count, 0);
            expect(total(read)).toBe(total(profile));
            continue;
          }
          const merged = { ...profile, stacks: mergedStacks(profile) };
          // A request names the values that samples have.
          if (merged.stacks.length === 0) continue;
          expect(read.values).toEqual(profile.values);
          expect(sums(read)).toEqual(sums(merged));
        }
      });
    });

test('pictures say what is shown, in its unit', () => {
  const profile = (type: string, unit: string, count: number): Profile => ({
    stacks: [{ frames: [{ name: 'f', kind: 'user' }], count, values: [count] }],
    metadata: { ...randomProfile(randomOf(1)).metadata, samples: 0 },
    values: { types: [{ type, unit }], shown: 0 },
  });
  for (const [type, unit, count, text] of [
    ['cpu', 'nanoseconds', 12_340_000_000, '12.3 s of cpu'],
    ['delay', 'microseconds', 1500, '1.5 ms of delay'],
    ['inuse_space', 'bytes', 3 * 2 ** 20, '3 MiB of inuse space'],
    ['contentions', 'count', 1, '1 contention'],
    ['alloc_objects', 'count', 1234, '1,234 alloc objects'],
  ] as const)
    for (const format of formats.filter(({ name }) => name === 'svg' || name === 'html'))
      expect(String(format.encode(profile(type, unit, count))).includes(text), text).toBe(true);
});

test.each([
  ['nanoseconds', 999, '999 ns'],
  ['nanoseconds', 1_234_567, '1.23 ms'],
  ['seconds', 0, '0 s'],
  ['seconds', 7200, '7,200 s'],
  ['milliseconds', 12, '12 ms'],
  ['bytes', 1023, '1,023 B'],
  ['bytes', 1536, '1.5 KiB'],
  ['count', 2, '2 samples'],
  ['joules', 5, '5 joules'],
])('a value in %s: %p', (unit, value, text) => {
  expect(formatValue(value, valueUnit({ type: 'samples', unit }))).toBe(text);
});
