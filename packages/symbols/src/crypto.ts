/**
 * node:crypto, loaded when the first bytes are to be hashed: Bun takes 7 ms to load it, which a start need not
 * wait for.
 */

import type * as nodeCrypto from 'node:crypto';
import { createRequire } from 'node:module';
import process from 'node:process';

let loaded: typeof nodeCrypto | undefined;

export function cryptography(): typeof nodeCrypto {
  // Node has getBuiltinModule from 20.16 on. It needs no place to look from, which a bundle may lack.
  loaded ??= (process.getBuiltinModule?.('node:crypto') ??
    createRequire(import.meta.url)('node:crypto')) as typeof nodeCrypto;
  return loaded;
}
