/**
 * A WebAssembly module with limits that it does not have by itself: memory has a maximum, and every call
 * of a function takes one from an exported number, at whose end there is a trap. What recurses without end,
 * or as often as two to the length of its input, is so stopped. Layout: WebAssembly core specification, 5.
 */
const PREAMBLE = 8;
const SECTION = { import: 2, memory: 5, global: 6, export: 7, code: 10 } as const;
const FUNCTION = 0x00;
const GLOBAL = 0x03;
/** The type i32, mutable, and `i32.const 0` as what it begins with. */
const COUNTER = [0x7f, 0x01, 0x41, 0x00, 0x0b];

export interface WasmLimits {
  /** Of 64 KiB. */
  readonly maxPages: number;
  /** What the number is exported as: calls that are left, to be set before each use. */
  readonly calls: string;
}

interface Section {
  readonly id: number;
  readonly body: Uint8Array;
}

/** @throws Error for a module that brings no memory or no function of its own, or imports more than functions */
export function limitWasm(
  wasm: Uint8Array,
  { maxPages, calls }: WasmLimits,
): Uint8Array<ArrayBuffer> {
  const sections = sectionsOf(wasm);
  const bodyOf = (id: number) => sections.find((section) => section.id === id)?.body;
  refuseOtherImports(bodyOf(SECTION.import));
  const memory = bodyOf(SECTION.memory);
  const globals = bodyOf(SECTION.global);
  const exports = bodyOf(SECTION.export);
  const code = bodyOf(SECTION.code);
  if (memory === undefined || globals === undefined || exports === undefined || code === undefined)
    throw new Error('the demangler has no memory, numbers, exports or code of its own');
  const [counter] = readLeb(globals, 0);
  const name = new TextEncoder().encode(calls);
  const changed = new Map<number, Uint8Array>([
    [SECTION.memory, boundedMemory(memory, maxPages)],
    [SECTION.global, appended(globals, Uint8Array.from(COUNTER))],
    [
      SECTION.export,
      appended(exports, Uint8Array.from([...leb(name.length), ...name, GLOBAL, ...leb(counter)])),
    ],
    [SECTION.code, countedCode(code, counter)],
  ]);
  return joined([
    wasm.subarray(0, PREAMBLE),
    ...sections.flatMap(({ id, body }) => {
      const bytes = changed.get(id) ?? body;
      return [Uint8Array.from([id, ...leb(bytes.length)]), bytes];
    }),
  ]);
}

function sectionsOf(wasm: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (let at = PREAMBLE; at < wasm.length; ) {
    const [size, start] = readLeb(wasm, at + 1);
    sections.push({ id: wasm[at] ?? 0, body: wasm.subarray(start, start + size) });
    at = start + size;
  }
  return sections;
}

/** Numbers that are imported would come before its own. */
function refuseOtherImports(imports: Uint8Array = Uint8Array.of(0)): void {
  let [count, at] = readLeb(imports, 0);
  for (; count > 0; count--) {
    for (let text = 0; text < 2; text++) {
      const [length, start] = readLeb(imports, at);
      at = start + length;
    }
    if (imports[at] !== FUNCTION) throw new Error('the demangler imports more than functions');
    [, at] = readLeb(imports, at + 1);
  }
}

/** One memory; its flags say whether a maximum follows the minimum. */
function boundedMemory(memory: Uint8Array, maxPages: number): Uint8Array {
  const [min] = readLeb(memory, 2);
  if (min > maxPages) throw new Error(`the demangler needs ${min} pages to begin with`);
  return Uint8Array.from([1, 1, ...leb(min), ...leb(maxPages)]);
}

/** A vector with one element more. */
function appended(vector: Uint8Array, element: Uint8Array): Uint8Array {
  const [count, start] = readLeb(vector, 0);
  return joined([Uint8Array.from(leb(count + 1)), vector.subarray(start), element]);
}

/** Every function, which looks at the counter first of all. */
function countedCode(code: Uint8Array, counter: number): Uint8Array {
  const global = leb(counter);
  const look = Uint8Array.from([
    // global.get, i32.eqz, if, unreachable, end
    ...[0x23, ...global, 0x45, 0x04, 0x40, 0x00, 0x0b],
    // global.get, i32.const 1, i32.sub, global.set
    ...[0x23, ...global, 0x41, 0x01, 0x6b, 0x24, ...global],
  ]);
  const [count, first] = readLeb(code, 0);
  const parts: Uint8Array[] = [code.subarray(0, first)];
  for (let at = first, left = count; left > 0; left--) {
    const [size, start] = readLeb(code, at);
    at = start + size;
    const begin = endOfLocals(code, start);
    parts.push(Uint8Array.from(leb(size + look.length)), code.subarray(start, begin), look);
    parts.push(code.subarray(begin, at));
  }
  return joined(parts);
}

/** They are declared before the first instruction: so many of one type each. */
function endOfLocals(code: Uint8Array, start: number): number {
  let [groups, at] = readLeb(code, start);
  for (; groups > 0; groups--) {
    const [, type] = readLeb(code, at);
    at = type + 1;
  }
  return at;
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** An unsigned LEB128 number and the position behind it. */
function readLeb(bytes: Uint8Array, from: number): [number, number] {
  let value = 0;
  for (let at = from, shift = 0; shift < 35; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at + 1];
  }
  throw new Error('bad LEB128 number');
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}
