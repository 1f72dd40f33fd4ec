/**
 * One line of a recording as an object whose fields have the types that they should have, whoever wrote it.
 */

import { EVENT_FIELDS, type EventName, type FieldType, fieldsOf } from './fields.ts';

interface Values {
  readonly text: string;
  readonly number: number;
  /** A numeral below 2^64. */
  readonly u64: string;
  readonly flag: boolean;
  readonly list: readonly string[];
}

type FieldValue<Type extends { readonly type: FieldType }> = Type extends {
  readonly required: true;
}
  ? Values[Type['type']]
  : Values[Type['type']] | null;

type Fields = typeof EVENT_FIELDS;

type Recorded<Name extends EventName> = { readonly event: Name } & {
  readonly [Field in keyof Fields[Name]]: Fields[Name][Field] extends { readonly type: FieldType }
    ? FieldValue<Fields[Name][Field]>
    : never;
};

export type RecordedExec = Recorded<'exec'>;
export type RecordedExit = Recorded<'exit'>;
export type RecordedFork = Recorded<'fork'>;
export type RecordedFailure = Recorded<'failed-exec'>;

/** An event of a recording. Fields that its line lacks are null. */
export type RecordedEvent =
  | RecordedExec
  | RecordedExit
  | RecordedFork
  | RecordedFailure
  | Recorded<'lost'>
  | Recorded<'limited'>
  | Recorded<'untracked'>;

/** RFC 3339 in UTC, with up to nine digits of a second. */
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/;
const U64 = /^\d{1,20}$/;
const MAX_U64 = (1n << 64n) - 1n;

const CHECKS: { readonly [Type in FieldType]: (value: unknown) => boolean } = {
  text: (value) => typeof value === 'string',
  number: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  u64: (value) =>
    typeof value === 'string' && U64.test(value) && (value.length < 20 || BigInt(value) <= MAX_U64),
  flag: (value) => typeof value === 'boolean',
  list: (value) => Array.isArray(value) && value.every((word) => typeof word === 'string'),
};

/** The event of a line, or undefined where it is none that is known here. */
export function parseEvent(line: string): RecordedEvent | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const given = parsed as Readonly<Record<string, unknown>>;
  const name = given.event;
  if (typeof name !== 'string' || !Object.hasOwn(EVENT_FIELDS, name)) return undefined;
  const event: Record<string, unknown> = { event: name };
  for (const [field, { type, required }] of fieldsOf(name as EventName)) {
    const held = given[field];
    // Small ones may be numbers.
    const value = type === 'u64' && Number.isSafeInteger(held) ? String(held) : held;
    const isGood = CHECKS[type](value);
    if (!isGood && required) return undefined;
    event[field] = isGood ? value : null;
  }
  return nanosecondsOf(event.time as string) === undefined
    ? undefined
    : (event as unknown as RecordedEvent);
}

let knownSecond = '';
let knownNanoseconds = 0n;

/** Since the Unix epoch; undefined for what is no time. */
export function nanosecondsOf(time: string): bigint | undefined {
  const match = TIME.exec(time);
  if (match === null) return undefined;
  const [, second = '', digits = ''] = match;
  if (second !== knownSecond) {
    const milliseconds = Date.parse(`${second}Z`);
    if (Number.isNaN(milliseconds)) return undefined;
    // Events come many to a second.
    knownSecond = second;
    knownNanoseconds = BigInt(milliseconds) * 1_000_000n;
  }
  return knownNanoseconds + BigInt(digits.padEnd(9, '0'));
}
