// A runtime that can call no native code.

/** `code` UNSUPPORTED_RUNTIME: neither Bun nor Deno. */
export class UnsupportedRuntime extends Error {
  override readonly name = 'UnsupportedRuntime';
  readonly code = 'UNSUPPORTED_RUNTIME';

  constructor() {
    super(
      'this runtime has no interface to native code that waggle knows: run it with Bun (bun agent.ts) ' +
        'or Deno (deno run -A agent.ts). @waggle/cache works on Node.js too.',
    );
  }
}
