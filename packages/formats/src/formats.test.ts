import { describe, expect, test } from 'bun:test';
import { profileOf, randomOf, randomProfile } from '../test/random-profile.ts';
import { selectFormat } from './format.ts';
import { formatForPath, formats, type OutputFormat, type Profile } from './index.ts';

describe('formatForPath', () => {
  test.each([
    ['out.folded', 'folded'],
    ['/var/tmp/OUT.SVG', 'svg'],
    ['a.svg.folded', 'folded'],
    ['x.collapsed', 'folded'],
    ['.svg', 'svg'],
  ])('%s is %s', (path, name) => {
    expect(formatForPath(path)?.name).toBe(name);
  });

  test.each(['out.txt', 'svg', 'folded', 'out.svg/', 'out.svg ', '-', ''])('%p is none', (path) => {
    expect(formatForPath(path)).toBeUndefined();
  });

  test('the longest extension wins, whatever the order', () => {
    const named = (name: string, ...extensions: string[]): OutputFormat => ({
      name,
      extensions,
      mediaType: 'application/json',
      encode: () => '',
    });
    const short = named('json', '.json');
    const long = named('speedscope', '.speedscope.json');
    for (const candidates of [
      [short, long],
      [long, short],
    ]) {
      expect(selectFormat(candidates, 'a.speedscope.json')).toBe(long);
      expect(selectFormat(candidates, 'a.json')).toBe(short);
      expect(selectFormat(candidates, 'speedscope.json')).toBe(short);
    }
  });

  test('names and extensions are unique', () => {
    const extensions = formats.flatMap((format) => format.extensions);
    expect(new Set(extensions).size).toBe(extensions.length);
    expect(new Set(formats.map(({ name }) => name)).size).toBe(formats.length);
  });
});

/** What holds for every format; a new one in the list is tested by it. */
function contract(format: OutputFormat): void {
  const encode = (profile: Profile): string => {
    const output = format.encode(profile);
    return typeof output === 'string' ? output : new TextDecoder('latin1').decode(output);
  };

  test('extensions are lower case, start with a dot and lead to the format', () => {
    expect(format.extensions.length).toBeGreaterThan(0);
    for (const extension of format.extensions) {
      expect(extension).toMatch(/^(\.[a-z0-9]+)+$/);
      expect(formatForPath(`profile${extension}`)).toBe(format);
    }
    expect(format.mediaType).toMatch(/^[a-z]+\/[a-z0-9.+-]+/);
  });

  test('one profile gives one output, whatever the order of its stacks', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const profile = randomProfile(randomOf(seed));
      const output = encode(profile);
      expect(encode(profile)).toBe(output);
      expect(encode({ ...profile, stacks: profile.stacks.toReversed() })).toBe(output);
    }
  });

  test('does not change the profile', () => {
    const profile = randomProfile(randomOf(5));
    const before = structuredClone(profile);
    format.encode(profile);
    expect(profile).toEqual(before);
  });

  test('takes profiles without stacks, frames, names or a valid date', () => {
    encode(profileOf([]));
    encode(profileOf([{ frames: [], count: 3 }]));
    encode(profileOf([{ frames: [{ name: '', kind: 'user' }], count: 0 }]));
    const profile = profileOf([{ frames: [{ name: 'f', kind: 'user' }], count: 1 }]);
    encode({ ...profile, metadata: { ...profile.metadata, startTime: new Date(Number.NaN) } });
  });

  test('takes a stack of 50,000 frames', () => {
    const frames = Array.from({ length: 50_000 }, () => ({ name: 'f', kind: 'user' }) as const);
    expect(encode(profileOf([{ frames, count: 2 }])).length).toBeGreaterThan(0);
  });

  test('refuses counts that are not whole numbers of samples', () => {
    for (const count of [-1, 0.5, Number.NaN, 2 ** 60]) {
      const profile = profileOf([{ frames: [{ name: 'f', kind: 'user' }], count }]);
      expect(() => format.encode(profile)).toThrow(RangeError);
    }
  });
}

for (const format of formats) describe(`contract: ${format.name}`, () => contract(format));
