/**
 * The Content-Security-Policy of a page: nothing from elsewhere, and no script or style but the two that it
 * is written with, known by their hashes (https://www.w3.org/TR/CSP3/#grammardef-hash-source).
 */

import type * as nodeCrypto from 'node:crypto';
import { createRequire } from 'node:module';
import process from 'node:process';

let loaded: typeof nodeCrypto | undefined;

/** For the page's one script and one style, as their elements hold them. */
export function contentSecurityPolicy(script: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    // The icon of the tab, without which browsers ask the server for one.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

function hashOf(text: string): string {
  return `'sha256-${cryptography().createHash('sha256').update(text).digest('base64')}'`;
}

/** node:crypto, when the first bytes are to be hashed: Bun takes 7 ms to load it, which a start need not wait for. */
function cryptography(): typeof nodeCrypto {
  // Node has getBuiltinModule from 20.16 on. It needs no place to look from, which a bundle may lack.
  loaded ??= (process.getBuiltinModule?.('node:crypto') ??
    createRequire(import.meta.url)('node:crypto')) as typeof nodeCrypto;
  return loaded;
}
