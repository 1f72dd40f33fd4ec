/**
 * The one opened set of native libraries: libc, and waggle's own with libbpf in it, on the runtime's backend,
 * with errno, strings and libbpf's messages made usable. Opened on the first request, once, on the
 * thread that asks: opening libraries from several fresh Workers at a time can crash Bun
 * (oven-sh/bun issue 40972).
 */

import { LibraryError } from '../errors/library-error.ts';
import { SystemError } from '../errors/system-error.ts';
import { UnsupportedRuntime } from '../errors/unsupported-runtime.ts';
import { type Address, type NativeBackend, type NativeLibrary, NULL_ADDRESS } from './backend.ts';
import { statFilesBy } from './file-status.ts';
import { libcPath } from './libc-path.ts';
import { libraryFile } from './library-file.ts';
import { LIBBPF, LIBC, WAGGLE } from './symbols.ts';

/** Longest string that is read from C: names are far below it. */
const STRING_MAX_BYTES = 65_536;
/** include/uapi/asm-generic/mman-common.h */
const PROT_READ = 1;

export class Native {
  readonly libc: NativeLibrary<typeof LIBC>;
  readonly libbpf: NativeLibrary<typeof LIBBPF>;
  /** Our own functions, which are in the same file as libbpf. */
  readonly waggle: NativeLibrary<typeof WAGGLE>;
  /** Bytes. */
  readonly pageSize: number;
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  readonly #errno: Int32Array;

  /** @throws UnsupportedRuntime outside of Bun and Deno; LibraryError where the library cannot be opened. */
  constructor(
    readonly backend: NativeBackend,
    /** The file of waggle's own library. */
    readonly path: string,
  ) {
    this.libc = openLibc(backend);
    this.libbpf = this.waggle = openLibrary(backend, path);
    this.pageSize = this.libc.getpagesize();
    this.#errno = new Int32Array(backend.memory(this.libc.__errno_location(), 4));
  }

  /** errno of the last failed libc call on this thread; read it before anything else runs. */
  lastErrno(): number {
    return this.#errno[0] ?? 0;
  }

  /** NUL-terminated UTF-8, for a `buffer` parameter. */
  cString(text: string): Uint8Array {
    return this.#encoder.encode(`${text}\0`);
  }

  /** The C string at an address; empty for NULL. */
  stringAt(address: Address): string {
    if (address === 0) return '';
    // Page by page: reading past the string's page could touch memory that is not mapped.
    const bytes: number[] = [];
    for (let at: number = address; bytes.length < STRING_MAX_BYTES; ) {
      const length = this.pageSize - (at % this.pageSize);
      const page = new Uint8Array(this.backend.memory(at as Address, length));
      const end = page.indexOf(0);
      bytes.push(...page.subarray(0, end < 0 ? length : end));
      if (end >= 0) break;
      at += length;
    }
    return this.#decoder.decode(Uint8Array.from(bytes));
  }

