/** Attributes as OTLP has them. Text of others is made well-formed: a byte that was no UTF-8 becomes U+FFFD. */

import type { Draft } from './codec.ts';

export type AttributeValue = string | number | bigint | boolean | readonly string[];
/** What is undefined is left out. */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

export function keyValues(attributes: Attributes): Draft<'KeyValue'>[] {
  const list: Draft<'KeyValue'>[] = [];
  for (const [key, value] of Object.entries(attributes))
    if (value !== undefined) list.push({ key: key.toWellFormed(), value: anyValue(value) });
  return list;
}

function anyValue(value: AttributeValue): Draft<'AnyValue'> {
  if (typeof value === 'string') return { stringValue: value.toWellFormed() };
  if (typeof value === 'bigint') return { intValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { intValue: BigInt(value) } : { doubleValue: value };
  return { arrayValue: { values: value.map((each) => ({ stringValue: each.toWellFormed() })) } };
}
