import { describe, expect, test } from 'bun:test';
import { profileOf, randomOf, randomProfile } from '../../test/random-profile.ts';
import { encodeFirefox, FirefoxSyntaxError, type Profile, parseFirefox } from '../index.ts';
import { mergedStacks, writableName } from '../merged-stacks.ts';

const bytesOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

/** Stacks by name and kind with their counts, in an order that no writer chose. */
function plain(stacks: Profile['stacks']): string[] {
  const counts = new Map<string, number>();
  for (const { frames, count } of stacks) {
    const key = JSON.stringify(
      frames.map(({ name, kind, object }) => [writableName(name), kind, object?.toWellFormed()]),
    );
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return [...counts].map(([key, count]) => `${key} ${count}`).sort();
}

const profile = profileOf([
  {
    count: 70,
    frames: [
      { name: 'node', kind: 'process' },
      { name: 'handle', kind: 'user', object: '/srv/app.js' },
      { name: 'parse', kind: 'user', object: '/srv/app.js' },
    ],
  },
  {
    count: 1,
    frames: [
      { name: 'node', kind: 'process' },
      { name: 'handle', kind: 'user', object: '/srv/app.js' },
      { name: 'vfs_read', kind: 'kernel' },
    ],
  },
  {
    count: 90,
    frames: [
      { name: 'redis', kind: 'process' },
      { name: '[unknown]', kind: 'unresolved' },
    ],
  },
]);

describe('firefox', () => {
  test('what the viewer reads of a small profile', () => {
    const file = JSON.parse(encodeFirefox(profile));
    expect(file.meta).toMatchObject({
      product: 'waggle',
      preprocessedProfileVersion: 60,
      symbolicated: true,
      interval: 1000 / 99,
      startTime: Date.parse('2025-03-04T05:06:07Z'),
      arguments: 'node app.js',
    });
    // The busiest process is the first track, and the stretch of each stack has its ends.
    expect(file.threads.map(({ name }: { name: string }) => name)).toEqual(['redis', 'node']);
    const interval = 1000 / 99;
    expect(file.threads[1].samples).toEqual({
      stack: [4, 4, 5],
      time: [0, 69 * interval, 70 * interval],
      weight: [70, 0, 1],
      weightType: 'samples',
      length: 3,
    });
    expect(file.meta.profilingEndTime).toBe(90 * interval);
    const { stringArray, stackTable, resourceTable } = file.shared;
    expect(stackTable.prefix).toEqual([null, 0, null, 2, 3, 3]);
    expect(file.libs.map(({ path }: { path: string }) => path)).toEqual(['/srv/app.js']);
    expect(resourceTable.name.map((name: number) => stringArray[name])).toEqual(['app.js']);
  });

  test('read back it is the same profile', () => {
    const back = parseFirefox(bytesOf(encodeFirefox(profile)));
    expect(plain(back.stacks)).toEqual(plain(profile.stacks));
    expect(back.metadata).toEqual(profile.metadata);
  });

  test('read back, any profile has its names, kinds, objects and counts', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomProfile(randomOf(seed));
      const back = parseFirefox(bytesOf(encodeFirefox(random)));
      expect(plain(back.stacks)).toEqual(plain(mergedStacks(random)));
    }
  });

  test.each([
    ['text', 'x'],
    ['no object', []],
    ["a recording of Firefox's own", { meta: { version: 33 }, threads: [] }],
    ['a processed profile without threads', { meta: { preprocessedProfileVersion: 60 } }],
  ])('%s is refused with a reason', (_, file) => {
    expect(() => parseFirefox(bytesOf(file))).toThrow(FirefoxSyntaxError);
  });

  test.each([
    ['a stack that is not there', ['threads', 0, 'samples', 'stack', 0], 99],
    ['a weight below 0', ['threads', 0, 'samples', 'weight', 0], -1],
    ['an unknown type of weight', ['threads', 0, 'samples', 'weightType'], 'x'],
    ['callers in a circle', ['shared', 'stackTable', 'prefix', 0], 0],
    ['a function without a name', ['shared', 'funcTable', 'name', 0], 99],
    ['a table that is missing', ['shared', 'frameTable'], undefined],
  ])('%s is refused with a reason', (_, path, value) => {
    const file = JSON.parse(encodeFirefox(profile));
    const last = path.at(-1) as string;
    const owner = path.slice(0, -1).reduce((part, step) => part[step], file);
    owner[last] = value;
    expect(() => parseFirefox(bytesOf(file))).toThrow(FirefoxSyntaxError);
  });

  test('an address that is no whole number is none: the function is called by its own', () => {
    const file = {
      meta: { preprocessedProfileVersion: 50, interval: 1 },
      libs: [{ path: '/lib/x.so' }],
      threads: [
        {
          name: 'main',
          samples: { stack: [0], length: 1, weight: null, time: [0] },
          stackTable: { frame: [0], prefix: [null] },
          frameTable: { func: [0], address: [1.5], lib: [0] },
          funcTable: { name: [0] },
          resourceTable: {},
          stringArray: ['0x10'],
        },
      ],
    };
    const [stack] = parseFirefox(bytesOf(file)).stacks;
    expect(stack?.frames.at(-1)?.name).toBe('[x.so+0x10]');
  });
});
