/**
 * What a JavaScript runtime must offer for libbpf to be usable from it: load a shared library,
 * call C functions, look at native memory, and wait beside JavaScript. Nothing native ever calls JavaScript. Everything above this file is
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

/** Waits beside the thread that runs JavaScript. */
export interface PollThread {
  /** Waits again, until the next `onReady`. Not called before the last one has come. */
  poll(): void;
  /** No `onReady` comes any more. */
  end(): void;
}

/** Waggle's own library, as far as a PollThread needs it. */
export interface PollLibrary {
  /** The file that is loaded. */
  readonly path: string;
  readonly waggle: {
    waggle_poll_thread(poll: Address): number;
    waggle_poll_stop(poll: Address): undefined;
    waggle_poll_free(poll: Address): undefined;
  };
}

export interface NativeBackend {
  readonly runtime: 'bun' | 'deno';
  /**
   * Opens a library by its absolute path, never by a name that might be looked for in the current
   * directory.
   * @throws Error of the runtime's where it does not load, or lacks a symbol
   */
  open<const Table extends NativeTable>(path: string, table: Table): NativeLibrary<Table>;
  /** The memory itself, not a copy. It must outlive every use of the view. */
  memory(address: Address, length: number): ArrayBuffer;
  /** Where the bytes are. They must stay reachable for as long as C may look. */
  addressOf(bytes: Uint8Array): Address;
  /**
   * @param poll of waggle_poll_open(); it is the thread's from now on.
   * @param onReady called on our thread, once for each `poll`.
   * @param onFailure called at most once, never before this has returned: there is no such thread.
   */
  pollThread(
    library: PollLibrary,
    poll: Address,
    onReady: () => void,
    onFailure: () => void,
  ): PollThread;
}
