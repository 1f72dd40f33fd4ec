/**
 * An interpreter in words: how the file that holds it is known, and the ways from what it keeps to its frames, their code
 * and what that is called. The kernel walks it by these alone, so whoever has one brings neither code nor a change of ours
 * (docs/adr/0049-walkers-of-others.md). Plain data: it crosses a thread.
 */

/**
 * Bytes behind an address: a number, or where the interpreter's own file says it, as 32 bits of the constant that a symbol
 * of it stands for.
 */
export type FieldOffset = number | { readonly symbol: string; readonly at: number };

/**
 * From one address to another: at each step the pointer that lies so far behind the last address is followed. No step: it
 * is the address itself. At most four.
 */
export type PointerPath = readonly FieldOffset[];

/** Text of UTF-8. */
export interface TextPlace {
  readonly path: PointerPath;
  /** Where it begins, behind the address that the path leads to. Default: there. */
  readonly start?: FieldOffset | undefined;
  /** How many bytes it has: where that stands, behind the same address. Without it a byte of zero ends it. */
  readonly length?: { readonly at: FieldOffset; readonly bytes: 4 | 8 } | undefined;
}

/**
 * An interpreter whose frames are a list: from the one that a thread is in, each leads to the one that called it, and to the
 * code that it runs.
 *
 * ```ts
 * const tiny: FrameListInterpreter = {
 *   name: 'tiny',
 *   fileNames: /^tiny$/,
 *   loop: ['tiny_run'],
 *   innermost: { symbol: 'tiny_thread', isThreadLocal: true, path: [0] },
 *   frame: { previous: 0, code: [8], begins: 'each' },
 *   code: { proof: { at: 0, bytes: 4, value: 0x796e6974 }, name: { path: [8] } },
 * };
 * ```
 */
export interface FrameListInterpreter {
  /** For people, and in the place of an object in profiles: `[tiny]`. */
  readonly name: string;
  /**
   * What files that hold it are called as a rule, without their folders: these are looked at as soon as they are mapped,
   * others when a sample meets them.
   */
  readonly fileNames: RegExp;
  /** Symbols of its evaluation loop: a native frame there stands for the interpreted ones that it runs. */
  readonly loop: readonly string[];
  /** From a variable of the file to the frame that the thread is in. A pointer of zero: it runs nothing. */
  readonly innermost: {
    /** A file that has no such symbol holds no such interpreter. */
    readonly symbol: string;
    /**
     * Each thread has its own (`_Thread_local`, in a program and not in a library). Else it is one for all of the process,
     * and right where one thread at a time is in the loop.
     */
    readonly isThreadLocal?: boolean | undefined;
    readonly path: PointerPath;
  };
  readonly frame: {
    /** Where the pointer to the frame that called it stands; zero for the outermost. */
    readonly previous: FieldOffset;
    /** To its code. Where it is zero the frame is none of a function, and left out. */
    readonly code: PointerPath;
    /**
     * Which frames a call of the loop began with: each, where each call of a function calls the loop; or those whose 32 bits
     * there have one of the mask's.
     */
    readonly begins: 'each' | { readonly at: FieldOffset; readonly mask: number };
  };
  readonly code: {
    /**
     * What only code has: a number, or the address of a variable of the file, as of a type. What does not have it gives no
     * frame: wrong offsets, or memory that changes.
     */
    readonly proof:
      | { readonly at: FieldOffset; readonly bytes: 1 | 2 | 4; readonly value: number }
      | { readonly at: FieldOffset; readonly symbol: string };
    readonly name: TextPlace;
    readonly file?: TextPlace | undefined;
    /** 32 bits. */
    readonly firstLine?: FieldOffset | undefined;
  };
}