  /**
   * Runs one libbpf call and turns its failure into a SystemError that carries what libbpf and
   * the verifier said meanwhile. `call` returns a negative errno or a pointer (0: see errno).
   * @throws SystemError for a negative result, which is -errno.
   */
  check<Result extends number>(operation: string, call: () => Result): Result {
    this.waggle.waggle_log_clear();
    const result = call();
    if (result < 0) throw new SystemError(operation, -result, this.#takeLog());
    return result;
  }

  /** @throws SystemError for a null pointer, by errno. */
  checkPointer(operation: string, call: () => Address): Address {
    this.waggle.waggle_log_clear();
    const result = call();
    if (result === 0) {
      const errno = this.lastErrno();
      throw new SystemError(operation, errno, this.#takeLog());
    }
    return result;
  }

  /** For libc calls: -1 means that errno says why. @throws SystemError for a result of -1, by errno. */
  checkErrno<Result extends number | bigint>(operation: string, result: Result): Result {
    if (Number(result) === -1) throw new SystemError(operation, this.lastErrno());
    return result;
  }

  /**
   * Maps `length` bytes of a descriptor.
   * @param at where, in the place of what was reserved there @throws SystemError
   */
  map(
    operation: string,
    fd: number,
    length: number,
    writable: boolean,
    offset: number,
    at = NULL_ADDRESS,
  ): Address {
    const PROT_WRITE = 2;
    const MAP_SHARED = 1;
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    return this.#mapped(operation, at, length, protection, MAP_SHARED, fd, offset);
  }

  /**
   * Keeps addresses for `length` bytes. They read as zeros, and take no memory.
   * @param at where, in the place of what was mapped there @throws SystemError
   */
  reserve(operation: string, length: number, at = NULL_ADDRESS): Address {
    const MAP_PRIVATE = 2;
    const MAP_ANONYMOUS = 0x20;
    return this.#mapped(operation, at, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }

  #mapped(
    operation: string,
    at: Address,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): Address {
    const MAP_FIXED = 0x10;
    const placed = at === NULL_ADDRESS ? flags : flags | MAP_FIXED;
    const address = this.libc.mmap(at, length, protection, placed, fd, offset);
    // MAP_FAILED is (void *)-1, which a double rounds up to 2^64.
    if (address >= 2 ** 63) throw new SystemError(operation, this.lastErrno());
    return address;
  }

  /**
   * Maps `length` bytes of a file as code, which nobody here runs: for who asks the kernel about a mapping.
   * Undefined where the file cannot be mapped so.
   */
  mapCode(fd: number, length: number, offset: number): Address | undefined {
    const PROT_READ_EXEC = 5;
    const MAP_PRIVATE = 2;
    const address = this.libc.mmap(0 as Address, length, PROT_READ_EXEC, MAP_PRIVATE, fd, offset);
    return address >= 2 ** 63 ? undefined : address;
  }

  /**
   * Unmaps memory and detaches the buffers that show it, so that a view somebody kept is empty
   * and not a crash.
   */
  unmap(address: Address, length: number, buffers: readonly ArrayBuffer[]): void {
    for (const buffer of buffers) buffer.transfer(0);
    this.libc.munmap(address, length);
  }

  /**
   * While it is held, the kernel's types are read once for all objects that are loaded, and not for each.
   * They take some megabytes of memory: dispose of it when all are loaded.
   */
  holdKernelTypes(): Disposable {
    const { waggle } = this;
    let held = true;
    waggle.waggle_kernel_types_hold();
    return {
      [Symbol.dispose]: () => {
        if (held) waggle.waggle_kernel_types_release();
        held = false;
      },
    };
  }

  /**
   * Gives back what is resident of the runtime's own code. It comes back from the page cache as it is used: worth
   * it between two kinds of work, such as before a recording is named. Where it is impossible, nothing changes.
   */
  releaseProgramText(): void {
    this.waggle.waggle_release_program_text();
  }

  /** What libbpf and the verifier said in the last call. */
  #takeLog(): string {
    const { waggle } = this;
    const length = Number(waggle.waggle_log_length());
    if (length === 0) return '';
    const text = this.#decoder.decode(
      new Uint8Array(this.backend.memory(waggle.waggle_log_text(), length)).slice(),
    );
    waggle.waggle_log_clear();
    return text;
  }
}

/** @throws LibraryError */
function openLibrary(
  backend: NativeBackend,
  path: string,
): NativeLibrary<typeof LIBBPF & typeof WAGGLE> {
  try {
    return backend.open(path, { ...LIBBPF, ...WAGGLE });
  } catch (error) {
    throw new LibraryError(path, [error instanceof Error ? error.message : String(error)]);
  }
}

/** @throws UnsupportedRuntime */
function openLibc(backend: NativeBackend): NativeLibrary<typeof LIBC> {
  const path = libcPath();
  try {
    return backend.open(path, LIBC);
  } catch (error) {
    const { message } = error as Error;
    // Bun starts without its JIT where it cannot reserve the address space for it.
    const advice = message.includes('JIT')
      ? ' (a limit of address space does that: ulimit -v)'
      : '';
    throw new UnsupportedRuntime(`${message}${advice}`);
  }
}

let opened: Native | undefined;

/**
 * The native libraries of this runtime.
 * @throws LibraryError when waggle's own is missing, UnsupportedRuntime on Node.js.
 */
export async function openNative(): Promise<Native> {
  if (opened === undefined) {
    const backend = await runtimeBackend();
    const path = await libraryFile(backend);
    opened ??= new Native(backend, path);
    statFilesBy(backend);
  }
  return opened;
}

/** The same, where somebody has asked for them before. */
export function openedNative(): Native | undefined {
  return opened;
}

/** The file of waggle's own library, for who has it loaded by something else than ffi. @throws LibraryError, UnsupportedRuntime as `openNative` */
export async function libraryPath(): Promise<string> {
  return opened?.path ?? libraryFile(await runtimeBackend());
}

async function runtimeBackend(): Promise<NativeBackend> {
  const runtime = globalThis as { Bun?: unknown; Deno?: unknown };
  if (runtime.Bun !== undefined) return (await import('./bun.ts')).bunBackend;
  if (runtime.Deno !== undefined) {
    const { denoBackend } = await import('./deno.ts');
    return denoBackend(runtime.Deno as Parameters<typeof denoBackend>[0]);
  }
  throw new UnsupportedRuntime();
}
