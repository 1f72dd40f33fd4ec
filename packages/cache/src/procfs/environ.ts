/**
 * /proc/PID/environ: `NAME=value` blocks that each end in NUL, as they were when the program
 * started (a later setenv is seen only if it wrote in place). Blocks without a name or without
 * `=` are skipped; the first of two equal names wins, as in getenv(3).
 */

import { decodeBytes } from './text.ts';

export function parseEnviron(bytes: Uint8Array, truncated = false): Map<string, string> {
  const blocks = decodeBytes(bytes).split('\0');
  // The last block of a truncated file is half a value, which must not pass for a whole one.
  if (truncated) blocks.pop();
  return variablesOf(blocks);
}

/** @param blocks `NAME=value` each */
export function variablesOf(blocks: readonly string[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const block of blocks) {
    const equals = block.indexOf('=');
    if (equals <= 0) continue;
    const name = block.slice(0, equals);
    if (!variables.has(name)) variables.set(name, block.slice(equals + 1));
  }
  return variables;
}
