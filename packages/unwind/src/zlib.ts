/**
 * node:zlib, loaded when the first bytes are to be packed or unpacked: only a compressed
 * .debug_frame needs it, and Bun takes 7 ms and 4 MB to load it.
 */
import { createRequire } from 'node:module';
import type * as nodeZlib from 'node:zlib';

let loaded: typeof nodeZlib | undefined;

export function zlib(): typeof nodeZlib {
  loaded ??= createRequire(import.meta.url)('node:zlib') as typeof nodeZlib;
  return loaded;
}
