/**
 * Lines of CPython's instructions, by the tables of its code objects: co_lnotab up to 3.9, co_linetable in two forms
 * since. Sources: Objects/lnotab_notes.txt of 3.9 and 3.10, Objects/locations.md (later InternalDocs/code_objects.md)
 * of 3.11. An instruction is counted in code units of two bytes. A damaged table says nothing.
 */

/** `co_lnotab` of 3.8 and 3.9: pairs of a distance in bytes and one in lines, which is signed. */
export function lineByNumberTable(
  table: Uint8Array,
  firstLine: number,
  instruction: number,
): number | undefined {
  const address = 2 * instruction;
  let line = firstLine;
  let at = 0;
  for (let pair = 0; pair + 1 < table.length; pair += 2) {
    at += table[pair] ?? 0;
    if (at > address) break;
    line += signed(table[pair + 1] ?? 0);
  }
  return line > 0 ? line : undefined;
}

/** `co_linetable` of 3.10: pairs of a length in bytes and a distance in lines from the range before; -128: no line. */
export function lineByLineTable(
  table: Uint8Array,
  firstLine: number,
  instruction: number,
): number | undefined {
  const address = 2 * instruction;
  let line = firstLine;
  let end = 0;
  for (let pair = 0; pair + 1 < table.length; pair += 2) {
    end += table[pair] ?? 0;
    const distance = signed(table[pair + 1] ?? 0);
    if (distance !== -128) line += distance;
    if (address < end) return distance === -128 || line <= 0 ? undefined : line;
  }
  return undefined;
}

/** Kinds of an entry of 3.11's table. */
const ONE_LINE_0 = 10;
const ONE_LINE_2 = 12;
const NO_COLUMNS = 13;
const LONG = 14;
const NONE = 15;

/** `co_linetable` since 3.11: entries of a length in code units, a distance in lines, and columns. */
export function lineByLocationTable(
  table: Uint8Array,
  firstLine: number,
  instruction: number,
): number | undefined {
  let line = firstLine;
  let end = 0;
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; at < table.length; shift += 6) {
      const byte = table[at++] ?? 0;
      value += (byte & 0x3f) * 2 ** shift;
      if ((byte & 0x40) === 0) break;
    }
    return value;
  };
  const signedVarint = (): number => {
    const value = varint();
    return value % 2 === 1 ? -Math.floor(value / 2) : value / 2;
  };
  while (at < table.length) {
    const first = table[at++] ?? 0;
    // Each entry begins with a byte that has it, and no other does.
    if ((first & 0x80) === 0) return undefined;
    const kind = (first >> 3) & 15;
    end += (first & 7) + 1;
    if (kind >= ONE_LINE_0 && kind <= ONE_LINE_2) line += kind - ONE_LINE_0;
    else if (kind === NO_COLUMNS || kind === LONG) line += signedVarint();
    // What follows are columns.
    while (at < table.length && ((table[at] ?? 0) & 0x80) === 0) at++;
    if (instruction < end) return kind === NONE || line <= 0 ? undefined : line;
  }
  return undefined;
}

function signed(byte: number): number {
  return byte > 127 ? byte - 256 : byte;
}
