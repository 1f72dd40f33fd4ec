import { describe, expect, test } from 'bun:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { writePublished } from '../../test/opentelemetry.ts';
import { profileOf } from '../../test/random-profile.ts';
import { formats, parseProfile, UnknownProfileError } from '../index.ts';

const bytesOf = (text: string | object): Uint8Array =>
  new TextEncoder().encode(typeof text === 'string' ? text : JSON.stringify(text));

const profile = profileOf([
  {
    count: 3,
    frames: [
      { name: 'app', kind: 'process' },
      { name: 'main', kind: 'user' },
    ],
  },
]);
const stacks = (bytes: Uint8Array) =>
  parseProfile(bytes).stacks.map(({ frames, count }) => [frames.map(({ name }) => name), count]);

describe('a profile is known by its content', () => {
  for (const { name, encode, parse } of formats)
    if (parse !== undefined)
      test(`${name}, packed, twice packed, or not`, () => {
        const encoded = encode(profile);
        const bytes = typeof encoded === 'string' ? bytesOf(encoded) : encoded;
        for (const file of [
          bytes,
          gzipSync(bytes),
          gzipSync(gzipSync(bytes)),
          zstdCompressSync(bytes),
        ])
          expect(stacks(file)).toEqual([[['app', 'main'], 3]]);
      });

  const sampled = { type: 'sampled', unit: 'none', samples: [[0]], weights: [2] };
  const evented = {
    ...{ type: 'evented', unit: 'microseconds', startValue: 0, endValue: 9 },
    events: [
      { type: 'O', frame: 0, at: 0 },
      { type: 'O', frame: 1, at: 2 },
      { type: 'C', frame: 1, at: 5 },
      { type: 'C', frame: 0, at: 6 },
    ],
  };
  const shared = { frames: [{ name: 'a' }, { name: 'b' }] };
  const callFrame = { functionName: 'f' };
  test.each([
    ['speedscope, sampled', bytesOf({ shared, profiles: [sampled] }), [[['a'], 2]]],
    [
      'speedscope, evented',
      bytesOf({ shared, profiles: [evented] }),
      [
        [['a'], 3000],
        [['a', 'b'], 3000],
      ],
    ],
    [
      'perf script',
      bytesOf('app 12 1.5: 1 cycles:\n\t4011a6 main (/srv/app)\n\n'),
      [[['app', 'main'], 1]],
    ],
    ['.cpuprofile', bytesOf({ nodes: [{ id: 1, callFrame, hitCount: 4 }] }), [[['f'], 4]]],
    ['.heapprofile', bytesOf({ head: { callFrame, selfSize: 7, children: [] } }), [[['f'], 7]]],
    ['folded stacks in UTF-16', Buffer.from('\uFEFFa;b 5\r\n', 'utf16le'), [[['a', 'b'], 5]]],
    [
      'folded stacks that begin like JSON',
      bytesOf('[unknown];b 5\n{};c 1\n'),
      [
        [['[unknown]', 'b'], 5],
        [['{}', 'c'], 1],
      ],
    ],
    ['folded stacks of one frame', bytesOf('a 5\nbad\n'), [[['a'], 5]]],
  ])('%s', (_, bytes, wanted) => {
    expect(stacks(bytes)).toEqual(wanted as never);
  });

  test('an OTLP request as JSON', () => {
    const request = {
      dictionary: {
        stringTable: ['', 'samples', 'main'],
        mappingTable: [{}],
        functionTable: [{}, { nameStrindex: 2 }],
        locationTable: [{}, { lines: [{ functionIndex: 1 }] }],
        stackTable: [{}, { locationIndices: [1] }],
      },
      resourceProfiles: [
        {
          scopeProfiles: [
            {
              profiles: [
                { sampleType: { typeStrindex: 1 }, samples: [{ stackIndex: 1, values: ['9'] }] },
              ],
            },
          ],
        },
      ],
    };
    expect(stacks(bytesOf(request))).toEqual([[['main'], 9]]);
    expect(stacks(writePublished('ExportProfilesServiceRequest', request))).toEqual([
      [['main'], 9],
    ]);
  });
});

describe('what is no profile is refused, with what it seems to be and what is read', () => {
  test.each([
    ['nothing', '', /empty/],
    ['blank lines', '\n\n \n', /text without a single stack/],
    ['comments alone', '# a 5\n# b 6\n', /text without a single stack/],
    [
      'words',
      'Some words.\nAnd more of them, 5\nThe end.\n',
      /text without a single stack.*"Some words\."/,
    ],
    [
      'JSON of another kind',
      '{"name":"x","version":1}',
      /JSON of an unknown kind, with "name", "version"/,
    ],
    ['a JSON list', '[1,2]', /JSON of an unknown kind, a list/],
    ['broken JSON', '{"shared": {', /broken JSON/],
    ['a trace without a profile', '[{"ph":"X","name":"a"}]', /no CPU profile/],
    ['perf.data', 'PERFILE2\0\0\0\0', /perf\.data.*perf script/],
    ['a picture', '<?xml version="1.0"?><svg/>', /XML/],
    ['a page', '<!DOCTYPE html>', /page/],
    ['a program', '\x7fELF\x02\x01\x01', /program/],
    ['other bytes', '\0\x01\x02\x03', /binary data/],
    ['callgrind', 'version: 1\nevents: Ir\nfl=a.c\nfn=main\n5 20\n', /callgrind/],
    ['broken gzip', '\x1f\u008b\x08\0', /cannot be unpacked/],
  ])('%s', (_, text, reason) => {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    expect(() => parseProfile(bytes)).toThrow(UnknownProfileError);
    expect(() => parseProfile(bytes)).toThrow(reason);
    expect(() => parseProfile(bytes)).toThrow(/profiles are read from pprof, folded stacks/);
  });

  test('half of a pprof is not taken for anything else', () => {
    const encoded = formats.find(({ name }) => name === 'pprof')?.encode(profile) as Uint8Array;
    const plain = Bun.gunzipSync(encoded as Uint8Array<ArrayBuffer>);
    for (let end = 1; end < plain.length; end += 7)
      try {
        parseProfile(plain.subarray(0, end));
      } catch (error) {
        expect(error).toHaveProperty('code');
      }
  });
});
