/** What a receiver reads from our bytes by the published schema. */
import { describe, expect, test } from 'bun:test';
import { type PublishedRequest, readPublished } from '../../test/opentelemetry.ts';
import { profileOf, randomOf, randomProfile } from '../../test/random-profile.ts';
import { encodeOtlp, type Profile } from '../index.ts';
import { mergedStacks, writableName } from '../merged-stacks.ts';

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
    count: 30,
    frames: [
      { name: 'node', kind: 'process' },
      { name: 'handle', kind: 'user', object: '/srv/app.js' },
      { name: 'ext4_read', kind: 'kernel', object: '[ext4]' },
    ],
  },
]);

function received(from: Profile) {
  const request = readPublished<PublishedRequest>('ExportProfilesServiceRequest', encodeOtlp(from));
  const { dictionary } = request;
  const [first] = request.resourceProfiles;
  const [sent] = first?.scopeProfiles[0]?.profiles ?? [];
  if (first === undefined || sent === undefined) throw new Error('there is no profile');
  const text = (index: number) => dictionary.stringTable[index];
  const attributes = (indices: readonly number[]) =>
    indices.map((index) => {
      const { keyStrindex, value, unitStrindex } = dictionary.attributeTable[index] ?? {
        keyStrindex: -1,
        unitStrindex: -1,
      };
      return [text(keyStrindex), value?.stringValue ?? value?.intValue, text(unitStrindex)];
    });
  /** Root first: name, object and attributes of every function, those inlined included. */
  const stack = (index: number) =>
    (dictionary.stackTable[index]?.locationIndices ?? [])
      .flatMap((each) => {
        const location = dictionary.locationTable[each];
        const mapping = dictionary.mappingTable[location?.mappingIndex ?? -1];
        return (location?.lines ?? []).map(({ functionIndex }) => ({
          name: text(dictionary.functionTable[functionIndex]?.nameStrindex ?? -1),
          object: text(mapping?.filenameStrindex ?? -1),
          attributes: attributes(location?.attributeIndices ?? []),
        }));
      })
      .reverse();
  return { request, dictionary, resource: first.resource, sent, text, attributes, stack };
}

