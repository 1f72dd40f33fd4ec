/**
 * Keys and values of maps between bytes and TypeScript, by the layouts that are generated from the
 * object's BTF. For maps that are looked at now and then; what is read thousands of times a second is
 * better read in place, by offsets.
 */

import type { FieldKind, StructLayout } from './layout.ts';
import { textAt, u53 } from './records/reader.ts';

/** The kind of a field of an enum: read as the word says, typed as one of the enum's values. */
export type EnumKind<E extends Readonly<Record<string, number | bigint>>> = string & {
  readonly ofEnum: E;
};

/** What a scalar or an array of C is in TypeScript; what has no better reading are bytes. */
type FieldValue<Kind> = Kind extends { readonly ofEnum: infer E }
  ? E[keyof E]
  : Kind extends StructLayout
    ? ValueOf<Kind>
    : Kind extends readonly [infer Each extends StructLayout]
      ? readonly ValueOf<Each>[]
      : Kind extends 'u64' | 's64'
        ? bigint
        : Kind extends 'bool'
          ? boolean
          : Kind extends 'text'
            ? string
            : Kind extends 'bytes'
              ? Uint8Array
              : Kind extends `text${number}[]`
                ? readonly string[]
                : Kind extends `${infer Element}[]`
                  ? readonly FieldValue<Element>[]
                  : number;

/** A name with dots is a field of a nested struct. */
type Nested<T> = {
  readonly [Name in keyof T as Name extends `${infer Head}.${string}`
    ? Head
    : Name]: Name extends `${infer Head}.${string}` ? Nested<FieldsOf<T, Head>> : T[Name];
};

type FieldsOf<T, Head extends string> = {
  [Name in keyof T as Name extends `${Head}.${infer Rest}` ? Rest : never]: T[Name];
};

/** A value of a map's key or value type, nested as its structs are. */
export type ValueOf<T extends FieldKind | undefined> = T extends StructLayout
  ? Nested<{ [Field in keyof T['kind']]: FieldValue<T['kind'][Field]> }>
  : FieldValue<T>;

const encoder = new TextEncoder();

/** @throws RangeError for text, bytes or lists that are longer than their field. */
export function encodeValue<T extends FieldKind | undefined>(
  type: T,
  size: number,
  value: ValueOf<T>,
): Uint8Array {
  const bytes = new Uint8Array(size);
  write(new DataView(bytes.buffer), 0, size, type ?? 'u32', value, 'the value');
  return bytes;
}

/** The value at an offset, copied. */
export function decodeValue<T extends FieldKind | undefined>(
  type: T,
  size: number,
  bytes: Uint8Array,
  at = 0,
): ValueOf<T> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return read(view, at, size, type ?? 'u32') as ValueOf<T>;
}

function isStruct(kind: FieldKind): kind is StructLayout {
  return typeof kind === 'object' && 'kind' in kind;
}

interface Field {
  /** Names of structs, then its own. */
  readonly path: readonly string[];
  readonly offset: number;
  readonly bytes: number;
  readonly kind: FieldKind;
}

const fieldsOfLayouts = new WeakMap<StructLayout, readonly Field[]>();

function fieldsOf(layout: StructLayout): readonly Field[] {
  const known = fieldsOfLayouts.get(layout);
  if (known !== undefined) return known;
  const fields = Object.entries(layout.kind).map(([name, kind]) => {
    const { [name]: offset = 0 } = layout.offset;
    return { path: name.split('.'), offset, bytes: layout.bytes[name] ?? 0, kind };
  });
  fieldsOfLayouts.set(layout, fields);
  return fields;
}

function write(
  view: DataView,
  at: number,
  size: number,
  kind: FieldKind,
  value: unknown,
  name: string,
): void {
  if (isStruct(kind)) {
    for (const { path, offset, bytes, kind: of } of fieldsOf(kind)) {
      const given = path.reduce<unknown>(
        (part, step) => (part as Readonly<Record<string, unknown>>)?.[step],
        value,
      );
      write(view, at + offset, bytes, of, given, path.join('.'));
    }
    return;
  }
  if (typeof kind === 'object' || kind.endsWith('[]')) {
    writeList(view, at, size, kind, value as readonly unknown[], name);
    return;
  }
  if (kind === 'text' || kind === 'bytes') {
    const bytes = kind === 'text' ? encoder.encode(String(value)) : (value as Uint8Array);
    expectRoom(bytes.length, size, name, 'bytes');
    new Uint8Array(view.buffer, view.byteOffset + at, size).set(bytes);
    return;
  }
  writeScalar(view, at, size, value as number | bigint | boolean);
}

function writeList(
  view: DataView,
  at: number,
  size: number,
  kind: readonly [StructLayout] | string,
  values: readonly unknown[],
  name: string,
): void {
  const [step, element] = elementOf(kind, size);
  expectRoom(values.length, size / step, name, 'elements');
  for (const [index, one] of values.entries())
    write(view, at + step * index, step, element, one, `${name}[${index}]`);
}

/** @throws RangeError */
function expectRoom(length: number, room: number, name: string, what: string): void {
  if (length > room) throw new RangeError(`${name} has room for ${room} ${what}, not ${length}`);
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

function read(view: DataView, at: number, size: number, kind: FieldKind): unknown {
  if (isStruct(kind)) return readStruct(view, at, kind);
  const bytes = () => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (kind === 'bytes') return bytes().slice(at, at + size);
  if (kind === 'text') return textAt(bytes(), at, size);
  if (typeof kind === 'object' || kind.endsWith('[]')) {
    const [step, element] = elementOf(kind, size);
    return Array.from({ length: size / step }, (_, index) =>
      read(view, at + step * index, step, element),
    );
  }
  return readScalar(view, at, kind);
}

function readStruct(view: DataView, at: number, layout: StructLayout): object {
  const value: Record<string, unknown> = {};
  for (const { path, offset, bytes, kind } of fieldsOf(layout)) {
    let part = value;
    for (const step of path.slice(0, -1)) {
      part[step] ??= {};
      part = part[step] as Record<string, unknown>;
    }
    part[path.at(-1) ?? ''] = read(view, at + offset, bytes, kind);
  }
  return value;
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

/** Bytes of one element of a list, and its kind. */
function elementOf(
  kind: readonly [StructLayout] | string,
  size: number,
): readonly [number, FieldKind] {
  if (typeof kind === 'object') return [kind[0].size, kind[0]];
  const element = kind.slice(0, -2);
  if (element.startsWith('text')) return [Number(element.slice('text'.length)), 'text'];
  if (element === 'u53') return [8, element];
  if (element === 'bool') return [1, element];
  const bits = Number(element.slice(1));
  return [Number.isInteger(bits) ? bits / 8 : size, element];
}
