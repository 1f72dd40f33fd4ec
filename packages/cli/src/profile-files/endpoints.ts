/**
 * `-o http://HOST:4318`: a profile sent to an OpenTelemetry receiver. A command's arguments stay here
 * unless they are asked for, since they may hold secrets and the receiver is another machine.
 */

import { exportOtlp, OtlpExportError, type Profile } from '@waggle/formats';
import { printable } from '@waggle/text';
import { say } from '../terminal/messages.ts';

export interface ProfileEndpoint {
  /** As it was given. */
  readonly path: string;
  readonly endpoint: URL;
}

export interface SendOptions {
  /** What was started, without its arguments; by default the first word of the profile's command. */
  readonly program?: string | undefined;
  readonly withArguments: boolean;
  /** A file that the profile can be had from again, for the advice after a failure. */
  readonly kept?: string | undefined;
}

/** OpenTelemetry's semantic conventions for processes: `argv[0]`. */
const PROGRAM = 'process.command';

/** Someone may be watching. */
const TELL_AFTER_MS = 3000;

export const isEndpoint = (path: string): boolean => /^https?:\/\//i.test(path);

/** The endpoint, or what is wrong with it. */
export function planEndpoint(path: string): ProfileEndpoint | string {
  const endpoint = URL.parse(path);
  if (endpoint === null) return `${printable(path)} is no address; give one like http://host:4318`;
  // Every user of this host can read command lines.
  if (endpoint.username !== '' || endpoint.password !== '')
    return 'an endpoint cannot hold a user name or password; let a local collector add them';
  return { path, endpoint };
}

/** Sends to all at once; what went wrong, a line for each that did not take it. */
export async function deliver(
  endpoints: readonly ProfileEndpoint[],
  profile: Profile,
  sending: SendOptions,
): Promise<ReadonlyMap<ProfileEndpoint, string>> {
  const problems = new Map<ProfileEndpoint, string>();
  await Promise.all(
    endpoints.map(async (target) => {
      const problem = await deliverTo(target, profile, sending);
      if (problem !== undefined) problems.set(target, problem);
    }),
  );
  return problems;
}

async function deliverTo(
  { path, endpoint }: ProfileEndpoint,
  profile: Profile,
  { program, withArguments, kept }: SendOptions,
): Promise<string | undefined> {
  const { command, ...withoutCommand } = profile.metadata;
  const sent = withArguments ? profile : { ...profile, metadata: withoutCommand };
  const started = program ?? command?.split(' ')[0];
  const failed = (why: string, advice: string) =>
    `${printable(path)} did not take the profile: ${printable(why)}; ${advice}; ${again(path, kept)}`;
  const telling = setTimeout(() => {
    say(
      `${printable(path)} has not taken the profile yet; trying for a while (Ctrl-C twice ends it)`,
    );
  }, TELL_AFTER_MS);
  try {
    const { rejectedProfiles, message } = await exportOtlp(sent, {
      endpoint,
      resource: started ? { [PROGRAM]: started } : {},
    });
    if (rejectedProfiles === 0) return undefined;
    return failed(message ?? 'it gave no reason', 'see what it accepts');
  } catch (error) {
    if (!(error instanceof OtlpExportError)) throw error;
    return failed(error.message, adviceFor(error));
  } finally {
    clearTimeout(telling);
  }
}

function adviceFor({ code, status }: OtlpExportError): string {
  switch (code) {
    case 'OTLP_UNREACHABLE':
      return 'see that a receiver listens there, for OTLP over HTTP (port 4318 as a rule)';
    case 'OTLP_UNAVAILABLE':
      return 'it may take it later';
    case 'OTLP_REFUSED':
      return status === 404
        ? 'see that its profiles signal is on (v1development)'
        : 'see what it accepts';
  }
}

function again(path: string, kept: string | undefined): string {
  return kept === undefined
    ? 'with -o FILE.otlp as well it would not be lost'
    : `send it again by: waggle convert ${printable(kept)} ${printable(path)}`;
}
