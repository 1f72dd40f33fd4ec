/**
 * The demangler itself: gecko-profiler-demangle, the wasm build of the Rust crates cpp_demangle and
 * rustc-demangle that the Firefox Profiler uses. Its own loader wants a bundler and cannot recover
 * from a trap, so the three functions it exports are called here: bytes in, bytes out. The memory and
 * the calls that it may take are bounded, because a name of 200 bytes can stand for one of a gigabyte, or
 * be read in more ways than there is time for.
 */
import { wasmFile } from './wasm-file.ts';
import { limitWasm } from './wasm-limits.ts';

const IMPORTS = './index_bg.js';
/** The module starts with 17 pages; this allows results of about a million bytes. */
const MAX_PAGES = 96;
/** The number of calls that are left. */
const CALLS = 'waggle_calls';

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __wbindgen_malloc: (size: number, align: number) => number;
  readonly __wbindgen_free: (pointer: number, size: number, align: number) => void;
  readonly [CALLS]: WebAssembly.Global;
  readonly demangle_any: (pointer: number, size: number) => readonly [number, number];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface DemanglerLimits {
  /** Bytes of an answer. */
  readonly maxOutput: number;
  /** Calls of its functions. */
  readonly maxCalls: number;
}

export class WasmDemangler {
  #module: WebAssembly.Module | undefined;
  #exports: Exports | undefined;

  /**
   * What the library makes of a name: the name itself where it knows none for it. undefined when it
   * ran out of memory or calls, or its answer is longer than `maxOutput` bytes.
   * @throws NodeJS.ErrnoException when the wasm file cannot be read
   */
  demangle(name: string, { maxOutput, maxCalls }: DemanglerLimits): string | undefined {
    const wasm = this.#instance();
    try {
      wasm[CALLS].value = maxCalls;
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
  return new WebAssembly.Module(
    limitWasm(new Uint8Array(wasmFile()), { maxPages: MAX_PAGES, calls: CALLS }),
  );
}
