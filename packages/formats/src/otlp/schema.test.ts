import { expect, test } from 'bun:test';
import { ScalarType } from '@bufbuild/protobuf';
import { otlpSchemas } from '../../scripts/otlp-schema.ts';
import { published } from '../../test/opentelemetry.ts';
import { logAndMetricMessages, profileMessages } from './schema.ts';

interface Field {
  readonly id: number;
  readonly type: string;
  readonly rule?: 'repeated';
}

test.each(Object.entries<Record<string, Field>>(profileMessages))(
  '%s has the fields of the published schema (opentelemetry-proto 1.45.2)',
  (name, fields) => {
    for (const [field, { id, type, rule }] of Object.entries(fields)) {
      const theirs = published.get(name)?.fields.find((each) => each.localName === field);
      if (theirs === undefined) throw new Error(`${name}.${field} is not published`);
      const theirType = theirs.message?.name ?? ScalarType[theirs.scalar ?? 0]?.toLowerCase();
      expect([field, theirs.number, theirType, theirs.fieldKind === 'list']).toEqual([
        field,
        id,
        type,
        rule === 'repeated',
      ]);
    }
  },
);

test('the fields of an AnyValue exclude each other', () => {
  const [value] = published.get('AnyValue')?.oneofs ?? [];
  for (const [field, { oneof }] of Object.entries(profileMessages.AnyValue)) {
    expect(value?.fields.map(({ localName }) => localName)).toContain(field);
    expect(oneof).toBe('value');
  }
});

test('is what the published files say: else run scripts/generate-otlp-schema.ts', () => {
  expect<unknown>({ profiles: profileMessages, logsAndMetrics: logAndMetricMessages }).toEqual(
    otlpSchemas(),
  );
});
