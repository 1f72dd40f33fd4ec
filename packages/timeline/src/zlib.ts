/**
 * node:zlib, loaded when the first page is packed: Bun takes 7 ms and 4 MB to load it, and a trace that writes none needs
 * nothing of it. As formats and symbols have it, which this package does not stand on.
 */
import { createRequire } from 'node:module';
import process from 'node:process';
import type * as nodeZlib from 'node:zlib';

let loaded: typeof nodeZlib | undefined;

export function zlib(): typeof nodeZlib {
  // Node has getBuiltinModule from 20.16 on. It needs no place to look from, which a bundle may lack.
  loaded ??= (process.getBuiltinModule?.('node:zlib') ??
    createRequire(import.meta.url)('node:zlib')) as typeof nodeZlib;
  return loaded;
}
