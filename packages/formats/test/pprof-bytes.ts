/**
 * pprof's bytes from plain objects, with every number as it is asked for: repeated numbers packed or
 * one by one, which are two ways to write the same (Go's runtime uses the second for short lists).
 */
type Value = number | string | readonly Value[] | { readonly [field: string]: Value };

const FIELDS: Readonly<Record<string, Readonly<Record<string, readonly [number, string?]>>>> = {
  Profile: {
    sampleType: [1, 'ValueType'],
    sample: [2, 'Sample'],
    mapping: [3, 'Mapping'],
    location: [4, 'Location'],
    function: [5, 'Function'],
    stringTable: [6],
    timeNanos: [9],
    periodType: [11, 'ValueType'],
    period: [12],
    defaultSampleType: [14],
  },
  ValueType: { type: [1], unit: [2] },
  Sample: { locationId: [1], value: [2] },
  Mapping: { id: [1], memoryStart: [2], memoryLimit: [3], fileOffset: [4], filename: [5] },
  Location: { id: [1], mappingId: [2], address: [3], line: [4, 'Line'] },
  Line: { functionId: [1], line: [2] },
  Function: { id: [1], name: [2], systemName: [3], filename: [4] },
};

function varint(value: number | string | bigint): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 0x80n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

const withLength = (id: number, bytes: readonly number[]): number[] => [
  (id << 3) | 2,
  ...varint(bytes.length),
  ...bytes,
];

function messageBytes(name: string, message: object, packed: boolean): number[] {
  return Object.entries(message as Record<string, Value>).flatMap(([field, value]) => {
    const [id, type] = FIELDS[name]?.[field] ?? [];
    if (id === undefined) throw new Error(`${name} has no ${field}`);
    const each = (Array.isArray(value) ? value : [value]) as readonly Value[];
    if (type !== undefined)
      return each.flatMap((entry) => withLength(id, messageBytes(type, entry as object, packed)));
    if (field === 'stringTable')
      return each.flatMap((text) => withLength(id, [...new TextEncoder().encode(String(text))]));
    const numbers = each as readonly (number | string)[];
    return packed && Array.isArray(value)
      ? withLength(id, numbers.flatMap(varint))
      : numbers.flatMap((number) => [id << 3, ...varint(number)]);
  });
}

/** 64-bit numbers may be given as text; `packed` by default. */
export function pprofBytes(profile: object, { packed = true } = {}): Uint8Array {
  return Uint8Array.from(messageBytes('Profile', profile, packed));
}
