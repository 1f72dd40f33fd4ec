/** A profile from a file or from standard input, of whatever format its content is. */

import { createReadStream, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  formatForPath,
  formats,
  type ParsedProfile,
  type Profile,
  parseProfile,
  UnknownProfileError,
  valueTypesOf,
} from '@waggle/formats';
import { isSystemError } from '@waggle/symbols/system-error';
import { printable } from '@waggle/text';
import { FAILED, USAGE_ERROR } from '../exit-code.ts';
import { say } from '../terminal/messages.ts';

/** Of a pipe, in bytes. */
const MAX_STREAMED = 256 << 20;

/** Why there is no profile, and the exit code that says so. */
export interface UnreadableProfile {
  readonly problem: string;
  readonly exitCode: number;
}

/** Of what opening and reading a file says. */
const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory, not a profile',
  EACCES: 'it may not be read by this user',
};

/**
 * The content says what it is; the name says what was meant, for messages. What was left out of the
 * file is said here. `-` is standard input.
 */
export async function readProfile(path: string): Promise<Profile | UnreadableProfile> {
  const called = path === '-' ? 'standard input' : printable(path);
  const named = formatForPath(path);
  let read: ParsedProfile;
  try {
    const bytes = await bytesOf(path);
    // A recording without a sample is an empty file in some formats.
    const parse = bytes.length === 0 ? (named?.parse ?? parseProfile) : parseProfile;
    read = parse(bytes);
  } catch (error) {
    const isOther = error instanceof UnknownProfileError && named?.parse !== undefined;
    const reason =
      UNREADABLE[isSystemError(error) ? error.code : ''] ??
      `${isOther ? `not a ${named?.name} profile: ` : ''}${printable((error as Error).message)}`;
    if (named === undefined || named.parse !== undefined)
      return { problem: `${called}: ${reason}`, exitCode: FAILED };
    const readable = formats.flatMap((format) => (format.parse ? format.extensions : []));
    const problem = `${called}: ${reason}; profiles can be read from ${readable.join(', ')} and others, not from ${named.name}`;
    return { problem, exitCode: USAGE_ERROR };
  }
  const { warnings = [], ...profile } = read;
  for (const warning of warnings) say(`${called}: ${printable(warning)}`);
  return profile;
}

/** Pipes and devices may never end. */
async function bytesOf(path: string): Promise<Uint8Array> {
  if (path !== '-' && statSync(path).isFile()) return readFile(path);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of path === '-' ? process.stdin : createReadStream(path)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_STREAMED)
      throw new Error(
        `more than ${MAX_STREAMED >> 20} MB came; what is that large has to be a file`,
      );
  }
  return Buffer.concat(chunks);
}

/** What `--sample-index` can be. */
export function noSuchValue(path: string, profile: Profile, wanted: string): string {
  const known = valueTypesOf(profile).map(({ type, unit }) => printable(`${type} (${unit})`));
  return `${printable(path)} has no value ${printable(wanted)}; it has ${known.join(', ')}`;
}
