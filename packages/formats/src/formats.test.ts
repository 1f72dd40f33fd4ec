import { describe, expect, test } from 'bun:test';
import { HOSTILE_NAMES, profileOf, randomOf, randomProfile } from '../test/random-profile.ts';
import { selectFormat } from './format.ts';
import { formatForPath, formats, type OutputFormat, type Profile } from './index.ts';
import { mergedStacks } from './merged-stacks.ts';

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
    for (const count of [...(format.signed ? [] : [-1]), 0.5, Number.NaN, 2 ** 60]) {
      const profile = profileOf([{ frames: [{ name: 'f', kind: 'user' }], count }]);
      expect(() => format.encode(profile)).toThrow(RangeError);
    }
  });
}

for (const format of formats) describe(`contract: ${format.name}`, () => contract(format));

/** Formats of nothing but names and counts. */
const ONLY_NAMES: ReadonlySet<string> = new Set(['folded']);

const metadata = {
  host: 'db-7.example',
  command: './server --port 80',
  frequencyHz: 499,
  startTime: new Date('2025-11-12T13:14:15.678Z'),
  durationSeconds: 12.25,
  samples: 100,
  lostSamples: 17,
} as const;

const app = { name: 'app', kind: 'process' } as const;
const main = { name: 'main', kind: 'user', object: '/srv/app', file: '/src/main.c' } as const;
const hash = { ...main, name: 'hash', file: '/src/hash.h', inlined: true } as const;
/** Two calls from one function, a function inlined twice over, one without a file, one without a line. */
const withLines = {
  stacks: [
    { count: 10, frames: [app, { ...main, line: 12 }, { ...main, name: 'sum', line: 3 }] },
    { count: 20, frames: [app, { ...main, line: 13 }, { ...main, name: 'sum', line: 3 }] },
    {
      count: 30,
      frames: [
        app,
        { ...main, line: 14 },
        { ...hash, line: 5 },
        { ...hash, name: 'rotate', line: 9 },
      ],
    },
    { count: 40, frames: [app, main, { name: 'read', kind: 'user', line: 7 }] },
  ],
  metadata,
} satisfies Profile;

/** Whatever the order of a file. */
const sorted = ({ stacks }: Profile) => mergedStacks({ stacks });

/** What holds for every format that has room for it, and can be read back. */
function kept({ encode, parse }: OutputFormat): void {
  const back = (profile: Profile): Profile | undefined => {
    const output = encode(profile);
    return parse?.(typeof output === 'string' ? new TextEncoder().encode(output) : output);
  };

  /** The order of mappings says which object is the main one, whoever wrote them. */
  const metadataOf = (profile: Profile) => {
    const { mainObject: _, ...rest } = back(profile)?.metadata ?? {};
    return rest;
  };

  test('all metadata is there when it is read back', () => {
    expect(metadataOf(withLines)).toEqual(metadata);
    const { command: _, ...hostWide } = { ...metadata, lostSamples: 0 };
    expect(metadataOf({ ...withLines, metadata: hostWide })).toEqual(hostWide);
  });

  test('hostile metadata is there as far as it can be written', () => {
    for (const text of HOSTILE_NAMES.filter((name) => name !== '')) {
      const read = back({ ...withLines, metadata: { ...metadata, host: text, command: text } });
      expect(read?.metadata).toMatchObject({
        host: text.toWellFormed(),
        command: text.toWellFormed(),
      });
    }
  });

  test('files, lines and inlined functions are there when they are read back', () => {
    const read = back(withLines);
    expect(read && sorted(read)).toEqual(sorted(withLines));
  });

  test('any place in the source comes back, or none', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const profile = randomProfile(randomOf(seed));
      const places = (from: Profile | undefined) =>
        from?.stacks
          .filter(({ count }) => count > 0)
          .flatMap(({ frames }) => frames)
          .map(({ file = '', line = 0 }) => `${file.toWellFormed()}:${line}`);
      expect(new Set(places(back(profile)))).toEqual(new Set(places(profile)));
    }
  });
}

for (const format of formats.filter(({ parse, name }) => parse && !ONLY_NAMES.has(name)))
  describe(`kept: ${format.name}`, () => kept(format));

test('pictures say what was recorded, where, when and how much is missing', () => {
  for (const { name, encode, parse, mediaType } of formats) {
    if (parse || !/svg|html/.test(mediaType)) continue;
    const shown = String(encode(withLines));
    const words = ['db-7.example', './server --port 80', '499 Hz', '12.25 s'];
    const missing = [...words, '2025-11-12 13:14:15'].filter((word) => !shown.includes(word));
    expect({ name, missing }).toEqual({ name, missing: [] });
    expect(shown).toMatch(/\b17 lost\b|\bLost\b[^\d]{0,60}\b17\b/);
  }
});

test('folded stacks merge what differs in lines alone', () => {
  const folded = String(formatForPath('x.folded')?.encode(withLines));
  expect(folded).toBe('app;main;hash;rotate 30\napp;main;read 40\napp;main;sum 30\n');
});
