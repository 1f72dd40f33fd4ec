// A profile from a file, its format by the extension.

import { readFile } from 'node:fs/promises';
import { formatForPath, formats, type Profile, valueTypesOf } from '@waggle/formats';
import { FAILED, USAGE_ERROR } from '../exit-code.ts';
import { printable } from '../terminal/text.ts';

/** Why there is no profile, and the exit code that says so. */
export interface UnreadableProfile {
  readonly problem: string;
  readonly exitCode: number;
}

export async function readProfile(path: string): Promise<Profile | UnreadableProfile> {
  const parse = formatForPath(path)?.parse;
  if (parse === undefined) {
    const readable = formats.flatMap((format) => (format.parse ? format.extensions : []));
    const problem = `${path}: profiles can be read from ${readable.join(', ')}`;
    return { problem, exitCode: USAGE_ERROR };
  }
  try {
    return parse(await readFile(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    return { problem: `${path}: ${reason}`, exitCode: FAILED };
  }
}

/** What `--sample-index` can be. */
export function noSuchValue(path: string, profile: Profile, wanted: string): string {
  const known = valueTypesOf(profile).map(({ type, unit }) => printable(`${type} (${unit})`));
  return `${printable(path)} has no value ${printable(wanted)}; it has ${known.join(', ')}`;
}