describe('otlp, read by the published schema', () => {
  test('lines of a location are innermost first', () => {
    const place = { kind: 'user', object: '/srv/app' } as const;
    const { dictionary, text } = received(
      profileOf([
        {
          count: 1,
          frames: [
            { ...place, name: 'main', file: '/src/main.c', line: 12 },
            { ...place, name: 'hash', file: '/src/hash.h', line: 5, inlined: true },
          ],
        },
      ]),
    );
    expect(dictionary.stackTable[1]?.locationIndices).toEqual([1]);
    const lines = dictionary.locationTable[1]?.lines.map(({ functionIndex, line }) => {
      const called = dictionary.functionTable[functionIndex];
      return [text(called?.nameStrindex ?? -1), text(called?.filenameStrindex ?? -1), line];
    });
    expect(lines).toEqual([
      ['hash', '/src/hash.h', '5'],
      ['main', '/src/main.c', '12'],
    ]);
  });

  test('types, period and times', () => {
    const { sent, text } = received(profile);
    expect([text(sent.sampleType.typeStrindex), text(sent.sampleType.unitStrindex)]).toEqual([
      'samples',
      'count',
    ]);
    expect([text(sent.periodType.typeStrindex), text(sent.periodType.unitStrindex)]).toEqual([
      'cpu',
      'nanoseconds',
    ]);
    expect(sent.period).toBe('10101010');
    expect(sent.timeUnixNano).toBe('1741064767000000000');
    expect(sent.durationNano).toBe('10500000000');
  });

  test('host, command, scope, lost samples and what the caller adds', () => {
    const { request, resource, sent, attributes } = received(profile);
    expect(resource.attributes.map(({ key, value }) => ({ key, value }))).toEqual([
      { key: 'host.name', value: { stringValue: 'web-3' } },
      { key: 'process.command_line', value: { stringValue: 'node app.js' } },
    ]);
    expect(request.resourceProfiles[0]?.scopeProfiles[0]?.scope.name).toBe('waggle');
    expect(attributes(sent.attributeIndices)).toEqual([['waggle.lost_samples', '3', '{sample}']]);

    const named = readPublished<PublishedRequest>(
      'ExportProfilesServiceRequest',
      encodeOtlp(profile, { resource: { 'service.name': 'shop' } }),
    );
    expect(named.resourceProfiles[0]?.resource.attributes.map(({ key }) => key)).toEqual([
      'host.name',
      'process.command_line',
      'service.name',
    ]);
  });

  test('that nothing was lost is said too', () => {
    const { sent, attributes } = received({
      ...profile,
      metadata: { ...profile.metadata, lostSamples: 0 },
    });
    expect(attributes(sent.attributeIndices)).toEqual([['waggle.lost_samples', '0', '{sample}']]);
  });

  test('stacks with their objects, kinds, counts and process', () => {
    const { sent, stack, attributes } = received(profile);
    const process = {
      name: 'node',
      object: '',
      attributes: [['waggle.frame.kind', 'process', '']],
    };
    const handle = { name: 'handle', object: '/srv/app.js', attributes: [] };
    expect(
      sent.samples.map(({ stackIndex, values, attributeIndices }) => ({
        stack: stack(stackIndex),
        values,
        attributes: attributes(attributeIndices),
      })),
    ).toEqual([
      {
        stack: [
          process,
          handle,
          {
            name: 'ext4_read',
            object: '[ext4]',
            attributes: [['profile.frame.type', 'kernel', '']],
          },
        ],
        values: ['30'],
        attributes: [['process.executable.name', 'node', '']],
      },
      {
        stack: [process, handle, { name: 'parse', object: '/srv/app.js', attributes: [] }],
        values: ['70'],
        attributes: [['process.executable.name', 'node', '']],
      },
    ]);
  });

  test('the first row of each table is its zero value, and no row comes twice', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { dictionary } = received(randomProfile(randomOf(seed)));
      const { linkTable, ...others } = dictionary;
      // Protobuf's JSON has bytes in base64: 16 and 8 of them, all zero.
      expect(linkTable).toEqual([{ traceId: `${'A'.repeat(22)}==`, spanId: `${'A'.repeat(11)}=` }]);
      expect(others).toMatchObject({ stringTable: expect.arrayContaining(['']) });
      expect(dictionary.stringTable[0]).toBe('');
      expect(dictionary.stackTable[0]).toEqual({ locationIndices: [] });
      expect(dictionary.functionTable[0]).toMatchObject({ nameStrindex: 0 });
      expect(dictionary.mappingTable[0]).toMatchObject({ filenameStrindex: 0 });
      expect(dictionary.locationTable[0]).toMatchObject({ mappingIndex: 0, lines: [] });
      expect(dictionary.attributeTable[0]).toEqual({ keyStrindex: 0, unitStrindex: 0 });
      for (const table of Object.values(others).filter((value) => Array.isArray(value))) {
        const rows = table.map((row) => JSON.stringify(row));
        expect(new Set(rows).size).toBe(rows.length);
      }
    }
  });

  test('counts and names of any profile arrive, hostile ones too', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomProfile(randomOf(seed));
      const { sent, stack } = received(random);
      const expected = new Map<string, number>();
      for (const { frames, count } of mergedStacks(random)) {
        const key = JSON.stringify(
          frames.map(({ name, kind, object }) => [
            writableName(name),
            object?.toWellFormed() || (kind === 'kernel' ? '[kernel.kallsyms]' : ''),
            kind,
          ]),
        );
        expected.set(key, (expected.get(key) ?? 0) + count);
      }
      const arrived = sent.samples.map(({ stackIndex, values }) => [
        JSON.stringify(
          stack(stackIndex).map(({ name, object, attributes }) => [
            name,
            object,
            attributes[0]?.[1] ?? 'user',
          ]),
        ),
        Number(values[0]),
      ]);
      expect(new Map(arrived as [string, number][])).toEqual(expected);
      expect(new Set(sent.samples.map(({ stackIndex }) => stackIndex)).size).toBe(
        sent.samples.length,
      );
    }
  });
});
