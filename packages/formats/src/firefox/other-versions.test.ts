/** Files that others wrote: the same small profile as the tables were before and are now. */
import { describe, expect, test } from 'bun:test';
import { parseFirefox } from '../index.ts';

const categories = [{ name: 'Other' }, { name: 'Kernel' }];
const libs = [{ name: 'app', path: '/srv/app' }];
const stringArray = ['main', 'read', 'app', '0xbeef'];
const funcTable = { name: [0, 1, 3], resource: [0, -1, -1] };

/** Main calls read, and main calls what has no name, with three samples in all. */
const samples = { stack: [1, 2, 1], weight: null, weightType: 'samples' };
const meta = (version: number) => ({
  product: 'Firefox',
  preprocessedProfileVersion: version,
  interval: 2,
  startTime: 5,
  categories,
});

const sharedTables70 = {
  stringArray,
  funcTable,
  resourceTable: { name: [2] },
  frameTable: { func: [0, 1, 2], category: [0, 1, 0], lib: [0, -1, -1] },
  stackTable: { frame: [0, 1, 2], prefixOffset: [0, 1, 2] },
};
const tables50 = {
  stringArray,
  funcTable,
  resourceTable: { name: [2], lib: [0] },
  frameTable: { func: [0, 1, 2], category: [0, 1, 0] },
  stackTable: { frame: [0, 1, 2], prefix: [null, 0, 0] },
};

describe('firefox: files of others', () => {
  test.each([
    [
      'version 70',
      { meta: meta(70), libs, shared: sharedTables70, threads: [{ name: 'app', samples }] },
    ],
    ['version 50', { meta: meta(50), libs, threads: [{ name: 'app', samples, ...tables50 }] }],
  ])('%s: the thread is the root, and equal samples are added up', (_, file) => {
    const { stacks, metadata } = parseFirefox(new TextEncoder().encode(JSON.stringify(file)));
    const main = { name: 'main', kind: 'user', object: '/srv/app' } as const;
    const app = { name: 'app', kind: 'process' } as const;
    expect(stacks).toEqual([
      { count: 2, frames: [app, main, { name: 'read', kind: 'kernel' }] },
      { count: 1, frames: [app, main, { name: '0xbeef', kind: 'unresolved' }] },
    ]);
    expect(metadata).toEqual({
      host: '',
      frequencyHz: 500,
      startTime: new Date(5),
      durationSeconds: 0,
      samples: 3,
      lostSamples: 0,
    });
  });

  test.each([
    [
      'a table of sources',
      { ...funcTable, source: [1, null, null] },
      { sources: { filename: [4, 5] } },
    ],
    ['file names of functions', { ...funcTable, fileName: [5, null, null] }, {}],
  ])('lines and inlined functions, with %s', (_, functions, more) => {
    const frameTable = { ...sharedTables70.frameTable, line: [7, 3, null], inlineDepth: [0, 1, 0] };
    const strings = [...stringArray, 'other.c', 'main.c'];
    const shared = {
      ...sharedTables70,
      stringArray: strings,
      frameTable,
      funcTable: functions,
      ...more,
    };
    const file = { meta: meta(70), libs, shared, threads: [{ samples }] };
    const { stacks } = parseFirefox(new TextEncoder().encode(JSON.stringify(file)));
    expect(stacks[0]?.frames).toEqual([
      { name: 'main', kind: 'user', object: '/srv/app', file: 'main.c', line: 7 },
      { name: 'read', kind: 'kernel', line: 3, inlined: true },
    ]);
  });

  test('weights in milliseconds become nanoseconds', () => {
    const timed = { stack: [0, 0], weight: [2.5, 1], weightType: 'tracing-ms' };
    const file = { meta: meta(70), libs, shared: sharedTables70, threads: [{ samples: timed }] };
    const { stacks } = parseFirefox(new TextEncoder().encode(JSON.stringify(file)));
    expect(stacks.map(({ count }) => count)).toEqual([3_500_000]);
  });

  test('code without a symbol keeps the library that it is in', () => {
    const file = {
      meta: meta(60),
      libs: [{ name: 'libc.so.6', path: '/usr/lib/libc.so.6' }],
      shared: {
        stringArray: ['0x7f0012345678', '0x1f00', 'libc.so.6', '0xdead'],
        funcTable: { name: [0, 1, 3], resource: [0, 0, -1] },
        resourceTable: { name: [2], lib: [0] },
        // samply has the place in the library; others have it in the name alone.
        frameTable: { func: [0, 1, 2], address: [0x1e38, -1, -1], category: [0, 0, 0] },
        stackTable: { frame: [0, 1, 2], prefix: [null, 0, 1] },
      },
      threads: [{ name: 'app', samples: { stack: [2], weight: null, weightType: 'samples' } }],
    };
    const { stacks } = parseFirefox(new TextEncoder().encode(JSON.stringify(file)));
    const object = '/usr/lib/libc.so.6';
    expect(stacks[0]?.frames.slice(1)).toEqual([
      { name: '[libc.so.6+0x1e38]', kind: 'unresolved', object },
      { name: '[libc.so.6+0x1f00]', kind: 'unresolved', object },
      { name: '0xdead', kind: 'unresolved' },
    ]);
  });

  test('threads that count something else are left out, and that is said', () => {
    const bytes = { stack: [0], weight: [4096], weightType: 'bytes' };
    const threads = [
      { name: 'memory', samples: bytes },
      { name: 'app', samples },
    ];
    const file = { meta: meta(70), libs, shared: sharedTables70, threads };
    const { metadata, warnings } = parseFirefox(new TextEncoder().encode(JSON.stringify(file)));
    expect(metadata.samples).toBe(3);
    expect(warnings).toEqual(['1 of 2 threads do not count samples and were left out']);
  });
});
