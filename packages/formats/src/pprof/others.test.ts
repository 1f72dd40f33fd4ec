/** pprof of others: files as Go's runtime, pprof itself and other profilers write them. */
import { describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import { pprofBytes } from '../../test/pprof-bytes.ts';
import {
  encodeFolded,
  encodePprof,
  encodeSvg,
  findValue,
  PprofSyntaxError,
  parsePprof,
  sampleCount,
  showValue,
} from '../index.ts';

const names = ['', 'samples', 'count', 'cpu', 'nanoseconds', 'leaf', 'root', 'default'];
/** `root` calls `leaf`. */
const twoFunctions = {
  stringTable: names,
  function: [
    { id: 1, name: 5 },
    { id: 2, name: 6 },
  ],
  location: [
    { id: 1, line: [{ functionId: 1 }] },
    { id: 2, line: [{ functionId: 2 }] },
  ],
};
const samplesAndTime = [
  { type: 1, unit: 2 },
  { type: 3, unit: 4 },
];

describe('pprof: how numbers are written', () => {
  for (const packed of [true, false])
    test(`repeated numbers ${packed ? 'packed' : 'one by one'}`, () => {
      const sample = [{ locationId: [1, 2], value: [7, 70_000_000] }];
      const bytes = pprofBytes({ ...twoFunctions, sampleType: samplesAndTime, sample }, { packed });
      for (const file of [bytes, gzipSync(bytes)]) {
        expect(encodeFolded(parsePprof(file))).toBe('root;leaf 7\n');
        expect(parsePprof(file).stacks[0]?.values).toEqual([7, 70_000_000]);
      }
    });

  test('int64 is signed: the difference of two profiles is kept, or refused with its number', () => {
    const sample = [
      { locationId: [1, 2], value: [-3, -30_000_000] },
      { locationId: [2], value: [5, 50_000_000] },
    ];
    const delta = parsePprof(pprofBytes({ ...twoFunctions, sampleType: samplesAndTime, sample }));
    expect(delta.stacks.map(({ values }) => values)).toEqual([
      [-3, -30_000_000],
      [5, 50_000_000],
    ]);
    expect(parsePprof(encodePprof(delta)).stacks.map(({ values }) => values)).toEqual([
      [5, 50_000_000],
      [-3, -30_000_000],
    ]);
    expect(() => encodeFolded(delta)).toThrow(/leaf.*-3\b/);
    expect(() => encodeSvg(delta)).toThrow(/leaf.*-30000000\b/);
  });

  test('a value beyond 2^53 is refused with its number', () => {
    const sample = [{ locationId: [1], value: ['9223372036854775807', 1] }];
    const bytes = pprofBytes({ ...twoFunctions, sampleType: samplesAndTime, sample });
    expect(() => parsePprof(bytes)).toThrow(/9223372036854775807/);
    expect(() => parsePprof(bytes)).toThrow(PprofSyntaxError);
  });

  test('ids that need 64 bits do not meet', () => {
    const [one, other] = ['9007199254740993', '9007199254740992'];
    const profile = parsePprof(
      pprofBytes({
        stringTable: names,
        sampleType: [{ type: 1, unit: 2 }],
        function: [
          { id: one, name: 5 },
          { id: other, name: 6 },
        ],
        location: [
          { id: one, line: [{ functionId: one }] },
          { id: other, line: [{ functionId: other }] },
        ],
        sample: [{ locationId: [one, other], value: [1] }],
      }),
    );
    expect(encodeFolded(profile)).toBe('root;leaf 1\n');
  });
});

describe('pprof: what the values are', () => {
  const heapNames = [
    ...['', 'alloc_objects', 'count', 'alloc_space', 'bytes', 'leaf', 'root', 'inuse_objects'],
    ...['inuse_space', 'space'],
  ];
  const heap = (more: object = {}) =>
    parsePprof(
      pprofBytes({
        ...twoFunctions,
        stringTable: heapNames,
        sampleType: [
          { type: 1, unit: 2 },
          { type: 3, unit: 4 },
          { type: 7, unit: 2 },
          { type: 8, unit: 4 },
        ],
        periodType: { type: 9, unit: 4 },
        period: 524_288,
        sample: [
          { locationId: [1, 2], value: [4000, 2_097_152, 2000, 1_048_576] },
          { locationId: [2], value: [9, 9, 0, 0] },
        ],
        ...more,
      }),
    );

  test('all are kept, with their units, the period, and the default, which is the last', () => {
    const { stacks, values, metadata } = heap();
    expect(values).toEqual({
      types: [
        { type: 'alloc_objects', unit: 'count' },
        { type: 'alloc_space', unit: 'bytes' },
        { type: 'inuse_objects', unit: 'count' },
        { type: 'inuse_space', unit: 'bytes' },
      ],
      shown: 3,
      period: { type: 'space', unit: 'bytes', value: 524_288 },
    });
    expect(stacks.map(({ count }) => count)).toEqual([1_048_576, 0]);
    // 512 KiB of bytes between samples are no frequency.
    expect(metadata.frequencyHz).toBe(0);
    expect(metadata.samples).toBe(2);
  });

  test('or the one that the file names', () => {
    expect(heap({ defaultSampleType: 1 }).values?.shown).toBe(0);
    expect(heap({ defaultSampleType: 5 }).values?.shown).toBe(3);
  });

  test('written again they are the same, as is what is shown', () => {
    for (const shown of [0, 1, 2, 3]) {
      const profile = showValue(heap(), shown);
      const back = parsePprof(encodePprof(profile));
      expect(back.values).toEqual(profile.values);
      expect(new Set(back.stacks)).toEqual(new Set(profile.stacks));
    }
  });

  test('folded counts where something is counted; another can be chosen', () => {
    expect(encodeFolded(heap())).toBe('root 9\nroot;leaf 4000\n');
    const profile = heap();
    expect(
      ['alloc_space', '2', 'inuse_space/bytes', '4', 'space', ''].map((wanted) =>
        findValue(profile, wanted),
      ),
    ).toEqual([1, 2, 3, undefined, undefined, undefined]);
  });

  test.each([
    ['nanoseconds', 12_000_000_000, 12_000_000],
    ['nanosecond', 12_000_000_000, 12_000_000],
    ['microseconds', 12_000_000, 12_000_000],
    ['milliseconds', 12_000, 12_000_000],
    ['seconds', 12, 12_000_000],
    ['bytes', 12, 12],
  ])('only a value in %s: it is not multiplied by anything', (unit, value, folded) => {
    const bytes = pprofBytes({
      ...twoFunctions,
      stringTable: names.with(4, unit),
      sampleType: [{ type: 3, unit: 4 }],
      periodType: { type: 3, unit: 4 },
      period: 10_000_000,
      sample: [{ locationId: [1, 2], value: [value] }],
    });
    const profile = parsePprof(bytes);
    expect(profile.stacks[0]?.count).toBe(value);
    expect(encodeFolded(profile)).toBe(`root;leaf ${folded}\n`);
    const back = parsePprof(encodePprof(profile));
    expect(back.values).toEqual({
      types: [{ type: 'cpu', unit }],
      shown: 0,
      period: { type: 'cpu', unit, value: 10_000_000 },
    });
    expect(back.stacks[0]?.values).toEqual([value]);
  });

  test('how many samples it is made of', () => {
    const types = (...all: [string, string][]) => all.map(([type, unit]) => ({ type, unit }));
    const of = (values: number[], about: Parameters<typeof sampleCount>[0]['values']) =>
      sampleCount({ stacks: [{ frames: [], count: 0, values }], values: about as never });
    const cpu = { type: 'cpu', unit: 'nanoseconds', value: 10_000_000 };
    const contentions = { type: 'contentions', unit: 'count', value: 5 };
    expect(
      of([7, 99], { types: types(['samples', 'count'], ['cpu', 'nanoseconds']), shown: 1 }),
    ).toBe(7);
    expect(of([50_000_000], { types: types(['cpu', 'nanoseconds']), shown: 0, period: cpu })).toBe(
      5,
    );
    expect(of([50], { types: types(['cpu', 'milliseconds']), shown: 0, period: cpu })).toBe(5);
    expect(of([50_000_000], { types: types(['cpu', 'nanoseconds']), shown: 0 })).toBeUndefined();
    expect(
      of([50, 9], {
        types: types(['contentions', 'count'], ['delay', 'nanoseconds']),
        shown: 1,
        period: contentions,
      }),
    ).toBe(10);
    expect(sampleCount({ stacks: [{ frames: [], count: 3 }] })).toBe(3);
  });
});

describe('pprof: where code without a name is', () => {
  const strings = [
    ...['', 'samples', 'count', '/usr/lib/libc.so.6', '[kernel.kallsyms]', '[ext4]', 'main'],
    ...['mangled', '[vdso]'],
  ];
  const nameOf = (location: object, mapping: object[] = []) => {
    const bytes = pprofBytes({
      stringTable: strings,
      sampleType: [{ type: 1, unit: 2 }],
      mapping,
      function: [
        { id: 1, name: 0, systemName: 7 },
        { id: 2, name: 0 },
      ],
      location: [{ id: 1, ...location }],
      sample: [{ locationId: [1], value: [1] }],
    });
    const [frame] = parsePprof(bytes).stacks[0]?.frames ?? [];
    if (frame === undefined) return undefined;
    const { address: _, mapping: __, ...named } = frame;
    return named;
  };
  const libc = {
    ...{ id: 1, filename: 3 },
    ...{ memoryStart: '0x7f0000026000', memoryLimit: '0x7f000017b000', fileOffset: '0x26000' },
  };

  test('in a file: its offset there, by the mapping', () => {
    expect(nameOf({ mappingId: 1, address: '0x7f0000027123' }, [libc])).toEqual({
      name: '[libc.so.6+0x27123]',
      kind: 'unresolved',
      object: '/usr/lib/libc.so.6',
    });
  });

  test('outside of its mapping, an address is what it is', () => {
    expect(nameOf({ mappingId: 1, address: '0x27123' }, [libc])?.name).toBe('[libc.so.6+0x27123]');
  });

  test('a mapping that does not say where it is', () => {
    const bare = { id: 1, filename: 3 };
    expect(nameOf({ mappingId: 1, address: '0x27123' }, [bare])?.name).toBe('[libc.so.6+0x27123]');
  });

  test('in the kernel: the address, every digit of it', () => {
    const kernel = {
      id: 1,
      filename: 4,
      memoryStart: '0xffffffff81000000',
      memoryLimit: '0xffffffffffffffff',
    };
    const address = '0xffffffff8123abcd';
    expect(nameOf({ mappingId: 1, address }, [kernel])).toEqual({
      name: '[kernel.kallsyms+0xffffffff8123abcd]',
      kind: 'kernel',
    });
    expect(nameOf({ address })).toEqual({ name: '[unknown+0xffffffff8123abcd]', kind: 'kernel' });
    const ext4 = { id: 1, filename: 5, memoryStart: '0xffffffffc0000000' };
    expect(nameOf({ mappingId: 1, address: '0xffffffffc0000123' }, [ext4])).toEqual({
      name: '[ext4+0xffffffffc0000123]',
      kind: 'kernel',
      object: 'ext4',
    });
  });

  test('a function without a name has its linker name, or the place', () => {
    expect(
      nameOf({ mappingId: 1, address: '0x7f0000027123', line: [{ functionId: 1 }] }, [libc])?.name,
    ).toBe('mangled');
    expect(
      nameOf({ mappingId: 1, address: '0x7f0000027123', line: [{ functionId: 2 }] }, [libc])?.name,
    ).toBe('[libc.so.6+0x27123]');
    expect(
      nameOf({ mappingId: 1, address: '0x7f0000027123', line: [{ functionId: 9 }] }, [libc])?.name,
    ).toBe('[libc.so.6+0x27123]');
  });

  test('the vDSO is code of the process', () => {
    const vdso = { id: 1, filename: 8, memoryStart: '0x7ffc0000', memoryLimit: '0x7ffd0000' };
    expect(nameOf({ mappingId: 1, address: '0x7ffc0123' }, [vdso])).toEqual({
      name: '[vdso+0x123]',
      kind: 'unresolved',
      object: '[vdso]',
    });
  });

  test('a location that is not in the file is a frame nobody knows', () => {
    const bytes = pprofBytes({
      stringTable: strings,
      sampleType: [{ type: 1, unit: 2 }],
      sample: [{ locationId: [5], value: [1] }],
    });
    expect(encodeFolded(parsePprof(bytes))).toBe('[unknown] 1\n');
  });
});
