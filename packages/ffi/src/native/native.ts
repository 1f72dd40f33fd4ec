/**
 * The one opened set of native libraries: libc and libbpf on the runtime's backend, with
 * errno, strings and libbpf's messages made usable. Opened on the first request, once, on the
 * thread that asks: opening libraries from several fresh Workers at a time can crash Bun
 * (oven-sh/bun issue 40972).
 */

import { SystemError } from '../errors/system-error.ts';
import { UnsupportedRuntime } from '../errors/unsupported-runtime.ts';
import {
  type Address,
  type NativeBackend,
  type NativeCallback,
  type NativeLibrary,
  NULL_ADDRESS,
} from './backend.ts';
import { CallThread } from './call-thread.ts';
import { libcPath, openLibrary } from './library-paths.ts';
import { LIBBPF, LIBBPF_SONAME, LIBC } from './symbols.ts';

/** Longest string that is read from C: names and messages are far below it. */
const STRING_MAX_BYTES = 65_536;

/** sizeof(va_list's struct): __va_list_tag of the x86-64 ABI, __va_list of AAPCS64. */
export const VA_LIST_BYTES = process.arch === 'arm64' ? 32 : 24;

export class Native {
  readonly libc: NativeLibrary<typeof LIBC>;
  readonly libbpf: NativeLibrary<typeof LIBBPF>;
  readonly pageSize: number;
  readonly #decoder = new TextDecoder();
  readonly #encoder = new TextEncoder();
  readonly #messages: string[] = [];
  readonly #errno: Int32Array;
  /** libbpf keeps its address for as long as the process lives: it must not be collected. */
  protected readonly print: NativeCallback;
  /** libbpf's own, which writes to stderr. */
  #defaultPrint = NULL_ADDRESS;
  readonly #thread: CallThread | undefined;

  constructor(readonly backend: NativeBackend) {
    this.libc = openLibc(backend);
    this.libbpf = openLibrary(backend, LIBBPF_SONAME, LIBBPF);
    this.pageSize = this.libc.getpagesize();
    this.#errno = new Int32Array(backend.memory(this.libc.__errno_location(), 4));
    this.print = this.#keepLibbpfMessages();
    this.#thread = CallThread.open(backend, LIBBPF_SONAME);
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
   */
  check<Result extends number>(operation: string, call: () => Result): Result {
    this.#messages.length = 0;
    const result = call();
    if (result < 0) throw new SystemError(operation, -result, this.#takeMessages());
    return result;
  }

  /**
   * The same for a function of one pointer that no signal may interrupt, on a thread of its own: the
   * runtime's signals, for garbage collection and for profiles, go to the threads that run JavaScript.
   */
  checkUninterrupted(operation: string, name: 'bpf_object__load', argument: Address): void {
    this.libbpf.libbpf_set_print(this.#defaultPrint);
    const call = this.#thread?.call(name, argument);
    this.libbpf.libbpf_set_print(this.print.address);
    if (call === undefined) this.check(operation, () => this.libbpf[name](argument));
    else if (call.result < 0) throw new SystemError(operation, -call.result, call.output);
  }

  checkPointer(operation: string, call: () => Address): Address {
    this.#messages.length = 0;
    const result = call();
    if (result === 0) throw new SystemError(operation, this.lastErrno(), this.#takeMessages());
    return result;
  }

  /** For libc calls: -1 means that errno says why. */
  checkErrno<Result extends number | bigint>(operation: string, result: Result): Result {
    if (Number(result) === -1) throw new SystemError(operation, this.lastErrno());
    return result;
  }

  /** Maps `length` bytes of a descriptor. @throws SystemError */
  map(operation: string, fd: number, length: number, writable: boolean, offset: number): Address {
    const PROT_READ = 1;
    const PROT_WRITE = 2;
    const MAP_SHARED = 1;
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const address = this.libc.mmap(0 as Address, length, protection, MAP_SHARED, fd, offset);
    // MAP_FAILED is (void *)-1, which a double rounds up to 2^64.
    if (address >= 2 ** 63) throw new SystemError(operation, this.lastErrno());
    return address;
  }

  /**
   * Unmaps memory and detaches the buffers that show it, so that a view somebody kept is empty
   * and not a crash.
   */
  unmap(address: Address, length: number, buffers: readonly ArrayBuffer[]): void {
    for (const buffer of buffers) buffer.transfer(0);
    this.libc.munmap(address, length);
  }

  #takeMessages(): string {
    return this.#messages.splice(0).join('');
  }

  #keepLibbpfMessages(): NativeCallback {
    const LIBBPF_DEBUG = 2;
    let text = new Uint8Array(STRING_MAX_BYTES);
    const print = this.backend.callback(['i32', 'pointer', 'pointer'], (level, format, args) => {
      if (level === LIBBPF_DEBUG) return 0;
      // vsnprintf uses its va_list up, so each attempt gets a copy.
      const list = new Uint8Array(this.backend.memory(args as Address, VA_LIST_BYTES));
      const write = () => this.libc.vsnprintf(text, text.length, format as Address, list.slice());
      let length = write();
      // A verifier log can have megabytes, and its end is what explains the refusal.
      if (length >= text.length) {
        text = new Uint8Array(length + 1);
        length = write();
      }
      this.#messages.push(this.#decoder.decode(text.subarray(0, Math.max(length, 0))));
      if (text.length > STRING_MAX_BYTES) text = new Uint8Array(STRING_MAX_BYTES);
      return length;
    });
    this.#defaultPrint = this.libbpf.libbpf_set_print(print.address);
    return print;
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
 * @throws LibraryError when libbpf is not installed, UnsupportedRuntime on Node.js.
 */
export async function openNative(): Promise<Native> {
  if (opened === undefined) {
    const backend = await runtimeBackend();
    opened ??= new Native(backend);
  }
  return opened;
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
