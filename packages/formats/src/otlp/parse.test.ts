import { describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import { writePublished } from '../../test/opentelemetry.ts';
import { randomOf, randomProfile } from '../../test/random-profile.ts';
import { encodeOtlp, OtlpSyntaxError, parseOtlp } from '../index.ts';
import { mergedStacks, writableName } from '../merged-stacks.ts';

const request = (message: Parameters<typeof writePublished>[1]) =>
  writePublished('ExportProfilesServiceRequest', message);

describe('otlp, read back', () => {
  test('names, objects, counts and metadata are the same, packed or not', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomProfile(randomOf(seed));
      const bytes = encodeOtlp(random);
      const back = parseOtlp(bytes);
      expect(parseOtlp(gzipSync(bytes))).toEqual(back);
      const plain = (stacks: typeof back.stacks) => {
        const counts = new Map<string, number>();
        for (const { frames, count } of stacks) {
          const key = JSON.stringify(
            frames.map(({ name, kind, object }) => [
              writableName(name),
              // Code without a name cannot be told from code whose name is that it has none.
              name === '' || name === '[unknown]' ? 'any' : kind,
              object?.toWellFormed() || undefined,
            ]),
          );
          counts.set(key, (counts.get(key) ?? 0) + count);
        }
        return counts;
      };
      expect(plain(back.stacks)).toEqual(plain(mergedStacks(random)));
      const samples = back.stacks.reduce((sum, { count }) => sum + count, 0);
      expect(back.metadata).toEqual({ ...random.metadata, samples });
    }
  });

  test("others' requests: inlined functions, no symbols, times in place of values", () => {
    const bytes = request({
      dictionary: {
        stringTable: [
          '',
          'samples',
          '/srv/app',
          'main',
          'inlined',
          'process.executable.name',
          'app',
        ],
        mappingTable: [{}, { filenameStrindex: 2 }],
        functionTable: [{}, { nameStrindex: 3 }, { systemNameStrindex: 4 }],
        locationTable: [
          {},
          { mappingIndex: 1, lines: [{ functionIndex: 2 }, { functionIndex: 1 }] },
          { mappingIndex: 1, address: '48879' },
          { address: '16' },
        ],
        attributeTable: [{}, { keyStrindex: 5, value: { stringValueStrindex: 6 } }],
        stackTable: [{}, { locationIndices: [2, 1] }, { locationIndices: [3] }],
      },
      resourceProfiles: [
        {
          resource: { attributes: [{ key: 'host.name', value: { stringValue: 'db-1' } }] },
          scopeProfiles: [
            {
              profiles: [
                { sampleType: { typeStrindex: 3 }, samples: [{ stackIndex: 2, values: ['9'] }] },
                {
                  sampleType: { typeStrindex: 1 },
                  samples: [
                    { stackIndex: 1, attributeIndices: [1], timestampsUnixNano: ['5', '6', '7'] },
                    { stackIndex: 2, values: ['2', '3'], timestampsUnixNano: ['8', '9'] },
                  ],
                },
              ],
            },
          ],
        },
      ],
    });
    const { stacks, metadata, values } = parseOtlp(bytes);
    expect(values).toEqual({
      types: [
        { type: 'main', unit: '' },
        { type: 'samples', unit: '' },
      ],
      shown: 1,
    });
    expect(stacks).toEqual([
      {
        count: 5,
        values: [9, 5],
        frames: [{ name: '[unknown+0x10]', kind: 'unresolved', address: 0x10n }],
      },
      {
        count: 3,
        values: [0, 3],
        frames: [
          { name: 'app', kind: 'process' },
          { name: 'main', kind: 'user', object: '/srv/app' },
          { name: 'inlined', kind: 'user', object: '/srv/app', inlined: true },
          {
            name: '[app+0xbeef]',
            kind: 'unresolved',
            object: '/srv/app',
            address: 0xbeefn,
            mapping: { start: 0n, limit: 0n, fileOffset: 0n },
          },
        ],
      },
    ]);
    expect(metadata).toMatchObject({ host: 'db-1', frequencyHz: 0, samples: 8, lostSamples: 0 });
  });

  test('an empty request is an empty profile', () => {
    expect(parseOtlp(new Uint8Array()).stacks).toEqual([]);
  });

  const withSample = (sample: Record<string, string | number | string[] | number[]>) =>
    request({ resourceProfiles: [{ scopeProfiles: [{ profiles: [{ samples: [sample] }] }] }] });

  test.each([
    ['text', new TextEncoder().encode('not a profile')],
    ['half of a request', encodeOtlp(randomProfile(randomOf(2))).slice(0, 99)],
    ['broken gzip', Uint8Array.of(0x1f, 0x8b, 8, 0)],
    ['a stack that is not there', withSample({ stackIndex: 4, values: ['1'] })],
    ['an attribute that is not there', withSample({ attributeIndices: [4], values: ['1'] })],
    ['a value beyond 2^53', withSample({ values: ['9007199254740993'] })],
  ])('%s is refused with a reason', (_, bytes) => {
    expect(() => parseOtlp(bytes)).toThrow(OtlpSyntaxError);
  });
});
