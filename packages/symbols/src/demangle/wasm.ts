/**
 * The demangler itself: gecko-profiler-demangle, the wasm build of the Rust crates cpp_demangle and
 * rustc-demangle that the Firefox Profiler uses. Its own loader wants a bundler and cannot recover
 * from a trap, so the three functions it exports are called here: bytes in, bytes out. The memory it
 * may take is bounded, because a name of 200 bytes can stand for one of a gigabyte.
 */
import { wasmFile } from './wasm-file.ts';

const IMPORTS = './index_bg.js';
const PAGE = 65_536;
/** The module starts with 17 pages; this allows results of about a million bytes. */
const MAX_PAGES = 96;
const MEMORY_SECTION = 5;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __wbindgen_malloc: (size: number, align: number) => number;
  readonly __wbindgen_free: (pointer: number, size: number, align: number) => void;
  readonly demangle_any: (pointer: number, size: number) => readonly [number, number];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class WasmDemangler {
  #module: WebAssembly.Module | undefined;
  #exports: Exports | undefined;

  /**
   * What the library makes of a name: the name itself where it knows none for it. undefined when it
   * ran out of memory, or its answer is longer than `maxOutput` bytes. Throws the system's error when
   * the wasm file cannot be read.
   */
  demangle(name: string, maxOutput: number): string | undefined {
    const wasm = this.#instance();
    try {
      const input = encoder.encode(name);
      const pointer = wasm.__wbindgen_malloc(input.length, 1) >>> 0;
      // Views anew each time: the memory's buffer is another one after it grew.
      new Uint8Array(wasm.memory.buffer).set(input, pointer);
      const [output, length] = wasm.demangle_any(pointer, input.length);
      const bytes = new Uint8Array(wasm.memory.buffer, output >>> 0, length);
      const answer = length > maxOutput ? undefined : decoder.decode(bytes);
      wasm.__wbindgen_free(output, length, 1);
      return answer;
    } catch (error) {
      // A trap leaves the instance in no known state.
      this.#exports = undefined;
      if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
        return undefined;
      }
      throw error;
    }
  }

  #instance(): Exports {
    if (this.#exports !== undefined) return this.#exports;
    this.#module ??= load();
    const noReferences = () => {};
    const instance = new WebAssembly.Instance(this.#module, {
      // It would set up a table of JavaScript values, of which none are passed.
      [IMPORTS]: { __wbindgen_init_externref_table: noReferences },
    });
    this.#exports = instance.exports as unknown as Exports;
    return this.#exports;
  }
}

function load(): WebAssembly.Module {
  return new WebAssembly.Module(limitMemory(new Uint8Array(wasmFile()), MAX_PAGES));
}

/** The same module, its one memory with a maximum. Layout: WebAssembly core specification, 5.5. */
function limitMemory(wasm: Uint8Array, maxPages: number): Uint8Array<ArrayBuffer> {
  let at = 8;
  while (at < wasm.length) {
    const id = wasm[at];
    const [size, body] = readLeb(wasm, at + 1);
    if (id === MEMORY_SECTION) {
      // One memory; its flags say whether a maximum follows the minimum.
      const [min] = readLeb(wasm, body + 2);
      if (min > maxPages) throw new Error(`the demangler needs ${min * PAGE} bytes to begin with`);
      const section = [1, 1, ...leb(min), ...leb(maxPages)];
      const head = [MEMORY_SECTION, ...leb(section.length), ...section];
      const rest = wasm.subarray(body + size);
      const limited = new Uint8Array(at + head.length + rest.length);
      limited.set(wasm.subarray(0, at));
      limited.set(head, at);
      limited.set(rest, at + head.length);
      return limited;
    }
    at = body + size;
  }
  throw new Error('the demangler has no memory of its own');
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
