// Where a profile goes: one file per -o, its format by the extension, `-` for folded stacks on
// standard output. Everything is checked before anything is recorded.

import { accessSync, constants, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  foldedFormat,
  formatForPath,
  formats,
  type OutputFormat,
  type Profile,
} from '@waggle/formats';
import { Output } from '../terminal/output.ts';

export interface ProfileOutput {
  readonly path: string;
  readonly format: OutputFormat;
}

/** The outputs, or what is wrong with one of them. */
export function planOutputs(paths: readonly string[]): ProfileOutput[] | string {
  const outputs: ProfileOutput[] = [];
  for (const path of paths) {
    const format = path === '-' ? foldedFormat : formatForPath(path);
    if (format === undefined) {
      const known = formats.flatMap(({ extensions }) => extensions).join(', ');
      return `${path}: no format has this extension; known are ${known}`;
    }
    outputs.push({ path, format });
  }
  return outputs;
}

/** Why a file could not be written later, while there is still nothing to lose. */
export function unwritable(outputs: readonly ProfileOutput[]): string | undefined {
  for (const { path } of outputs) {
    if (path === '-') continue;
    try {
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return `${path} is a directory`;
      accessSync(dirname(path), constants.W_OK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      return `${path} cannot be written: ${code === 'ENOENT' ? `there is no directory ${dirname(path)}` : code}`;
    }
  }
  return undefined;
}

/** Writes them all, even when one fails; returns what went wrong. */
export async function writeOutputs(
  outputs: readonly ProfileOutput[],
  profile: Profile,
): Promise<string[]> {
  const problems: string[] = [];
  for (const { path, format } of outputs) {
    const encoded = format.encode(profile);
    try {
      if (path === '-') await new Output().write(textOf(encoded));
      else await writeFile(path, encoded);
    } catch (error) {
      problems.push(`${path} could not be written: ${(error as Error).message}`);
    }
  }
  return problems;
}

function textOf(encoded: string | Uint8Array): string {
  return typeof encoded === 'string' ? encoded : new TextDecoder().decode(encoded);
}
