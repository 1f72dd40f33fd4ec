/** A runtime that can call no native code. */

/** `code` UNSUPPORTED_RUNTIME: neither Bun nor Deno, or one of them that cannot call native code here. */
export class UnsupportedRuntime extends Error {
  override readonly name = 'UnsupportedRuntime';
  readonly code = 'UNSUPPORTED_RUNTIME';

  /** @param failure why the runtime's own interface does not work. */
  constructor(failure?: string) {
    super(failure === undefined ? NONE : `native code cannot be called: ${failure}`);
  }
}

const NONE =
  'this runtime has no interface to native code that waggle knows: run it with Bun (bun agent.ts) ' +
  'or Deno (deno run -A agent.ts). @waggle/cache works on Node.js too.';
