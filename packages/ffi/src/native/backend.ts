/**
 * What a JavaScript runtime must offer for libbpf to be usable from it: load a shared library,
 * call C functions, look at native memory, and be called back. Everything above this file is
 * the same on Bun and Deno; bun.ts and deno.ts beside it are the two adapters.
 */

/** An address in this process. 47 bits on every supported kernel, so a number holds it. */
export type Address = number & { readonly __address: unique symbol };

export const NULL_ADDRESS = 0 as Address;

/** How a C value crosses the border. */
export type NativeType =
  | 'void'
  | 'i32'
  | 'u32'
  /** 64-bit integers: numbers are accepted, bigints come back. */
  | 'i64'
  | 'u64'
  /** An address: of native memory or of a function. */
  | 'pointer'
  /** Bytes of ours lent for the call; null is NULL. */
  | 'buffer';

export interface NativeFunction {
  readonly parameters: readonly NativeType[];
  readonly result: NativeType;
}

export type NativeTable = Readonly<Record<string, NativeFunction>>;

interface ArgumentOf {
  void: never;
  i32: number;
  u32: number;
  i64: number | bigint;
  u64: number | bigint;
  pointer: Address;
  buffer: Uint8Array | null;
}

interface ResultOf {
  void: undefined;
  i32: number;
  u32: number;
  i64: bigint;
  u64: bigint;
  pointer: Address;
  buffer: never;
}

type Arguments<Parameters extends readonly NativeType[]> = {
  -readonly [Index in keyof Parameters]: ArgumentOf[Parameters[Index]];
};

/** The callable side of a table: a method per symbol, typed by its signature. */
export type NativeLibrary<Table extends NativeTable> = {
  readonly [Name in keyof Table]: (
    ...args: Arguments<Table[Name]['parameters']>
  ) => ResultOf[Table[Name]['result']];
};

/** A C function pointer that calls JavaScript. Only ever called synchronously, on our thread. */
export interface NativeCallback {
  readonly address: Address;
  close(): void;
}

/** A thread beside the JavaScript one that can block in epoll_wait(2). */
export interface PollThread {
  /** Blocks again, until the next `onReady`. Not called before the last one has come. */
  poll(): void;
  /**
   * No `onReady` comes any more. The caller has made the epoll ready, so that the thread
   * returns; it then closes `descriptors`.
   */
  end(descriptors: readonly number[]): void;
}

export interface NativeBackend {
  readonly runtime: 'bun' | 'deno';
  /**
   * Opens a library by its absolute path, never by a name that might be looked for in the current
   * directory: openLibrary() chooses. Throws the runtime's error where it does not load, or lacks a
   * symbol.
   */
  open<const Table extends NativeTable>(path: string, table: Table): NativeLibrary<Table>;
  /** The memory itself, not a copy. It must outlive every use of the view. */
  memory(address: Address, length: number): ArrayBuffer;
  /** Where the bytes are. They must stay reachable for as long as C may look. */
  addressOf(bytes: Uint8Array): Address;
  /**
   * @param epoll its descriptor.
   * @param onReady called on our thread, once for each `poll`.
   * @param onFailure called at most once: there is no such thread.
   */
  pollThread(epoll: number, onReady: () => void, onFailure: () => void): PollThread;
  callback(
    parameters: readonly ('i32' | 'pointer')[],
    body: (...args: number[]) => number,
  ): NativeCallback;
}
