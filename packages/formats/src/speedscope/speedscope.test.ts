import { describe, expect, test } from 'bun:test';
import { profileOf, randomOf, randomProfile } from '../../test/random-profile.ts';
import { encodeSpeedscope, parseSpeedscope, SpeedscopeSyntaxError } from '../index.ts';
import { mergedStacks, writableName } from '../merged-stacks.ts';
import { totalSamples } from '../profile.ts';

const bytesOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

describe('speedscope', () => {
  test('every index names a frame, and weights are the samples', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomProfile(randomOf(seed));
      const file = JSON.parse(encodeSpeedscope(random));
      const [sampled] = file.profiles;
      expect(file.$schema).toBe('https://www.speedscope.app/file-format-schema.json');
      expect(sampled.samples.length).toBe(sampled.weights.length);
      for (const index of sampled.samples.flat())
        expect(typeof file.shared.frames[index]?.name).toBe('string');
      expect(sampled.endValue).toBe(totalSamples(random.stacks));
    }
  });

  test('read back, counts, names and kinds are the same', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomProfile(randomOf(seed));
      const back = parseSpeedscope(bytesOf(encodeSpeedscope(random)));
      const plain = (frames: readonly { name: string; kind: string }[]) =>
        frames.map(({ name, kind }) => [writableName(name), kind]);
      expect(back.stacks.map(({ frames }) => plain(frames))).toEqual(
        mergedStacks(random).map(({ frames }) => plain(frames)),
      );
      expect(back.stacks.map(({ count }) => count)).toEqual(
        mergedStacks(random).map(({ count }) => count),
      );
      expect(back.metadata.frequencyHz).toBe(random.metadata.frequencyHz);
    }
  });

  test("others' files with times as weights", () => {
    const { stacks } = parseSpeedscope(
      bytesOf({
        shared: { frames: [{ name: 'a' }, { name: 'b' }] },
        profiles: [{ type: 'sampled', unit: 'milliseconds', samples: [[0, 1]], weights: [2.5] }],
      }),
    );
    expect(stacks).toEqual([
      {
        count: 2_500_000,
        frames: [
          { name: 'a', kind: 'user' },
          { name: 'b', kind: 'user' },
        ],
      },
    ]);
  });

  test.each([
    ['text', 'x'],
    ['no object', []],
    ['no frames', { shared: {}, profiles: [] }],
    [
      'a frame that is not there',
      {
        shared: { frames: [] },
        profiles: [{ type: 'sampled', unit: 'none', samples: [[0]], weights: [1] }],
      },
    ],
    ['evented', { shared: { frames: [] }, profiles: [{ type: 'evented', events: [] }] }],
  ])('%s is refused with a reason', (_, file) => {
    expect(() => parseSpeedscope(bytesOf(file))).toThrow(SpeedscopeSyntaxError);
  });

  test('a source file is the file, and the object stands beside it; without one the object is', () => {
    const frames = [
      { name: 'main', kind: 'user', object: '/srv/app', file: '/src/main.c', line: 12 },
      { name: 'hash', kind: 'user', object: '/srv/app' },
    ] as const;
    const file = JSON.parse(encodeSpeedscope(profileOf([{ count: 1, frames }])));
    expect(file.shared.frames).toEqual([
      { name: 'main', kind: 'user', file: '/src/main.c', line: 12, object: '/srv/app' },
      { name: 'hash', kind: 'user', file: '/srv/app' },
    ]);
    // Of others, a file with lines is a source file, and one without can be anything.
    const others = { ...file, exporter: 'other' };
    delete others.shared.frames[0].object;
    const bytes = new TextEncoder().encode(JSON.stringify(others));
    expect(parseSpeedscope(bytes).stacks[0]?.frames).toEqual([
      { name: 'main', kind: 'user', file: '/src/main.c', line: 12 },
      { name: 'hash', kind: 'user', object: '/srv/app' },
    ]);
  });
});
