/**
 * The words of the command behind `--` as bytes: the runtime's process.argv has replaced what is no UTF-8.
 */

import { readFileSync } from 'node:fs';
import type { CommandLine } from '@waggle/core/session';

/** The last words of our own command line, as many as `command` has; undefined without a command. */
export function commandBytes(command: readonly string[]): CommandLine | undefined {
  const [file, ...args] = command;
  if (file === undefined) return undefined;
  const bytes = readFileSync('/proc/self/cmdline');
  const words: Uint8Array[] = [];
  for (let end = bytes.length - 1; end >= 0 && words.length < command.length; ) {
    const from = bytes.lastIndexOf(0, end - 1) + 1;
    words.unshift(bytes.subarray(from, end));
    end = from - 1;
  }
  const [first, ...rest] = words;
  return first === undefined || words.length < command.length ? [file, ...args] : [first, ...rest];
}
