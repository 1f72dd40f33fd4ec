/**
 * Values of a per-CPU map as one: numbers are added, in structs and lists too; of the rest the first stays.
 */

export function summed(a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (typeof a === 'bigint' && typeof b === 'bigint') return a + b;
  if (Array.isArray(a) && Array.isArray(b)) return a.map((each, index) => summed(each, b[index]));
  if (!isStruct(a) || !isStruct(b)) return a;
  return Object.fromEntries(
    Object.entries(a).map(([name, value]) => [name, summed(value, b[name])]),
  );
}

function isStruct(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
