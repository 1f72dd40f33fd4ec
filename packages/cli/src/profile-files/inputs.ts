// A profile from a file or from standard input, of whatever format its content is.

import { readFile } from 'node:fs/promises';
import { printable } from '@waggle/core';
import { type ParsedProfile, type Profile, parseProfile, valueTypesOf } from '@waggle/formats';
import { FAILED } from '../exit-code.ts';
import { say } from '../terminal/messages.ts';

/** Why there is no profile, and the exit code that says so. */
export interface UnreadableProfile {
  readonly problem: string;
  readonly exitCode: number;
}

/** What was left out of the file is said here. `-` is standard input. */
export async function readProfile(path: string): Promise<Profile | UnreadableProfile> {
  const called = path === '-' ? 'standard input' : printable(path);
  let read: ParsedProfile;
  try {
    read = parseProfile(path === '-' ? await standardInput() : await readFile(path));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : printable(message);
    return { problem: `${called}: ${reason}`, exitCode: FAILED };
  }
  const { warnings = [], ...profile } = read;
  for (const warning of warnings) say(`${called}: ${printable(warning)}`);
  return profile;
}

async function standardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What `--sample-index` can be. */
export function noSuchValue(path: string, profile: Profile, wanted: string): string {
  const known = valueTypesOf(profile).map(({ type, unit }) => printable(`${type} (${unit})`));
  return `${printable(path)} has no value ${printable(wanted)}; it has ${known.join(', ')}`;
}
