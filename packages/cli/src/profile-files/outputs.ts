/**
 * Where a profile goes: one file per -o, its format by the extension, `-` for folded stacks on
 * standard output, or an endpoint that it is sent to. Everything is checked before anything is
 * recorded.
 */

import {
  foldedFormat,
  formatForPath,
  formats,
  type OutputFormat,
  type Profile,
  showValue,
  withValue,
} from '@waggle/formats';
import { Output } from '../terminal/output.ts';
import {
  deliver,
  isEndpoint,
  type ProfileEndpoint,
  planEndpoint,
  type SendOptions,
} from './endpoints.ts';
import { OutputFailed, writeOutputFile } from './output-file.ts';
import { inWords, whyUnwritable } from './output-place.ts';

export interface ProfileOutput {
  readonly path: string;
  readonly format: OutputFormat;
  /** Which of the profile's values it is of, where each has a file; else those that its format has room for. */
  readonly value?: number;
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

/**
 * The same for a profile of several events: a file for each, `x.EVENT.folded`, where the format has no room
 * for several values. Or what is wrong with one of them.
 */
export function filePerEvent(
  outputs: ProfileOutputs,
  events: readonly string[],
): ProfileOutputs | string {
  if (events.length < 2) return outputs;
  if (outputs.files.some(({ path }) => path === '-'))
    return `-o - has room for one event, and ${events.join(', ')} are recorded: name a file, which becomes one for each`;
  const files = outputs.files.flatMap((output) =>
    output.format.allValues === true
      ? [output]
      : events.map((event, value) => ({ ...output, path: pathOfEvent(output, event), value })),
  );
  return { ...outputs, files };
}

/** Of files alone, each under another name: `x.NAME.folded`. */
export function outputsNamed({ files }: ProfileOutputs, name: string): ProfileOutputs {
  return {
    files: files
      .filter(({ path }) => path !== '-')
      .map((output) => ({ ...output, path: pathOfEvent(output, name) })),
    endpoints: [],
  };
}

function pathOfEvent({ path, format }: ProfileOutput, event: string): string {
  const lowered = path.toLowerCase();
  const fitting = format.extensions.filter((extension) => lowered.endsWith(extension));
  const length = Math.max(...fitting.map((extension) => extension.length), 0);
  const end = path.length - length;
  // An event may be named by a path.
  return `${path.slice(0, end)}.${event.replace(/[^\w.:+@-]/g, '_')}${path.slice(end)}`;
}

/** Why a file could not be written later, while there is still nothing to lose. */
export function unwritable(outputs: readonly Pick<ProfileOutput, 'path'>[]): string | undefined {
  for (const { path } of outputs) {
    const problem = path === '-' ? undefined : whyUnwritable(path);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** What came of the outputs. */
export interface WriteResult {
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
  sending: SendOptions,
  value?: number,
): Promise<WriteResult> {
  const written: string[] = [];
  const problems: string[] = [];
  let { kept } = sending;
  for (const { path, format, value: own = value } of files) {
    try {
      const encoded = format.encode(own === undefined ? profile : withValue(format, profile, own));
      if (path === '-') await new Output().write(textOf(encoded));
      else await writeOutputFile(path, encoded, { isPrivate: hasArguments(profile) });
      written.push(path === '-' ? 'standard output' : path);
      if (path !== '-' && format.parse !== undefined) kept ??= path;
    } catch (error) {
      problems.push(error instanceof OutputFailed ? error.message : inWords(path, error));
    }
  }
  const shown = value === undefined ? profile : showValue(profile, value);
  const failed = await deliver(endpoints, shown, { ...sending, kept });
  const sent = endpoints.filter((endpoint) => !failed.has(endpoint)).map(({ path }) => path);
  const where = [
    ...(written.length > 0 ? [`written to ${written.join(', ')}`] : []),
    ...(sent.length > 0 ? [`sent to ${sent.join(', ')}`] : []),
  ];
  return {
    where: where.length > 0 ? where.join('; ') : 'nothing was written',
    problems: [...problems, ...failed.values()],
  };
}

/** Arguments hold secrets; the name of a program does not. */
export function hasArguments({ metadata: { command = '' } }: Pick<Profile, 'metadata'>): boolean {
  return command.trim().includes(' ');
}

function textOf(encoded: string | Uint8Array): string {
  return typeof encoded === 'string' ? encoded : new TextDecoder().decode(encoded);
}
