import { expect, test } from 'bun:test';
import { recordType } from '@waggle/bpf';
import { EVENT_KINDS, EVENT_OF_TYPE, RECORD_TYPES } from './event-kind.ts';

test('a kind has a type of records, and each type of records a kind or none', () => {
  for (const kind of EVENT_KINDS) expect(EVENT_OF_TYPE[RECORD_TYPES[kind]]).toBe(kind);
  const others = Object.values(recordType).filter((type) => EVENT_OF_TYPE[type] === undefined);
  expect(others).toHaveLength(Object.values(recordType).length - EVENT_KINDS.length);
});
