// Where a profile goes: one file per -o, its format by the extension, `-` for folded stacks on
// standard output, or an endpoint that it is sent to. Everything is checked before anything is
// recorded.

import { accessSync, constants, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  foldedFormat,
  formatForPath,
  formats,
  type OutputFormat,
  type Profile,
  withValue,
} from '@waggle/formats';
import { Output } from '../terminal/output.ts';
import {
  deliver,
  isEndpoint,
  type ProfileEndpoint,
  planEndpoint,
  type Sending,
} from './endpoints.ts';

export interface ProfileOutput {
  readonly path: string;
  readonly format: OutputFormat;
}

export interface ProfileOutputs {
  readonly files: readonly ProfileOutput[];
  readonly endpoints: readonly ProfileEndpoint[];
}

/** The outputs, or what is wrong with one of them. */
export function planOutputs(paths: readonly string[]): ProfileOutputs | string {
  const files: ProfileOutput[] = [];
  const endpoints: ProfileEndpoint[] = [];
  for (const path of paths) {
    if (isEndpoint(path)) {
      const planned = planEndpoint(path);
      if (typeof planned === 'string') return planned;
      endpoints.push(planned);
      continue;
    }
    const format = path === '-' ? foldedFormat : formatForPath(path);
    if (format === undefined) {
      const known = formats.flatMap(({ extensions }) => extensions).join(', ');
      return `${path}: no format has this extension; known are ${known}`;
    }
    files.push({ path, format });
  }
  return { files, endpoints };
}

/** Why a file could not be written later, while there is still nothing to lose. */
export function unwritable(outputs: readonly Pick<ProfileOutput, 'path'>[]): string | undefined {
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

/** What came of the outputs. */
export interface Written {
  /** In words: `written to FILE, FILE; sent to ENDPOINT`. */
  readonly where: string;
  readonly problems: readonly string[];
}

/**
 * Writes all files, even when one fails, and then sends it to the endpoints.
 *
 * @param value which of the profile's values was asked for.
 */
export async function writeOutputs(
  { files, endpoints }: ProfileOutputs,
  profile: Profile,
  sending: Sending,
  value?: number,
): Promise<Written> {
  const problems: string[] = [];
  let { kept } = sending;
  for (const { path, format } of files) {
    try {
      const encoded = format.encode(
        value === undefined ? profile : withValue(format, profile, value),
      );
      if (path === '-') await new Output().write(textOf(encoded));
      else await writeFile(path, encoded);
      if (path !== '-' && format.parse !== undefined) kept ??= path;
    } catch (error) {
      problems.push(`${path} could not be written: ${(error as Error).message}`);
    }
  }
  const failed = await deliver(endpoints, profile, { ...sending, kept });
  const paths = files.map(({ path }) => (path === '-' ? 'standard output' : path));
  const sent = endpoints.filter((endpoint) => !failed.has(endpoint)).map(({ path }) => path);
  const where = [
    ...(paths.length > 0 ? [`written to ${paths.join(', ')}`] : []),
    ...(sent.length > 0 ? [`sent to ${sent.join(', ')}`] : []),
  ];
  return {
    where: where.length > 0 ? where.join('; ') : 'sent to nobody',
    problems: [...problems, ...failed.values()],
  };
}

function textOf(encoded: string | Uint8Array): string {
  return typeof encoded === 'string' ? encoded : new TextDecoder().decode(encoded);
}
