/** Records as words of 32 bits: where their fields are, and numbers that take two of them. */

export const TWO_TO_32 = 0x1_0000_0000;

/** Places of fields in words of 32 bits. */
export function inWords<Field extends string>(
  offsets: Readonly<Record<Field, number>>,
): Readonly<Record<Field, number>> {
  const places = Object.entries<number>(offsets).map(([field, at]) => [field, at >>> 2]);
  return Object.fromEntries(places) as Record<Field, number>;
}

/** As u53 of @waggle/bpf. */
export function wholeNumber(words: Uint32Array, at: number): number {
  return words[at]! + words[at + 1]! * TWO_TO_32;
}
