/**
 * Runs one call of libbpf on a thread of its own. The kernel's verifier gives up with EAGAIN when a signal
 * is pending (kernel/bpf/verifier.c, do_check), and both runtimes send signals to the threads that run
 * JavaScript: for garbage collection, and for CPU profiles a thousand times a second. Holding them back
 * from our thread is no way out: whoever sent one waits for it, and JavaScript cannot go on without him.
 *
 * No JavaScript can be called from there, so libbpf prints to the C library's stderr as it does by itself,
 * which is a buffer meanwhile.
 */

import type { Address, NativeBackend, NativeLibrary } from './backend.ts';
import { libcPath } from './library-paths.ts';

const fn = <const P extends readonly string[], const R extends string>(parameters: P, result: R) =>
  ({ parameters, result }) as const;

const THREADS = {
  dlopen: fn(['buffer', 'i32'], 'pointer'),
  dlsym: fn(['pointer', 'buffer'], 'pointer'),
  pthread_create: fn(['buffer', 'pointer', 'pointer', 'pointer'], 'i32'),
  pthread_join: fn(['u64', 'buffer'], 'i32'),
  open_memstream: fn(['pointer', 'pointer'], 'pointer'),
  fflush: fn(['pointer'], 'i32'),
  fseek: fn(['pointer', 'i64', 'i32'], 'i32'),
} as const;

/** dlfcn.h of glibc and musl. */
const RTLD_DEFAULT = 0 as Address;
const RTLD_NOW = 2;
/** Only what is loaded already. */
const RTLD_NOLOAD = 4;
const SEEK_SET = 0;
const DEFAULT_ATTRIBUTES = 0 as Address;
/** Where open_memstream(3) writes buffer and size: big enough that no collector moves it. */
const PLACES_BYTES = 4096;

export interface CallResult {
  readonly result: number;
  /** What the library printed. */
  readonly output: string;
}

export class CallThread {
  readonly #places = new Uint8Array(PLACES_BYTES);
  readonly #stream: Address;
  /** The C library's variable of that name. */
  readonly #stderr: BigUint64Array;
  readonly #functions = new Map<string, Address>();

  readonly #backend: NativeBackend;
  readonly #libc: NativeLibrary<typeof THREADS>;
  readonly #library: Address;

  private constructor(
    backend: NativeBackend,
    libc: NativeLibrary<typeof THREADS>,
    library: Address,
  ) {
    this.#backend = backend;
    this.#libc = libc;
    this.#library = library;

    const at = backend.addressOf(this.#places);
    this.#stream = libc.open_memstream(at, (at + 8) as Address);
    const variable = libc.dlsym(RTLD_DEFAULT, cString('stderr'));
    if (this.#stream === 0 || variable === 0) throw new Error('no stream');
    this.#stderr = new BigUint64Array(backend.memory(variable, 8));
  }

  /**
   * @param library the soname of one that was opened before
   * @returns undefined where the C library does not offer it: glibc before 2.34 has threads apart
   */
  static open(backend: NativeBackend, library: string): CallThread | undefined {
    try {
      const libc = backend.open(libcPath(), THREADS);
      const handle = libc.dlopen(cString(library), RTLD_NOW | RTLD_NOLOAD);
      return handle === 0 ? undefined : new CallThread(backend, libc, handle);
    } catch {
      return undefined;
    }
  }

  /**
   * Calls `int NAME(void *argument)` of the library, and waits for it. The library must print to stderr,
   * if at all. undefined where no thread or function could be had: then nothing was called.
   */
  call(name: string, argument: Address): CallResult | undefined {
    const address = this.#functionOf(name);
    if (address === 0) return undefined;
    const libc = this.#libc;
    const stderr = this.#stderr;
    const stream = this.#stream;
    const thread = new BigUint64Array(PLACES_BYTES / 8);
    const returned = new Int32Array(PLACES_BYTES / 4);
    const before = stderr[0] ?? 0n;
    stderr[0] = BigInt(stream);
    try {
      const bytes = new Uint8Array(thread.buffer);
      if (libc.pthread_create(bytes, DEFAULT_ATTRIBUTES, address, argument) !== 0) return undefined;
      libc.pthread_join(thread[0] ?? 0n, new Uint8Array(returned.buffer));
    } finally {
      stderr[0] = before;
    }
    return { result: returned[0] ?? 0, output: this.#takeOutput() };
  }

  #functionOf(name: string): Address {
    let address = this.#functions.get(name);
    if (address === undefined) {
      address = this.#libc.dlsym(this.#library, cString(name));
      this.#functions.set(name, address);
    }
    return address;
  }

  #takeOutput(): string {
    this.#libc.fflush(this.#stream);
    const [buffer = 0n, size = 0n] = new BigUint64Array(this.#places.buffer, 0, 2);
    const length = Number(size);
    const output =
      length === 0
        ? ''
        : new TextDecoder().decode(
            new Uint8Array(this.#backend.memory(Number(buffer) as Address, length)).slice(),
          );
    this.#libc.fseek(this.#stream, 0, SEEK_SET);
    return output;
  }
}

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
