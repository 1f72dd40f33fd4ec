// Keys and values of maps between bytes and TypeScript, by the layouts that are generated from the
// object's BTF. For maps that are looked at now and then; what is read thousands of times a second is
// better read in place, by offsets.

import { u53 } from './records/reader.ts';
import { decodeText } from './records/text.ts';
import type { StructLayout } from './skeleton.ts';

/** What a scalar or an array of C is in TypeScript; `bytes` and what has no better reading are bytes. */
type FieldValue<Kind> = Kind extends 'u64' | 's64'
  ? bigint
  : Kind extends 'bool'
    ? boolean
    : Kind extends 'text'
      ? string
      : Kind extends 'bytes'
        ? Uint8Array
        : Kind extends `${infer Element}[]`
          ? readonly FieldValue<Element>[]
          : number;

/** A value of a map's key or value type. Fields of nested structs are named with dots. */
export type ValueOf<T extends StructLayout | string | undefined> = T extends StructLayout
  ? { readonly [Field in keyof T['kind']]: FieldValue<T['kind'][Field]> }
  : FieldValue<T>;

const encoder = new TextEncoder();

/** @throws RangeError for text or bytes that are longer than their field. */
export function encodeValue<T extends StructLayout | string | undefined>(
  type: T,
  size: number,
  value: ValueOf<T>,
): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  if (typeof type !== 'object') writeField(view, 0, size, String(type), value);
  else
    for (const [field, kind] of Object.entries(type.kind)) {
      const given = (value as Readonly<Record<string, unknown>>)[field];
      writeField(view, type.offset[field] ?? 0, type.bytes[field] ?? 0, kind, given);
    }
  return bytes;
}

/** The value at an offset, copied. */
export function decodeValue<T extends StructLayout | string | undefined>(
  type: T,
  size: number,
  bytes: Uint8Array,
  at = 0,
): ValueOf<T> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (typeof type !== 'object') return readField(view, at, size, String(type)) as ValueOf<T>;
  const fields = Object.entries(type.kind).map(([field, kind]) => [
    field,
    readField(view, at + (type.offset[field] ?? 0), type.bytes[field] ?? 0, kind),
  ]);
  return Object.fromEntries(fields) as ValueOf<T>;
}

function writeField(view: DataView, at: number, size: number, kind: string, value: unknown): void {
  if (kind === 'text' || kind === 'bytes') {
    const bytes = kind === 'text' ? encoder.encode(String(value)) : (value as Uint8Array);
    if (bytes.length > size)
      throw new RangeError(`${bytes.length} bytes do not fit a field of ${size}`);
    new Uint8Array(view.buffer, view.byteOffset + at, size).set(bytes);
    return;
  }
  if (kind.endsWith('[]')) {
    const values = value as readonly (number | bigint)[];
    const bytes = bytesOfScalar(kind.slice(0, -2), size);
    for (const [index, one] of values.entries()) writeScalar(view, at + bytes * index, bytes, one);
    return;
  }
  writeScalar(view, at, size, value as number | bigint | boolean);
}

function writeScalar(
  view: DataView,
  at: number,
  size: number,
  value: number | bigint | boolean,
): void {
  if (size === 8) view.setBigInt64(at, BigInt.asIntN(64, BigInt(value)), true);
  else if (size === 4) view.setUint32(at, Number(value), true);
  else if (size === 2) view.setUint16(at, Number(value), true);
  else view.setUint8(at, Number(value));
}

function readField(view: DataView, at: number, size: number, kind: string): unknown {
  const bytes = () => new Uint8Array(view.buffer, view.byteOffset + at, size);
  if (kind === 'bytes') return bytes().slice();
  if (kind === 'text') {
    const end = bytes().indexOf(0);
    return decodeText(bytes(), 0, end < 0 ? size : end);
  }
  if (kind.endsWith('[]')) {
    const element = kind.slice(0, -2);
    const step = bytesOfScalar(element, size);
    return Array.from({ length: size / step }, (_, index) =>
      readScalar(view, at + step * index, element),
    );
  }
  return readScalar(view, at, kind);
}

function readScalar(view: DataView, at: number, kind: string): number | bigint | boolean {
  switch (kind) {
    case 'bool':
      return view.getUint8(at) !== 0;
    case 'u8':
      return view.getUint8(at);
    case 's8':
      return view.getInt8(at);
    case 'u16':
      return view.getUint16(at, true);
    case 's16':
      return view.getInt16(at, true);
    case 's32':
      return view.getInt32(at, true);
    case 's64':
      return view.getBigInt64(at, true);
    case 'u64':
      return view.getBigUint64(at, true);
    case 'u53':
      return u53(view, at);
    default:
      return view.getUint32(at, true);
  }
}

/** Of `u32`, `bool`, ... */
function bytesOfScalar(kind: string, otherwise: number): number {
  if (kind === 'u53') return 8;
  const bits = Number(kind.slice(1));
  return Number.isInteger(bits) ? bits / 8 : otherwise;
}
